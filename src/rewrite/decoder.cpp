#include "rewrite/decoder.h"

#include "rewrite/weights.h"

namespace tessera {

std::string not_along_time(const ConvTranspose& conv) {
  if (conv.groups > 1) return "it has groups (lower_grouped_conv_to_dense removes them)";
  if (conv.dilation.w > 1 && conv.weight.dim(3) > 1) return "it is dilated";
  if (conv.weight.dim(2) > 1 || conv.stride.h > 1 || conv.crop.top > 0 || conv.crop.bottom > 0 ||
      conv.extra.h > 0)
    return "it spans rows of H, overlap-add works along W";
  return {};
}

std::vector<NamedOp> after_overlap(const ConvTranspose& conv, const Shape& result, int64_t width) {
  std::vector<NamedOp> steps;
  const int64_t missing = conv.crop.left + result.w - width;
  if (missing > 0) steps.push_back({Pad{{0, 0, 0, missing}, PadMode::zero}, ".extra"});
  if (conv.crop.left > 0 || missing < 0)
    steps.push_back({Slice{Axis::w, conv.crop.left, conv.crop.left + result.w, 1}, ".crop"});
  if (!conv.bias.empty()) steps.push_back({Affine{ones(result.c), conv.bias}, ".bias"});
  return steps;
}

Result<void> replace_with_chain(GraphEditor& editor, NodeId node, std::vector<NamedOp> steps) {
  const Node old = editor.graph().node(node);
  std::vector<NodeId> operands = old.inputs;
  for (size_t i = 0; i + 1 < steps.size(); ++i) {
    TESSERA_TRY(NodeId made,
                editor.add(std::move(steps[i].op), operands,
                           old.name + std::string(steps[i].suffix), old.origin.source));
    if (steps[i].derived) editor.derive(made, {*steps[i].derived, {old.name}});
    operands = {made};
  }
  return editor.replace(node, std::move(steps.back().op), std::move(operands));
}

}  // namespace tessera
