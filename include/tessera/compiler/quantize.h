// quantize: a legal Graph and statistics of its values in, Encodings out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/compiler/encodings.h"
#include "tessera/compiler/graph.h"
#include "tessera/result.h"

namespace tessera {

// Calibration: what values a network's nodes take on representative inputs. quantize() turns these
// statistics into codes.

// Distribution of the values of one channel, over all frames of all runs.
class ChannelStatistics {
 public:
  static constexpr int kBins = 512;  // of equal width over -reach..reach

  // Counts values. False, and nothing counted, if one is NaN or infinite.
  bool observe(std::span<const float> values);
  void merge(const ChannelStatistics& other);

  // What was counted before, as a file kept it. nullopt where the parts contradict each other.
  struct Parts {
    int64_t count = 0;
    double sum = 0;
    double squares = 0;
    float low = 0;
    float high = 0;
    float reach = 0;
    std::vector<int64_t> bins;
  };
  static std::optional<ChannelStatistics> from_parts(Parts parts);

  int64_t count() const { return count_; }
  double sum() const { return sum_; }
  double squares() const { return squares_; }
  float low() const { return low_; }
  float high() const { return high_; }
  double mean() const { return count_ > 0 ? sum_ / static_cast<double>(count_) : 0.0; }
  double mean_square() const { return count_ > 0 ? squares_ / static_cast<double>(count_) : 0.0; }
  // A power of two that no value's magnitude exceeds; 0 if all values were 0.
  float reach() const { return reach_; }
  std::span<const int64_t> bins() const { return bins_; }

  struct Moments;

 private:
  friend class TensorStatistics;

  void add(std::span<const float> values, const Moments& seen);
  void add_to_bins(std::span<const float> values);
  void widen(float magnitude);

  int64_t count_ = 0;
  double sum_ = 0;
  double squares_ = 0;
  float low_ = 0;
  float high_ = 0;
  float reach_ = 0;
  std::vector<int64_t> bins_;  // kBins, once a value was not 0
};

// A node's value of one run, [C, H, W].
struct ObservedValue {
  const Node* node = nullptr;
  std::span<const float> values;
};

// By node name: statistics of each channel.
class TensorStatistics {
 public:
  // One more run's value of a node, [C, H, W]. Errors: kInvalidModel for NaN or infinities, naming
  // the node and the channel.
  Result<void> observe(const Node& node, std::span<const float> values);

  // All values of a run, by several threads: the result is the same for any number. After an error
  // nothing of the run is counted.
  Result<void> observe(std::span<const ObservedValue> run, int threads);

  void merge(const TensorStatistics& other);
  // What was gathered of a node before, in place of what there is.
  void restore(std::string node, std::vector<ChannelStatistics> channels);

  // Null for a node that was not observed.
  const std::vector<ChannelStatistics>* find(const std::string& node) const;
  const std::map<std::string, std::vector<ChannelStatistics>>& nodes() const { return nodes_; }

 private:
  std::map<std::string, std::vector<ChannelStatistics>> nodes_;
};

// One value in a few numbers, all its channels together.
struct ValueSummary {
  int64_t count = 0;
  double low = 0;
  double high = 0;
  double mean = 0;
  double rms = 0;
  // 0.1 %, half and 99.9 % of the values lie below these: exact to a bin of the histogram.
  double low_percentile = 0;
  double median = 0;
  double high_percentile = 0;
  int64_t channels = 0;
  int64_t dead_channels = 0;  // 0 throughout
  // Widest range of a channel over the middle one's: what a scale per channel is good for.
  double channel_range_ratio = 0;
};
ValueSummary summarize(std::span<const ChannelStatistics> channels);

// How a range of codes is taken from a distribution.
enum class RangeEstimator : uint8_t {
  min_max,     // everything that was seen
  percentile,  // all but a share of the values, half of it at each end
  mse,         // least expected squared error of 8 bits
  entropy,     // least divergence of the distribution that 8 bits keep from the one seen
};
std::string_view to_string(RangeEstimator range_estimator);

struct Range {
  float low = 0;   // <= 0
  float high = 0;  // >= 0
};
// Holds 0, which paddings need. `coverage` is the share of values inside (percentile only).
Range range_of(const ChannelStatistics& statistics, RangeEstimator range_estimator,
               double coverage = 0.9999);

struct QuantizeOptions {
  RangeEstimator range_estimator =
      RangeEstimator::min_max;  // of 8 bits; 16 hold everything that was seen
  double coverage = 0.9999;     // percentile only
  // Ranges are widened by these factors: other inputs reach further. Sums of many terms have light
  // tails and the most rounding to lose, so their factor is their own. 16 bits have room to spare.
  double range_margin = 1.15;
  double sum_range_margin = 1.15;  // of values that additions join
  double int16_range_margin = 4;

  // Float islands: by default the host keeps encoder, mask products and decoder in float.
  bool encoder_in_integers = false;
  bool masks_in_integers = false;

  bool int16 = false;                  // every value in 16 bits; weights keep 8
  std::set<std::string> int16_values;  // these values in 16 bits, by node name

  // Whose rounding the encodings are for: that of the target.
  IntegerArithmetic arithmetic = IntegerArithmetic::onnx;

  // Each for comparison; all of them help and none depends on the network.
  bool scale_per_channel = true;  // where every reader and the maker can carry it
  bool equalize_sums = true;      // scales per channel for values that additions join, in common
  bool balance = true;            // of a value's channels against the weights that read them
  bool correct_bias = true;       // for the mean error of rounded weights
};

// The chip's part in integers.
struct IntegerOptions {
  QuantizeOptions
      quantize;  // where encoder and masks run, the plan says; range_estimator: see below
  // None: min-max, or percentile or MSE if they keep more on windows set apart. Of fewer than
  // twelve windows none is, and then it is min-max.
  std::optional<RangeEstimator> range_estimator;
  // Above 0: 16 bits where 8 would cost more SI-SNR than this in all. Where 16 bits everywhere do,
  // the fewest that come near those, and a note that says so.
  double mixed_loss_db = 0;
};

// Nodes whose values quantize() needs statistics of: those it encodes, and operands of its
// convolutions. In graph order.
std::vector<NodeId> calibrated_nodes(const Graph& legal, const QuantizeOptions& options = {});

// What there is to widen: names of the values that quantize() encodes, each Slice with the value it
// is part of left out.
std::vector<std::string> encoded_values(const Graph& legal, const QuantizeOptions& options = {});

// Errors: kInvalidArgument if `legal` is not at GraphForm::legal, for an unknown name in
// `int16_values`; kNotFound naming a node without statistics.
Result<Encodings> quantize(const Graph& legal, const TensorStatistics& statistics,
                           const QuantizeOptions& options = {});

// Those that are encoded only because encoder or masks are in integers. No norm has taken the
// recording's level out of them, or it was put in again: of a quiet one 8 bits keep little.
std::vector<std::string> host_float_values(const Graph& legal, const QuantizeOptions& options);

// What quantize() gives with any values more in 16 bits than `options` say, put together in a
// moment from what it gives for these options and for 16 bits everywhere. The graph must outlive
// it.
class EncodingChoices {
 public:
  // Errors: those of quantize().
  static Result<EncodingChoices> create(const Graph& legal, const TensorStatistics& statistics,
                                        const QuantizeOptions& options);

  Encodings with(const std::set<std::string>& int16_values) const;

 private:
  EncodingChoices() = default;

  const Graph* legal_ = nullptr;
  std::vector<NodeId> owners_;
  Encodings narrow_;
  Encodings wide_;
};

}  // namespace tessera
