#include "rewrite/rules/rules.h"
#include "rewrite/split_norm.h"
#include "rewrite/weights.h"

namespace tessera::rules {
namespace {

bool lower_channel_wise_norm_concerns(const Graph& graph, NodeId node) {
  return is_norm(graph, node, NormKind::channel_wise);
}

// Mean over the channels as a 1x1 convolution to one channel.
Conv channel_mean(int64_t channels) {
  Conv conv;
  conv.weight =
      Tensor::full({1, channels, 1, 1}, static_cast<float>(1.0 / static_cast<double>(channels)));
  return conv;
}

Result<Outcome> apply_lower_channel_wise_norm(GraphEditor& editor, NodeId node,
                                              const RewriteParameters&) {
  const Node norm_node = editor.graph().node(node);
  const Norm& norm = std::get<Norm>(norm_node.op);
  const int64_t channels = norm_node.shape.c;
  const auto add = [&](Op op, std::vector<NodeId> inputs, const char* suffix) {
    return editor.add(std::move(op), std::move(inputs), norm_node.name + suffix,
                      norm_node.origin.source);
  };
  const NodeId x = norm_node.inputs[0];
  TESSERA_TRY(NodeId mean, add(channel_mean(channels), {x}, ".mean"));
  TESSERA_TRY(NodeId centred, add(Binary{BinaryKind::sub}, {x, mean}, ".centred"));
  TESSERA_TRY(NodeId square, add(Unary{UnaryKind::square, {}, 0, 0}, {centred}, ".square"));
  Conv variance = channel_mean(channels);
  variance.bias = Tensor::full({1}, static_cast<float>(norm.eps));
  TESSERA_TRY(NodeId spread, add(std::move(variance), {square}, ".variance"));
  TESSERA_TRY(NodeId sigma, add(Unary{UnaryKind::sqrt, {}, 0, 0}, {spread}, ".sigma"));
  TESSERA_TRY(NodeId unit, add(Binary{BinaryKind::div}, {centred, sigma}, ".unit"));
  TESSERA_TRY_VOID(editor.replace(node, Affine{norm.gamma, norm.beta}, {unit}));
  return Outcome{
      Changed{"two pointwise means over the channels, a root, a division and an affine"}};
}

}  // namespace

constinit const Rule lower_channel_wise_norm{
    "lower_channel_wise_norm",
    "Writes a channel-wise norm (cLN) with pointwise convolutions for its two means, frame by "
    "frame on the chip.",
    Exactness::exact, lower_channel_wise_norm_concerns, apply_lower_channel_wise_norm};

}  // namespace tessera::rules
