#include "rewrite/affine_fold.h"
#include "rewrite/rules/rules.h"

namespace tessera::rules {
namespace {

bool concerns(const Graph& graph, NodeId node) {
  return graph.get_if<Affine>(node) != nullptr;
}

Result<Outcome> apply(GraphEditor& editor, NodeId node, const RewriteParameters&) {
  return fold_channel_affine(editor, node, channel_affine(*editor.graph().get_if<Affine>(node)));
}

}  // namespace

constinit const Rule fold_affine_into_conv{
    "fold_affine_into_conv",
    "Folds an affine into the weights and bias of the convolution before or after it.",
    Exactness::exact, concerns, apply};

}  // namespace tessera::rules
