#include "rewrite/rules/rules.h"
#include "rewrite/split_norm.h"

namespace tessera::rules {
namespace {

bool split_channel_wise_norm_concerns(const Graph& graph, NodeId node) {
  return is_norm(graph, node, NormKind::channel_wise);
}

Result<Outcome> apply_split_channel_wise_norm(GraphEditor& editor, NodeId node,
                                              const RewriteParameters&) {
  return split_norm(editor, node);
}

}  // namespace

constinit const Rule split_channel_wise_norm{
    "split_channel_wise_norm",
    "Splits a channel-wise norm (cLN) into statistics of each frame and a scale and shift per "
    "channel and frame.",
    Exactness::exact, split_channel_wise_norm_concerns, apply_split_channel_wise_norm};

}  // namespace tessera::rules
