#include <algorithm>

#include <fmt/format.h>

#include "rewrite/pattern.h"
#include "rewrite/rules/rules.h"
#include "rewrite/weights.h"

namespace tessera::rules {
namespace {

bool is_activation(const Op& op) {
  return std::holds_alternative<Unary>(op) || std::holds_alternative<Softmax>(op);
}

// The activations between the conv and the slices, in order.
std::vector<NodeId> activations_after(const Graph& graph, NodeId conv) {
  std::vector<NodeId> chain;
  NodeId value = conv;
  while (sole_user(graph, value) != kNoNode &&
         is_activation(graph.node(graph.users(value)[0]).op)) {
    value = graph.users(value)[0];
    chain.push_back(value);
  }
  return chain;
}

// A slice of channels that masks something.
bool is_mask_slice(const Graph& graph, NodeId node) {
  const auto* slice = graph.get_if<Slice>(node);
  return slice != nullptr && slice->axis == Axis::c && slice->step == 1 &&
         !graph.users(node).empty() && !graph.is_output(node) &&
         std::all_of(graph.users(node).begin(), graph.users(node).end(),
                     [&](NodeId user) { return graph.get_if<Mul>(user) != nullptr; });
}

bool split_mask_head_concerns(const Graph& graph, NodeId node) {
  if (graph.get_if<Conv>(node) == nullptr || graph.is_output(node)) return false;
  const std::vector<NodeId> chain = activations_after(graph, node);
  const NodeId last = chain.empty() ? node : chain.back();
  const auto slices = graph.users(last);
  return !slices.empty() && !graph.is_output(last) &&
         std::all_of(slices.begin(), slices.end(),
                     [&](NodeId slice) { return is_mask_slice(graph, slice); });
}

// The activation over channels begin..end of what it was over.
Result<Op> part_of(const Op& op, const Slice& slice, int64_t channels) {
  if (const auto* softmax = std::get_if<Softmax>(&op)) {
    const int64_t group = channels / softmax->sources;
    if (softmax->over == SoftmaxOver::source && softmax->sources > 1)
      return TESSERA_ERROR(kUnsupported, "", "a softmax over the sources needs all of them at once",
                           "");
    if (softmax->over == SoftmaxOver::channel &&
        (slice.begin % group != 0 || slice.end - slice.begin != group))
      return TESSERA_ERROR(kUnsupported, "", "a softmax over channels needs the whole source", "");
    return Op{Softmax{softmax->over, 1}};
  }
  Unary unary = std::get<Unary>(op);
  if (unary.slope.size() > 1) unary.slope = rows_of(unary.slope, slice.begin, slice.end);
  return Op{std::move(unary)};
}

// One source's conv and activations.
Result<std::vector<Op>> head_of(const Graph& graph, const Conv& conv, std::span<const NodeId> chain,
                                const Slice& slice) {
  Conv head = conv;
  head.weight = rows_of(conv.weight, slice.begin, slice.end);
  if (!conv.bias.empty()) head.bias = rows_of(conv.bias, slice.begin, slice.end);
  std::vector<Op> ops{std::move(head)};
  for (NodeId activation : chain) {
    TESSERA_TRY(Op part, part_of(graph.node(activation).op, slice, conv.weight.dim(0)));
    ops.push_back(std::move(part));
  }
  return ops;
}

Result<Outcome> apply_split_mask_head(GraphEditor& editor, NodeId node, const RewriteParameters&) {
  const Graph& graph = editor.graph();
  const Node conv_node = graph.node(node);
  const Conv conv = std::get<Conv>(conv_node.op);
  if (conv.groups > 1) return Outcome{Declined{"its conv has groups"}};
  const std::vector<NodeId> chain = activations_after(graph, node);
  const NodeId last = chain.empty() ? node : chain.back();
  const std::vector<NodeId> slices(graph.users(last).begin(), graph.users(last).end());
  std::vector<std::vector<Op>> heads;
  for (NodeId slice : slices) {
    Result<std::vector<Op>> head = head_of(graph, conv, chain, *graph.get_if<Slice>(slice));
    if (!head) return Outcome{Declined{head.error().message}};
    heads.push_back(std::move(head).value());
  }
  for (size_t s = 0; s < slices.size(); ++s) {
    const int64_t first_channel = graph.get_if<Slice>(slices[s])->begin;
    NodeId value = conv_node.inputs[0];
    std::vector<Op>& ops = heads[s];
    for (size_t i = 0; i + 1 < ops.size(); ++i) {
      const std::string& name = i == 0 ? conv_node.name : graph.node(chain[i - 1]).name;
      TESSERA_TRY(value, editor.add(std::move(ops[i]), {value}, fmt::format("{}.source{}", name, s),
                                    conv_node.origin.source));
      editor.derive(value, {DerivedKind::value, {name}, first_channel});
    }
    TESSERA_TRY_VOID(editor.replace(slices[s], std::move(ops.back()), {value}));
  }
  return Outcome{Changed{fmt::format("a head of its own for each of {} sources", slices.size())}};
}

}  // namespace

constinit const Rule split_mask_head{"split_mask_head",
                                     "Gives each source's mask a convolution and activation of its "
                                     "own instead of slices of one wide head.",
                                     Exactness::exact, split_mask_head_concerns,
                                     apply_split_mask_head};

}  // namespace tessera::rules
