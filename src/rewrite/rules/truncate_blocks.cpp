#include <fmt/format.h>

#include "rewrite/blocks.h"
#include "rewrite/rules/rules.h"

namespace tessera::rules {
namespace {

bool truncate_blocks_concerns(const Graph& graph, NodeId node) {
  return graph.get_if<Add>(node) != nullptr && find_blocks(graph).root == node;
}

Result<Outcome> apply_truncate_blocks(GraphEditor& editor, NodeId node,
                                      const RewriteParameters& parameters) {
  const BlockChain chain = find_blocks(editor.graph());
  const Node root = editor.graph().node(node);
  const auto blocks = static_cast<int64_t>(chain.values.size());
  const int64_t keep = parameters.keep_blocks;
  if (keep < 1) return Outcome{Declined{"at least one block has to stay"}};
  if (keep >= blocks)
    return Outcome{Declined{fmt::format("no more than {} blocks are asked for", keep)}};
  NodeId value = chain.values[static_cast<size_t>(chain.skips ? 0 : keep - 1)];
  for (int64_t i = 1; chain.skips && i < keep; ++i) {
    TESSERA_TRY(value, editor.add(Add{}, {value, chain.values[static_cast<size_t>(i)]},
                                  fmt::format("{}.first{}", root.name, i + 1), root.origin.source));
  }
  TESSERA_TRY_VOID(editor.redirect(node, value));
  return Outcome{Changed{fmt::format("the first {} of {} blocks stay", keep, blocks)}};
}

}  // namespace

constinit const Rule truncate_blocks{
    "truncate_blocks", "Drops all blocks but the first few (keep_blocks).", Exactness::approximate,
    truncate_blocks_concerns, apply_truncate_blocks};

}  // namespace tessera::rules
