// What follows the blocks of a TCN: linear layers, by name or because only they fit.
#pragma once

#include <string>
#include <vector>

#include "model/torch/conv_tasnet.h"
#include "model/torch/model_args.h"
#include "model/torch/state_view.h"
#include "tessera/result.h"

namespace tessera {

struct TcnHeads {
  std::vector<ConvTasNetLayer> layers;  // Gemm each, in their order
  bool ends_in_frames = false;          // one was a pointwise convolution: a result for each frame
};

// `width`: channels that leave the blocks. Takes what it uses out of `state`, which sees the
// blocks; notes what lies outside of both. Errors: kInvalidArgument where several could follow or
// where more may follow than one; kUnsupported for a batch norm whose place is not known;
// kInvalidModel for shapes that contradict each other.
Result<TcnHeads> read_tcn_heads(const Checkpoint& checkpoint, const std::string& prefix,
                                StateView& state, ModelArgs& args, int64_t width,
                                std::vector<Note>& notes);

}  // namespace tessera
