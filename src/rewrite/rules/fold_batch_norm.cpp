#include "rewrite/affine_fold.h"
#include "rewrite/rules/rules.h"
#include "rewrite/split_norm.h"

namespace tessera::rules {
namespace {

bool fold_batch_norm_concerns(const Graph& graph, NodeId node) {
  return is_norm(graph, node, NormKind::batch);
}

Result<Outcome> apply_fold_batch_norm(GraphEditor& editor, NodeId node, const RewriteParameters&) {
  return fold_channel_affine(editor, node, channel_affine(*editor.graph().get_if<Norm>(node)));
}

}  // namespace

constinit const Rule fold_batch_norm{
    "fold_batch_norm",
    "Folds a batch norm into the weights and bias of the convolution before or after it.",
    Exactness::exact, fold_batch_norm_concerns, apply_fold_batch_norm};

}  // namespace tessera::rules
