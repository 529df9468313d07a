// Choices made by measuring: norms to freeze, bases of streams, values that need 16 bits.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/backend.h"
#include "tessera/compiler/calibrate.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/plan.h"
#include "tessera/compiler/quantize.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/compiler/target.h"
#include "tessera/result.h"

namespace tessera {

// What errors that a network did not have before cost it in SI-SNR: rounding and its own errors are
// independent, so their powers add.

// A good separator's SI-SNR in dB: what a loss is reckoned against where no clean voices are at
// hand. The better the network, the more an error costs.
inline constexpr double kReferenceQualityDb = 15;

// Output SNR over the network as it was, in dB, that costs one of `quality_db` SI-SNR at most
// `loss_db` > 0 of it.
double snr_for_loss_db(double loss_db, double quality_db = kReferenceQualityDb);

// The inverse: 10 log10(1 + 10^((quality - snr) / 10)); 0 for an infinite SNR.
double loss_for_snr_db(double snr_db, double quality_db = kReferenceQualityDb);

// What a quantised network keeps of recordings that its ranges were not taken from. A window never
// leaves the ranges that it took part in, nor does one leave by much those of its neighbours: so
// whole recordings are left out, and heard in passages as long as the network allows.

// A sequence to measure on.
struct Passage {
  size_t fold = 0;  // it is held out of
  // A loud half second beside quiet windows; else windows of one recording.
  bool after_pause = false;
  std::vector<float> values;  // of the network's input
};

// Windows in parts that share no recording: ranges for the passages of one part are taken from the
// others. A single fold: there is too little to hold anything out.
struct HeldOut {
  std::vector<std::vector<std::vector<float>>> folds;
  std::vector<Passage> passages;  // one at least, where a window is not silent

  bool apart() const { return folds.size() > 1; }
};

// How long passages are, in windows, and of what kinds.
struct PassageLength {
  size_t windows = 1;
  bool pauses = false;  // whether there are passages after a pause too
};

// At most four folds. `recordings` has the number of each window's recording, or is empty; of one
// recording, or where none is known, neighbouring windows stay together, and fewer than eight are
// not divided. At most six passages of recordings and two after pauses.
HeldOut hold_out(std::span<const std::vector<float>> windows, std::span<const int64_t> recordings,
                 const PassageLength& length);

// SNR of the outputs over float in dB.
struct HeldOutQuality {
  std::vector<double> snr_db;  // by passage

  double lowest_db() const;
  double typical_db() const;  // the median; of an even number, the lower of the middle two
  // Of the mean of errors, each relative to its own passage: the worst weigh most.
  double mean_error_db() const;
};

// Measures quantisations on the passages, each with ranges of the other folds.
class HeldOutTrial {
 public:
  // `legal` takes a passage and must outlive the trial, and so must the backends and `held_out`.
  // `of_folds` are the statistics of each fold. Errors: those of Backend::load() and
  // Executable::run(); kInvalidArgument where there is no passage.
  static Result<HeldOutTrial> create(const Graph& legal, const HeldOut& held_out,
                                     std::span<const TensorStatistics> of_folds, Backend& in_float,
                                     Backend& emulator);

  // Errors: those of quantize() and Backend::load().
  Result<HeldOutQuality> quality(const QuantizeOptions& options);

  // What with_int16_values() widens: `options` for 8 bits.
  Result<void> set_base_options(const QuantizeOptions& options);
  // These values in 16 bits, the others as options given to set_base_options() have them.
  Result<HeldOutQuality> with_int16_values(const std::set<std::string>& int16_values);
  // The same, of one passage: dB.
  Result<double> with_int16_values(const std::set<std::string>& int16_values, size_t passage);

  const Graph& legal() const { return *legal_; }
  const HeldOut& held_out() const { return *held_out_; }

 private:
  HeldOutTrial() = default;
  Result<double> snr_db(const Encodings& encodings, size_t passage);

  const Graph* legal_ = nullptr;
  const HeldOut* held_out_ = nullptr;
  Backend* emulator_ = nullptr;
  std::vector<TensorStatistics> of_others_;               // by fold
  std::vector<std::vector<std::vector<float>>> outputs_;  // in float, by passage
  std::vector<EncodingChoices> choices_;                  // by fold
};

// Frozen norms: constants, seen in calibration, in place of the statistics of a sequence. Each
// frozen norm is one barrier fewer between a chip's segments and costs some quality; the curve of
// one against the other says which to freeze.

enum class NormMode : uint8_t {
  exact,   // statistics of the whole sequence, taken by the host
  frozen,  // calibrated constants instead, but for the first: another network, nearly
  budget,  // constants for those that save time, while what they cost stays below a limit
};
std::string_view to_string(NormMode mode);

// `graph` with `constants` in place of the statistics of `frozen` norms. Errors: those of
// rewrite().
Result<Graph> with_frozen_norms(Graph graph, const std::map<std::string, NormConstants>& constants,
                                const std::set<std::string>& frozen);

struct FrozenNormsPoint {
  std::set<std::string> frozen;
  double snr_db =
      0;  // outputs over the exact network's, all windows together; infinity: none frozen
  double loss_db = 0;  // of SI-SNR, loss_for_snr_db(snr_db)
  int64_t segments = 0;
  int64_t calls = 0;
  double seconds = 0;  // estimated, on the target
};

struct FrozenNormsCurve {
  std::vector<FrozenNormsPoint> points;  // nothing frozen first; each freezes one norm more
  FrozenNormsPoint all;                  // every freezable norm

  // The fastest point that loses at most `loss_db`.
  const FrozenNormsPoint& within(double loss_db) const;
};

struct FrozenNormsOptions {
  PlanOptions plan;
  double stop_loss_db = 1e9;    // the curve ends at the first point that loses more
  size_t measured_windows = 8;  // of those given, evenly spread: enough for an error in dB
};

// Freezes one norm after the other, always the one that saves most estimated time for the error it
// adds, until none saves any. `windowed` is the network at the length of the windows, `imported` at
// the length that is planned. Errors: those of rewrite(), make_plan() and Backend::load();
// kInvalidArgument for no windows; kCancelled when `progress` says so.
Result<FrozenNormsCurve> measure_frozen_norms(const Graph& imported, const Graph& windowed,
                                              const Target& target,
                                              const std::map<std::string, NormConstants>& constants,
                                              std::span<const std::vector<float>> windows,
                                              const FrozenNormsOptions& options, Backend& backend,
                                              const CalibrationProgress& progress = nullptr);

// Residual streams in the bases in which few bits keep most: cross-layer equalisation by whole
// matrices.
//
// Networks exist whose channels nearly repeat each other: what matters is their small differences,
// and 8 bits of each channel lose them. A stream that only convolutions over all channels and sums
// make and read may be written in any basis of its channels without changing an output.

struct ChannelBasisChoice {
  std::string stream;  // name of its first value
  int64_t channels = 0;
  int64_t values = 0;  // that are written in the basis
  double gain_db = 0;  // expected, of the signal over what rounding the stream to codes costs
  ChannelBasis basis;  // for RewriteParameters::channel_bases
};

// For every such stream of `legal` where another basis is expected to be worth it, from what its
// values are on at most 16 of the windows (each holds the values of the graph's inputs, one after
// the other), evenly spread. Errors: kInvalidArgument for no windows, one of another size, NaN in
// it, or nothing but silence; those of Backend::load() and Executable::run().
Result<std::vector<ChannelBasisChoice>> choose_channel_bases(
    const Graph& legal, std::span<const std::vector<float>> windows, Backend& backend);

// Choices that are made by measuring what a network keeps of recordings held out: how ranges are
// taken, and in mixed precision which values need 16 bits.

struct RangeEstimatorChoice {
  RangeEstimator range_estimator = RangeEstimator::min_max;
  HeldOutQuality quality;
};

// Min-max, or percentile or MSE if their mean error is 3 dB less. Errors: those of
// HeldOutTrial::quality().
Result<RangeEstimatorChoice> choose_range_estimator(HeldOutTrial& trial,
                                                    const QuantizeOptions& options);

struct Sensitivity {
  std::string value;
  double gain = 0;  // error power that 16 bits for it alone take away, as a share of all
};

struct MixedPrecision {
  QuantizeOptions options;  // those given, `int16_values` filled
  HeldOutQuality quality;
  HeldOutQuality int8;   // with 8 bits everywhere
  bool reached = false;  // the SNR asked for; false: not even with 16 bits everywhere, and
                         // these are the fewest that come close to that
  std::vector<Sensitivity> sensitivities;  // largest gain first
};

// The fewest values in 16 bits, in order of their gain, with which every passage keeps 1.6 dB more
// than `snr_db` over float, and than with 8 bits everywhere, since others may keep less; a passage
// beside a pause may keep 3 dB less than that of `snr_db`. Where 16 bits everywhere do not reach
// that, the fewest that come within 0.1 dB of those. What stays in 8 bits has the ranges that it
// has without, or more room if the worst passage keeps more then. One run of that passage per
// value, and some of all passages. Errors: those of HeldOutTrial; kCancelled when `progress` says
// so.
Result<MixedPrecision> choose_mixed_precision(HeldOutTrial& trial, const QuantizeOptions& options,
                                              double snr_db,
                                              const CalibrationProgress& progress = nullptr);

}  // namespace tessera
