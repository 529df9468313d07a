#include "rewrite/identity.h"
#include "rewrite/rules/rules.h"

namespace tessera::rules {
namespace {

bool eliminate_identity_concerns(const Graph& graph, NodeId node) {
  return is_identity(graph, node);
}

Result<Outcome> apply_eliminate_identity(GraphEditor& editor, NodeId node,
                                         const RewriteParameters&) {
  const NodeId operand = editor.graph().node(node).inputs[0];
  TESSERA_TRY_VOID(editor.redirect(node, operand));
  return Outcome{Changed{"its readers read its operand"}};
}

}  // namespace

constinit const Rule eliminate_identity{"eliminate_identity",
                                        "Removes a slice of everything, a pad of nothing, a concat "
                                        "of one and an affine of ones and zeros.",
                                        Exactness::exact, eliminate_identity_concerns,
                                        apply_eliminate_identity};

}  // namespace tessera::rules
