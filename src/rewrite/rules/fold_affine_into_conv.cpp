#include "rewrite/affine_fold.h"
#include "rewrite/rules/rules.h"

namespace tessera::rules {
namespace {

bool fold_affine_into_conv_concerns(const Graph& graph, NodeId node) {
  return graph.get_if<Affine>(node) != nullptr;
}

Result<Outcome> apply_fold_affine_into_conv(GraphEditor& editor, NodeId node,
                                            const RewriteParameters&) {
  return fold_channel_affine(editor, node, channel_affine(*editor.graph().get_if<Affine>(node)));
}

}  // namespace

constinit const Rule fold_affine_into_conv{
    "fold_affine_into_conv",
    "Folds an affine into the weights and bias of the convolution before or after it.",
    Exactness::exact, fold_affine_into_conv_concerns, apply_fold_affine_into_conv};

}  // namespace tessera::rules
