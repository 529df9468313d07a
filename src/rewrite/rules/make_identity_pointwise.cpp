#include "rewrite/identity.h"
#include "rewrite/rules/rules.h"
#include "rewrite/weights.h"

namespace tessera::rules {
namespace {

// An input that leaves the graph as it came: a piece without a layer.
bool is_bare_output(const Graph& graph, NodeId node) {
  return graph.get_if<Input>(node) != nullptr && graph.is_output(node) && graph.users(node).empty();
}

bool make_identity_pointwise_concerns(const Graph& graph, NodeId node) {
  return is_identity(graph, node) || is_bare_output(graph, node);
}

Result<Outcome> apply_make_identity_pointwise(GraphEditor& editor, NodeId node,
                                              const RewriteParameters&) {
  const Node old = editor.graph().node(node);
  Conv conv;
  conv.weight = identity_matrix(old.shape.c);
  if (is_bare_output(editor.graph(), node)) {
    TESSERA_TRY(NodeId made,
                editor.add(std::move(conv), {node}, old.name + ".identity", old.origin.source));
    TESSERA_TRY_VOID(editor.redirect(node, made, made));
    return Outcome{Changed{"the output reads it through a pointwise identity"}};
  }
  TESSERA_TRY_VOID(editor.replace(node, std::move(conv), old.inputs));
  return Outcome{Changed{"is now a pointwise convolution with the identity matrix"}};
}

}  // namespace

constinit const Rule make_identity_pointwise{"make_identity_pointwise",
                                             "Writes what passes a value on unchanged as an "
                                             "explicit 1x1 convolution with the identity matrix.",
                                             Exactness::exact, make_identity_pointwise_concerns,
                                             apply_make_identity_pointwise};

}  // namespace tessera::rules
