#include <fmt/format.h>

#include "rewrite/rules/rules.h"

namespace tessera::rules {
namespace {

bool lower_dilation_to_phases_concerns(const Graph& graph, NodeId node) {
  const auto* conv = graph.get_if<Conv>(node);
  return conv != nullptr && conv->dilation.w > 1 && conv->weight.dim(3) > 1;
}

std::string obstacle(const Conv& conv, const Shape& operand) {
  if (conv.stride.w > 1) return "it has a stride as well: its outputs skip phases";
  if (conv.weight.dim(2) > 1) return "its kernel spans rows of H, where the phases would lie";
  if (conv.stride.h > 1 || conv.padding.top > 0 || conv.padding.bottom > 0)
    return "it strides or pads along H, where the phases would lie";
  if (operand.h > 1) return "its operand has several rows of H, where the phases would lie";
  return {};
}

// Output t = p + j*d reads inputs p + (j + k)*d: phase p of the output needs only phase p of the
// input. The phases lie as rows of H, which no kernel of height 1 mixes, so one convolution does
// all.
Result<Outcome> apply_lower_dilation_to_phases(GraphEditor& editor, NodeId node,
                                               const RewriteParameters&) {
  const Node old = editor.graph().node(node);
  Conv conv = std::get<Conv>(old.op);
  const Shape operand = editor.graph().node(old.inputs[0]).shape;
  const std::string why = obstacle(conv, operand);
  if (!why.empty()) return Outcome{Declined{why}};
  const auto add = [&](Op op, std::vector<NodeId> inputs, const std::string& suffix) {
    return editor.add(std::move(op), std::move(inputs), old.name + suffix, old.origin.source);
  };
  const int64_t d = conv.dilation.w;
  const int64_t frames = (old.shape.w + d - 1) / d;  // of each phase of the output
  const int64_t width = (frames + conv.weight.dim(3) - 1) * d;
  const Padding outside{0, 0, conv.padding.left, width - operand.w - conv.padding.left};
  NodeId padded = old.inputs[0];
  if (!outside.none()) {
    TESSERA_TRY(padded, add(Pad{outside, PadMode::zero}, {padded}, ".pad"));
  }
  std::vector<NodeId> phases;
  for (int64_t p = 0; p < d; ++p) {
    TESSERA_TRY(NodeId phase,
                add(Slice{Axis::w, p, width, d}, {padded}, fmt::format(".phase{}", p)));
    phases.push_back(phase);
  }
  TESSERA_TRY(NodeId rows, add(Concat{Axis::h}, phases, ".phases"));
  conv.dilation.w = 1;
  conv.padding = {};
  TESSERA_TRY(NodeId product, add(std::move(conv), {rows}, ".undilated"));
  for (int64_t p = 0; p < d; ++p) {
    TESSERA_TRY(phases[static_cast<size_t>(p)],
                add(Slice{Axis::h, p, p + 1, 1}, {product}, fmt::format(".out{}", p)));
  }
  TESSERA_TRY(NodeId taps, add(Concat{Axis::c}, phases, ".taps"));
  TESSERA_TRY(NodeId woven, add(OverlapAdd{d, d}, {taps}, ".woven"));
  TESSERA_TRY_VOID(editor.replace(node, Slice{Axis::w, 0, old.shape.w, 1}, {woven}));
  return Outcome{Changed{fmt::format("{} undilated phases of {} frames", d, frames)}};
}

}  // namespace

constinit const Rule lower_dilation_to_phases{
    "lower_dilation_to_phases",
    "Writes a convolution with dilation d as an undilated one over the d phases of its operand, "
    "laid as rows of H.",
    Exactness::exact, lower_dilation_to_phases_concerns, apply_lower_dilation_to_phases};

}  // namespace tessera::rules
