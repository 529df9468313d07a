// y = scale[c]*x + bias[c] folded into the convolution before or after it.
#pragma once

#include <vector>

#include "tessera/compiler/rewrite.h"

namespace tessera {

struct ChannelAffine {
  std::vector<double> scale;
  std::vector<double> bias;

  bool shifts() const;  // some bias is not zero
};

ChannelAffine channel_affine(const Affine& affine);
// gamma*(x - mean)/sqrt(variance + eps) + beta of a batch norm.
ChannelAffine channel_affine(const Norm& batch_norm);
Affine to_op(const ChannelAffine& affine);

// `node` computes `affine` of its one operand. Folds it into the operand (Conv, ConvTranspose,
// Gemm) if nobody else reads that, or else into every reader of `node`. Declines where that would
// not be exact: a reader that pads with zeros would miss the shift outside the sequence.
Result<Outcome> fold_channel_affine(GraphEditor& editor, NodeId node, const ChannelAffine& affine);

}  // namespace tessera
