#include "rewrite/blocks.h"

#include <algorithm>

#include "rewrite/pattern.h"

namespace tessera {
namespace {

// The pointwise conv that makes this term of a skip sum, alone or as rows of a merged one.
NodeId skip_conv(const Graph& graph, NodeId term) {
  if (const auto* slice = graph.get_if<Slice>(term); slice != nullptr && slice->axis == Axis::c)
    term = graph.node(term).inputs[0];
  return is_pointwise(graph, term) ? term : kNoNode;
}

// Terms of a sum of skips, ordered so that each block lies behind the one before; empty if they are
// none.
std::vector<NodeId> skip_terms(const Graph& graph, NodeId root) {
  std::vector<NodeId> terms = sum_terms(graph, root);
  for (NodeId term : terms) {
    if (skip_conv(graph, term) == kNoNode) return {};
  }
  const auto block_value = [&](NodeId term) {
    return graph.node(skip_conv(graph, term)).inputs[0];
  };
  for (size_t i = 0; i + 1 < terms.size(); ++i) {
    if (!depends_on(graph, block_value(terms[i + 1]), block_value(terms[i]))) return {};
    if (depends_on(graph, terms[i + 1], terms[i]))
      return {};  // a residual: it reads the other term
  }
  return terms;
}

// x + f(x), f ending in a pointwise conv: the conv's other operand in the sum, or kNoNode.
NodeId stream_before(const Graph& graph, NodeId sum) {
  if (graph.get_if<Add>(sum) == nullptr) return kNoNode;
  const std::vector<NodeId>& operands = graph.node(sum).inputs;
  for (size_t i : {size_t{0}, size_t{1}}) {
    const NodeId x = operands[i];
    const NodeId branch = operands[1 - i];
    if (graph.node(x).shape == graph.node(sum).shape && skip_conv(graph, branch) != kNoNode &&
        x != branch && depends_on(graph, branch, x))
      return x;
  }
  return kNoNode;
}

BlockChain residual_chain(const Graph& graph, NodeId last) {
  BlockChain chain;
  chain.root = last;
  for (NodeId sum = last; stream_before(graph, sum) != kNoNode; sum = stream_before(graph, sum))
    chain.values.push_back(sum);
  std::reverse(chain.values.begin(), chain.values.end());
  return chain;
}

}  // namespace

BlockChain find_blocks(const Graph& graph) {
  const std::vector<NodeId> order = graph.order();
  BlockChain best;
  for (NodeId node : order) {
    if (!is_sum_root(graph, node)) continue;
    std::vector<NodeId> terms = skip_terms(graph, node);
    if (terms.size() > best.values.size()) best = {true, node, std::move(terms)};
  }
  if (best.root != kNoNode) return best;
  for (auto node = order.rbegin(); node != order.rend(); ++node) {
    BlockChain chain = residual_chain(graph, *node);
    if (chain.values.size() > best.values.size()) best = std::move(chain);
    if (best.values.size() >= 2) break;  // the last sum is behind all others of its chain
  }
  if (best.values.empty()) best.root = kNoNode;
  return best;
}

}  // namespace tessera
