#include "rewrite/rules/rules.h"
#include "rewrite/split_norm.h"

namespace tessera::rules {
namespace {

bool split_feature_wise_norm_concerns(const Graph& graph, NodeId node) {
  return is_norm(graph, node, NormKind::feature_wise);
}

Result<Outcome> apply_split_feature_wise_norm(GraphEditor& editor, NodeId node,
                                              const RewriteParameters&) {
  return split_norm(editor, node);
}

}  // namespace

constinit const Rule split_feature_wise_norm{
    "split_feature_wise_norm",
    "Splits a feature-wise norm (fgLN) into statistics of each channel over the whole sequence and "
    "a scale and shift.",
    Exactness::exact, split_feature_wise_norm_concerns, apply_split_feature_wise_norm};

}  // namespace tessera::rules
