#include "rewrite/rules/rules.h"

namespace tessera::rules {
namespace {

bool replace_norm_with_affine_concerns(const Graph& graph, NodeId node) {
  const auto* norm = graph.get_if<Norm>(node);
  return norm != nullptr && norm->kind != NormKind::batch;
}

Result<Outcome> apply_replace_norm_with_affine(GraphEditor& editor, NodeId node,
                                               const RewriteParameters&) {
  const Node old = editor.graph().node(node);
  const Norm& norm = std::get<Norm>(old.op);
  TESSERA_TRY_VOID(editor.replace(node, Affine{norm.gamma, norm.beta}, old.inputs));
  return Outcome{Changed{"only gamma and beta are left of it"}};
}

}  // namespace

constinit const Rule replace_norm_with_affine{
    "replace_norm_with_affine",
    "Keeps gamma and beta of a norm and drops the normalisation (norm_affine).",
    Exactness::approximate, replace_norm_with_affine_concerns, apply_replace_norm_with_affine};

}  // namespace tessera::rules
