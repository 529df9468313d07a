#include <fmt/format.h>

#include "rewrite/rules/rules.h"
#include "rewrite/weights.h"

namespace tessera::rules {
namespace {

bool lower_grouped_conv_to_slices_concerns(const Graph& graph, NodeId node) {
  const auto* conv = graph.get_if<Conv>(node);
  return conv != nullptr && conv->groups > 1 && conv->weight.dim(1) > 1;
}

Conv group_of(const Conv& conv, int64_t group) {
  const int64_t rows = conv.weight.dim(0) / conv.groups;
  Conv part = conv;
  part.groups = 1;
  part.weight = rows_of(conv.weight, group * rows, (group + 1) * rows);
  if (!conv.bias.empty()) part.bias = rows_of(conv.bias, group * rows, (group + 1) * rows);
  return part;
}

Result<Outcome> apply_lower_grouped_conv_to_slices(GraphEditor& editor, NodeId node,
                                                   const RewriteParameters&) {
  const Node old = editor.graph().node(node);
  const Conv& conv = std::get<Conv>(old.op);
  const int64_t channels = conv.weight.dim(1);
  std::vector<NodeId> parts;
  for (int64_t g = 0; g < conv.groups; ++g) {
    TESSERA_TRY(NodeId slice,
                editor.add(Slice{Axis::c, g * channels, (g + 1) * channels, 1}, old.inputs,
                           fmt::format("{}.in{}", old.name, g), old.origin.source));
    TESSERA_TRY(NodeId part, editor.add(group_of(conv, g), {slice},
                                        fmt::format("{}.group{}", old.name, g), old.origin.source));
    parts.push_back(part);
  }
  TESSERA_TRY_VOID(editor.replace(node, Concat{Axis::c}, std::move(parts)));
  return Outcome{Changed{fmt::format("{} convolutions, one a group, joined", conv.groups)}};
}

}  // namespace

constinit const Rule lower_grouped_conv_to_slices{
    "lower_grouped_conv_to_slices",
    "Writes a grouped convolution as one dense convolution per group of channels.",
    Exactness::exact, lower_grouped_conv_to_slices_concerns, apply_lower_grouped_conv_to_slices};

}  // namespace tessera::rules
