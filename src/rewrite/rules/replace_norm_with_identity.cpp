#include "rewrite/rules/rules.h"

namespace tessera::rules {
namespace {

bool replace_norm_with_identity_concerns(const Graph& graph, NodeId node) {
  const auto* norm = graph.get_if<Norm>(node);
  return norm != nullptr && norm->kind != NormKind::batch;
}

Result<Outcome> apply_replace_norm_with_identity(GraphEditor& editor, NodeId node,
                                                 const RewriteParameters&) {
  const NodeId operand = editor.graph().node(node).inputs[0];
  TESSERA_TRY_VOID(editor.redirect(node, operand));
  return Outcome{Changed{"its readers read its operand"}};
}

}  // namespace

constinit const Rule replace_norm_with_identity{
    "replace_norm_with_identity", "Drops a norm altogether (norm_identity).",
    Exactness::approximate, replace_norm_with_identity_concerns, apply_replace_norm_with_identity};

}  // namespace tessera::rules
