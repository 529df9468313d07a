// quantize: a legal Graph and statistics of its values in, Encodings out.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tessera/calibration.h"
#include "tessera/encodings.h"
#include "tessera/graph.h"
#include "tessera/result.h"

namespace tessera {

struct QuantizeOptions {
  Observer observer = Observer::min_max;  // of 8 bits; 16 hold everything that was seen
  double kept = 0.9999;                   // percentile only
  // Ranges are widened by these factors: other inputs reach further. Sums of many terms have light
  // tails and the most rounding to lose, so their factor is their own. 16 bits have room to spare.
  double headroom = 1.15;
  double sum_headroom = 1.15;  // of values that additions join
  double wide_headroom = 4;

  // Float islands: by default the host keeps encoder, mask products and decoder in float.
  bool encoder_in_integers = false;
  bool masks_in_integers = false;

  bool wide = false;            // every value in 16 bits; weights keep 8
  std::set<std::string> widen;  // these values in 16 bits, by node name

  // Each for comparison; all of them help and none depends on the network.
  bool scale_per_channel = true;  // where every reader and the maker can carry it
  bool equalize_sums = true;      // scales per channel for values that additions join, in common
  bool balance = true;            // of a value's channels against the weights that read them
  bool correct_bias = true;       // for the mean error of rounded weights
};

// The chip's part in integers.
struct IntegerOptions {
  QuantizeOptions quantize;  // where encoder and masks run, the plan says; observer: see below
  // None: min-max, or percentile or MSE if they keep more on windows set apart. Of fewer than
  // twelve windows none is, and then it is min-max.
  std::optional<Observer> observer;
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

// Errors: kInvalidArgument if `legal` is not at Stage::legal, for an unknown name in `widen`;
// kNotFound naming a node without statistics.
Result<Encodings> quantize(const Graph& legal, const CalibrationStatistics& statistics,
                           const QuantizeOptions& options = {});

// Those that are encoded only because encoder or masks are in integers. No norm has taken the
// recording's level out of them, or it was put in again: of a quiet one 8 bits keep little.
std::vector<std::string> island_values(const Graph& legal, const QuantizeOptions& options);

// What quantize() gives with any values more in 16 bits than `options` say, put together in a
// moment from what it gives for these options and for 16 bits everywhere. The graph must outlive
// it.
class EncodingChoices {
 public:
  // Errors: those of quantize().
  static Result<EncodingChoices> create(const Graph& legal, const CalibrationStatistics& statistics,
                                        const QuantizeOptions& options);

  Encodings with(const std::set<std::string>& widen) const;

 private:
  EncodingChoices() = default;

  const Graph* legal_ = nullptr;
  std::vector<NodeId> owners_;
  Encodings narrow_;
  Encodings wide_;
};

}  // namespace tessera
