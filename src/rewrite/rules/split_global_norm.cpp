#include "rewrite/rules/rules.h"
#include "rewrite/split_norm.h"

namespace tessera::rules {
namespace {

bool split_global_norm_concerns(const Graph& graph, NodeId node) {
  return is_norm(graph, node, NormKind::global);
}

Result<Outcome> apply_split_global_norm(GraphEditor& editor, NodeId node,
                                        const RewriteParameters&) {
  return split_norm(editor, node);
}

}  // namespace

constinit const Rule split_global_norm{"split_global_norm",
                                       "Splits a global norm (gLN) into statistics over the whole "
                                       "sequence and a scale and shift per channel.",
                                       Exactness::exact, split_global_norm_concerns,
                                       apply_split_global_norm};

}  // namespace tessera::rules
