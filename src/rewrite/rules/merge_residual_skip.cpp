#include <fmt/format.h>

#include "rewrite/pattern.h"
#include "rewrite/rules/rules.h"
#include "rewrite/weights.h"

namespace tessera::rules {
namespace {

// Pointwise convs that read `node` and go into one sum each.
std::vector<NodeId> summed_convs(const Graph& graph, NodeId node) {
  std::vector<NodeId> convs;
  for (NodeId user : graph.users(node)) {
    if (is_pointwise(graph, user) && sole_user(graph, user) != kNoNode &&
        graph.get_if<Add>(graph.users(user)[0]) != nullptr)
      convs.push_back(user);
  }
  return convs;
}

bool merge_residual_skip_concerns(const Graph& graph, NodeId node) {
  return graph.users(node).size() >= 2 && summed_convs(graph, node).size() >= 2;
}

// A residual is added to what `node` was computed from: the block's input.
bool is_residual(const Graph& graph, NodeId conv, NodeId node) {
  const std::vector<NodeId>& operands = graph.node(graph.users(conv)[0]).inputs;
  const NodeId other = operands[0] == conv ? operands[1] : operands[0];
  return depends_on(graph, node, other);
}

Result<Outcome> apply_merge_residual_skip(GraphEditor& editor, NodeId node,
                                          const RewriteParameters&) {
  const Graph& graph = editor.graph();
  const std::vector<NodeId> convs = summed_convs(graph, node);
  if (convs.size() != 2)
    return Outcome{
        Declined{fmt::format("{} pointwise convs read it, a block has two", convs.size())}};
  const bool first = is_residual(graph, convs[0], node);
  if (first == is_residual(graph, convs[1], node))
    return Outcome{Declined{"of its two pointwise convs, not exactly one is a residual"}};
  const Node residual = graph.node(convs[first ? 0 : 1]);
  const Node skip = graph.node(convs[first ? 1 : 0]);
  const Conv& top = std::get<Conv>(residual.op);
  const Conv& bottom = std::get<Conv>(skip.op);
  const int64_t rows = residual.shape.c;
  Conv both;
  both.weight = stack_rows(std::vector<Tensor>{top.weight, bottom.weight});
  if (!top.bias.empty() || !bottom.bias.empty()) {
    both.bias = stack_rows(std::vector<Tensor>{bias_or_zeros(top.bias, rows),
                                               bias_or_zeros(bottom.bias, skip.shape.c)});
  }
  TESSERA_TRY(NodeId merged, editor.add(std::move(both), {node}, residual.name + ".and_skip",
                                        residual.origin.source));
  editor.derive(merged, {DerivedKind::joined, {residual.name, skip.name}});
  TESSERA_TRY_VOID(editor.replace(residual.id, Slice{Axis::c, 0, rows, 1}, {merged}));
  TESSERA_TRY_VOID(editor.replace(skip.id, Slice{Axis::c, rows, rows + skip.shape.c, 1}, {merged}));
  return Outcome{Changed{
      fmt::format("'{}' and '{}' are rows of one pointwise conv", residual.name, skip.name)}};
}

}  // namespace

constinit const Rule merge_residual_skip{"merge_residual_skip",
                                         "Merges the residual and the skip convolution of a block "
                                         "into one pointwise convolution and two slices.",
                                         Exactness::exact, merge_residual_skip_concerns,
                                         apply_merge_residual_skip};

}  // namespace tessera::rules
