#include <fmt/format.h>

#include "rewrite/rules/rules.h"
#include "rewrite/weights.h"

namespace tessera::rules {
namespace {

bool lower_depthwise_to_dense_concerns(const Graph& graph, NodeId node) {
  const auto* conv = graph.get_if<Conv>(node);
  return conv != nullptr && conv->groups > 1 && conv->weight.dim(1) == 1;
}

Result<Outcome> apply_lower_depthwise_to_dense(GraphEditor& editor, NodeId node,
                                               const RewriteParameters&) {
  const Node old = editor.graph().node(node);
  const Conv& conv = std::get<Conv>(old.op);
  TESSERA_TRY_VOID(editor.replace(node, ungrouped(conv), old.inputs));
  return Outcome{
      Changed{fmt::format("dense over {0} channels: {0} times the weights", conv.groups)}};
}

}  // namespace

constinit const Rule lower_depthwise_to_dense{
    "lower_depthwise_to_dense",
    "Writes a depthwise convolution as a dense one with a diagonal weight (groups = 1).",
    Exactness::exact, lower_depthwise_to_dense_concerns, apply_lower_depthwise_to_dense};

}  // namespace tessera::rules
