#include "rewrite/rules/rules.h"

namespace tessera::rules {
namespace {

bool replace_prelu_with_relu_concerns(const Graph& graph, NodeId node) {
  const auto* unary = graph.get_if<Unary>(node);
  return unary != nullptr && unary->kind == UnaryKind::prelu;
}

Result<Outcome> apply_replace_prelu_with_relu(GraphEditor& editor, NodeId node,
                                              const RewriteParameters&) {
  const std::vector<NodeId> operands = editor.graph().node(node).inputs;
  TESSERA_TRY_VOID(editor.replace(node, Unary{UnaryKind::relu, {}, 0, 0}, operands));
  return Outcome{Changed{"negative values become 0, not slope times the value"}};
}

}  // namespace

constinit const Rule replace_prelu_with_relu{
    "replace_prelu_with_relu", "Forgets the trained slopes of PReLU.", Exactness::approximate,
    replace_prelu_with_relu_concerns, apply_replace_prelu_with_relu};

}  // namespace tessera::rules
