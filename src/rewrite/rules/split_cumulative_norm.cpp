#include "rewrite/rules/rules.h"
#include "rewrite/split_norm.h"

namespace tessera::rules {
namespace {

bool split_cumulative_norm_concerns(const Graph& graph, NodeId node) {
  return is_norm(graph, node, NormKind::cumulative);
}

Result<Outcome> apply_split_cumulative_norm(GraphEditor& editor, NodeId node,
                                            const RewriteParameters&) {
  return split_norm(editor, node);
}

}  // namespace

constinit const Rule split_cumulative_norm{
    "split_cumulative_norm",
    "Splits a cumulative norm (cgLN) into statistics over the frames so far and a scale and shift "
    "per channel and frame.",
    Exactness::exact, split_cumulative_norm_concerns, apply_split_cumulative_norm};

}  // namespace tessera::rules
