#include <algorithm>

#include <fmt/format.h>

#include "rewrite/pattern.h"
#include "rewrite/rules/rules.h"
#include "rewrite/weights.h"

namespace tessera::rules {
namespace {

bool fuse_skip_sum_concerns(const Graph& graph, NodeId node) {
  if (!is_sum_root(graph, node)) return false;
  const std::vector<NodeId> terms = sum_terms(graph, node);
  const auto convs = std::count_if(terms.begin(), terms.end(),
                                   [&](NodeId term) { return is_pointwise(graph, term); });
  return convs >= 2;
}

// sum_i (W_i x_i + b_i) = [W_1 W_2 ...] [x_1; x_2; ...] + sum_i b_i
Result<Outcome> apply_fuse_skip_sum(GraphEditor& editor, NodeId node, const RewriteParameters&) {
  const Graph& graph = editor.graph();
  const Node root = graph.node(node);
  const std::vector<NodeId> terms = sum_terms(graph, node);
  std::vector<NodeId> operands;
  std::vector<Tensor> weights;
  std::vector<double> bias(static_cast<size_t>(root.shape.c), 0.0);
  bool any_bias = false;
  for (NodeId term : terms) {
    if (!is_pointwise(graph, term))
      return Outcome{Declined{fmt::format("one of its terms is a {}, no pointwise conv",
                                          op_name(graph.node(term).op))}};
    if (sole_user(graph, term) == kNoNode)
      return Outcome{Declined{"one of its terms is read elsewhere too"}};
    if (graph.node(term).shape != root.shape)
      return Outcome{Declined{"one of its terms is broadcast"}};
    const Conv& conv = *graph.get_if<Conv>(term);
    operands.push_back(graph.node(term).inputs[0]);
    weights.push_back(conv.weight);
    for (int64_t o = 0; o < conv.bias.size(); ++o)
      bias[static_cast<size_t>(o)] += static_cast<double>(conv.bias[o]);
    any_bias = any_bias || !conv.bias.empty();
  }
  Conv joined;
  joined.weight = join_columns(weights);
  if (any_bias) joined.bias = vector_tensor(bias);
  TESSERA_TRY(NodeId concat, editor.add(Concat{Axis::c}, std::move(operands), root.name + ".concat",
                                        root.origin.source));
  const int64_t columns = joined.weight.dim(1);
  TESSERA_TRY_VOID(editor.replace(node, std::move(joined), {concat}));
  return Outcome{
      Changed{fmt::format("{} terms, one pointwise over {} channels", terms.size(), columns)}};
}

}  // namespace

constinit const Rule fuse_skip_sum{
    "fuse_skip_sum",
    "Writes a sum of pointwise convolutions as one pointwise convolution over the concatenation.",
    Exactness::exact, fuse_skip_sum_concerns, apply_fuse_skip_sum};

}  // namespace tessera::rules
