#include <fmt/format.h>

#include "rewrite/rules/rules.h"
#include "rewrite/weights.h"

namespace tessera::rules {
namespace {

bool lower_grouped_conv_to_dense_concerns(const Graph& graph, NodeId node) {
  if (const auto* conv = graph.get_if<Conv>(node))
    return conv->groups > 1 && conv->weight.dim(1) > 1;  // one input a group: depthwise
  const auto* conv = graph.get_if<ConvTranspose>(node);
  return conv != nullptr && conv->groups > 1;
}

Result<Outcome> apply_lower_grouped_conv_to_dense(GraphEditor& editor, NodeId node,
                                                  const RewriteParameters&) {
  const Node old = editor.graph().node(node);
  const auto* conv = std::get_if<Conv>(&old.op);
  const int64_t groups = conv != nullptr ? conv->groups : std::get<ConvTranspose>(old.op).groups;
  Op dense =
      conv != nullptr ? Op{ungrouped(*conv)} : Op{ungrouped(std::get<ConvTranspose>(old.op))};
  TESSERA_TRY_VOID(editor.replace(node, std::move(dense), old.inputs));
  return Outcome{Changed{fmt::format("one group with {} blocks on the diagonal", groups)}};
}

}  // namespace

constinit const Rule lower_grouped_conv_to_dense{
    "lower_grouped_conv_to_dense",
    "Writes a grouped convolution or transposed convolution as a dense one with a block-diagonal "
    "weight.",
    Exactness::exact, lower_grouped_conv_to_dense_concerns, apply_lower_grouped_conv_to_dense};

}  // namespace tessera::rules
