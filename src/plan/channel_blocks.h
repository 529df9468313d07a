// Channel blocks: a convolution too wide for the chip as a sum of narrow ones.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "tessera/compiler/graph.h"

namespace tessera {

// Every convolution of more than `block` input or output channels becomes partial convolutions of
// at most `block` by `block` (the last ones narrower where `block` does not divide the channels):
//   y[o] = bias[o] + sum over input blocks i of conv(x[i], weight[o, i])
// Slices, sums and the joining Concat are nodes of their own; the bias is in one partial; partials
// whose weights are all zero are left out. Depthwise convolutions split channel by channel and need
// no sum; other grouped ones stay, and those named in `whole`. Exact up to the order of summation.
// Errors: kInvalidArgument for block < 1; kResourceLimit beyond 100 000 partial convolutions.
Result<Graph> split_channel_blocks(const Graph& graph, int64_t block,
                                   const std::set<std::string>& whole = {});

}  // namespace tessera
