#include <fmt/format.h>

#include "rewrite/rules/rules.h"

namespace tessera::rules {
namespace {

bool factor_strided_conv_concerns(const Graph& graph, NodeId node) {
  const auto* conv = graph.get_if<Conv>(node);
  return conv != nullptr && conv->stride.w > 1;
}

// Tap k = q*S + r of the strided kernel is tap q on phase r: weight [out, r*in + i, kh, q].
Tensor phase_weight(const Tensor& weight, int64_t stride) {
  const int64_t out = weight.dim(0);
  const int64_t in = weight.dim(1);
  const int64_t height = weight.dim(2);
  const int64_t kernel = weight.dim(3);
  const int64_t taps = (kernel + stride - 1) / stride;
  std::vector<float> values(static_cast<size_t>(out * stride * in * height * taps), 0.0F);
  for (int64_t o = 0; o < out; ++o) {
    for (int64_t i = 0; i < in; ++i) {
      for (int64_t y = 0; y < height; ++y) {
        for (int64_t k = 0; k < kernel; ++k) {
          const int64_t channel = (k % stride) * in + i;
          const int64_t to = ((o * stride * in + channel) * height + y) * taps + k / stride;
          values[static_cast<size_t>(to)] = weight[((o * in + i) * height + y) * kernel + k];
        }
      }
    }
  }
  return Tensor({out, stride * in, height, taps}, std::move(values));
}

Result<Outcome> apply_factor_strided_conv(GraphEditor& editor, NodeId node,
                                          const RewriteParameters&) {
  const Node old = editor.graph().node(node);
  Conv conv = std::get<Conv>(old.op);
  if (conv.groups > 1)
    return Outcome{Declined{"it has groups, whose channels the phases would interleave"}};
  if (conv.dilation.w > 1) return Outcome{Declined{"it has a dilation as well"}};
  const auto add = [&](Op op, std::vector<NodeId> inputs, const std::string& suffix) {
    return editor.add(std::move(op), std::move(inputs), old.name + suffix, old.origin.source);
  };
  const int64_t stride = conv.stride.w;
  const Shape operand = editor.graph().node(old.inputs[0]).shape;
  conv.weight = phase_weight(conv.weight, stride);
  const int64_t taps = conv.weight.dim(3);
  // Exactly the frames that the outputs read; the operand may be longer or shorter.
  const int64_t width = (old.shape.w + taps - 1) * stride;
  const int64_t missing = width - operand.w - conv.padding.left;
  const Padding outside{0, 0, conv.padding.left, std::max<int64_t>(missing, 0)};
  NodeId source = old.inputs[0];
  if (!outside.none()) {
    TESSERA_TRY(source, add(Pad{outside, PadMode::zero}, {source}, ".pad"));
  }
  std::vector<NodeId> phases;
  for (int64_t r = 0; r < stride; ++r) {
    TESSERA_TRY(NodeId phase,
                add(Slice{Axis::w, r, width, stride}, {source}, fmt::format(".phase{}", r)));
    phases.push_back(phase);
  }
  TESSERA_TRY(NodeId channels, add(Concat{Axis::c}, std::move(phases), ".phases"));
  conv.stride.w = 1;
  conv.padding.left = 0;
  conv.padding.right = 0;
  TESSERA_TRY_VOID(editor.replace(node, std::move(conv), {channels}));
  return Outcome{Changed{fmt::format("stride 1 and {} taps over {} phases", taps, stride)}};
}

}  // namespace

constinit const Rule factor_strided_conv{"factor_strided_conv",
                                         "Writes a convolution with stride S as one of stride 1 "
                                         "over the S phases of its operand, laid as channels.",
                                         Exactness::exact, factor_strided_conv_concerns,
                                         apply_factor_strided_conv};

}  // namespace tessera::rules
