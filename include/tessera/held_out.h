// What a quantised network keeps of recordings that its ranges were not taken from. A window never
// leaves the ranges that it took part in, nor does one leave by much those of its neighbours: so
// whole recordings are left out, and heard in passages as long as the network allows.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tessera/backend.h"
#include "tessera/calibration.h"
#include "tessera/graph.h"
#include "tessera/quantize.h"
#include "tessera/result.h"

namespace tessera {

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
                                     std::span<const CalibrationStatistics> of_folds,
                                     Backend& in_float, Backend& emulator);

  // Errors: those of quantize() and Backend::load().
  Result<HeldOutQuality> quality(const QuantizeOptions& options);

  // What with_widened() widens: `options` for 8 bits.
  Result<void> widen_from(const QuantizeOptions& options);
  // These values in 16 bits, the others as options given to widen_from() have them.
  Result<HeldOutQuality> with_widened(const std::set<std::string>& widen);
  // The same, of one passage: dB.
  Result<double> with_widened(const std::set<std::string>& widen, size_t passage);

  const Graph& legal() const { return *legal_; }
  const HeldOut& held_out() const { return *held_out_; }

 private:
  HeldOutTrial() = default;
  Result<double> snr_db(const Encodings& encodings, size_t passage);

  const Graph* legal_ = nullptr;
  const HeldOut* held_out_ = nullptr;
  Backend* emulator_ = nullptr;
  std::vector<CalibrationStatistics> of_others_;          // by fold
  std::vector<std::vector<std::vector<float>>> outputs_;  // in float, by passage
  std::vector<EncodingChoices> choices_;                  // by fold
};

}  // namespace tessera
