// From ranges of channels to scales and zero points.
#pragma once

#include <span>
#include <vector>

#include "quantize/roles.h"
#include "tessera/compiler/encodings.h"
#include "tessera/compiler/quantize.h"

namespace tessera::quantization {

// `parts[c]` names the group of channel c that shares a scale (0.. ); all zero: one scale for all.
// A channel whose range is tiny beside the widest gets a scale as if it were a thousandth of that:
// what calibration never saw must not saturate at once.
ValueEncoding encode_ranges(std::span<const Range> ranges, std::span<const int> parts, int bits,
                            bool one_zero_point);

// Multiplies channels' scales (none below what its range needs) so that the error that rounding
// them causes behind `readers`, and the error of the readers' rounded weights, are least together.
// `statistics` are the channels' own.
void balance(ValueEncoding& encoding, std::span<const Range> ranges,
             std::span<const ChannelStatistics> statistics, std::span<const Matrix> readers);

// For each channel the sum of its squared weights over all readers' outputs; 1 without readers.
std::vector<double> column_energy(size_t channels, std::span<const Matrix> readers);

// Channels of a value among those that additions join.
struct JoinedRanges {
  std::vector<Range> ranges;                      // by channel
  std::span<const ChannelStatistics> statistics;  // by channel
  std::vector<Matrix> readers;                    // whose columns take the scales
  std::vector<Matrix> readers_behind;             // of what activations make of it
};

// The proportions of channels' scales, the largest 1, in common for all `parts`, that make the
// error of rounding values and the error of the readers' rounded weights least together.
std::vector<double> common_proportions(std::span<const JoinedRanges> parts);

}  // namespace tessera::quantization
