// The mask of a separator in the form of graph.h: one activation over all sources, then per source
// Slice, Mul and ConvTranspose, one Concat, and what fits the length after it.
#include <algorithm>

#include "model/recognise/pattern.h"
#include "model/recognise/recognise.h"

namespace tessera {
namespace {

// Sources, at most.
constexpr size_t kMaxParts = 64;

// x sliced into parts that all meet the same function: the function first, then the slices.
Result<void> hoist_activation(GraphEditor& editor, NodeId x) {
  const Graph& graph = editor.graph();
  std::vector<NodeId> slices;
  int64_t covered = 0;
  const Unary* common = nullptr;
  for (NodeId user : graph.users(x)) {
    const auto* slice = graph.get_if<Slice>(user);
    if (!slice || slice->axis != Axis::c || slice->step != 1) return {};
    const NodeId next = sole_user(graph, user);
    const auto* op = next == kNoNode ? nullptr : graph.get_if<Unary>(next);
    if (!op || op->slope.size() > 1) return {};
    const bool same = !common || (op->kind == common->kind && op->alpha == common->alpha &&
                                  op->beta == common->beta && op->slope == common->slope);
    if (!same) return {};
    common = op;
    covered += slice->end - slice->begin;
    slices.push_back(user);
  }
  if (slices.size() < 2 || covered != graph.node(x).shape.c) return {};
  const Unary op = *common;
  TESSERA_TRY(const NodeId active,
              editor.add(op, {x}, "", graph.node(sole_user(graph, slices[0])).origin.source));
  for (NodeId slice : slices) {
    const NodeId activation = sole_user(graph, slice);
    const Slice range = *graph.get_if<Slice>(slice);
    TESSERA_TRY_VOID(editor.replace(activation, range, {active}));
  }
  return {};
}

// Mul(x, Concat(e, e)): a copy per source. Joined products, so that slices after it see the parts.
Result<void> split_product(GraphEditor& editor, NodeId id) {
  const Graph& graph = editor.graph();
  for (size_t side : {size_t{0}, size_t{1}}) {
    const NodeId copies = graph.node(id).inputs[side];
    const NodeId x = graph.node(id).inputs[1 - side];
    const auto* concat = graph.get_if<Concat>(copies);
    if (!concat || concat->axis != Axis::c) continue;
    const std::vector<NodeId> parts = graph.node(copies).inputs;
    const bool repeats =
        std::all_of(parts.begin(), parts.end(), [&](NodeId p) { return p == parts[0]; });
    if (!repeats || parts.size() > kMaxParts || graph.node(x).shape != graph.node(id).shape)
      continue;
    const std::string source = graph.node(id).origin.source;
    const int64_t each = graph.node(parts[0]).shape.c;
    std::vector<NodeId> products;
    for (size_t s = 0; s < parts.size(); ++s) {
      const auto begin = static_cast<int64_t>(s) * each;
      TESSERA_TRY(const NodeId part,
                  editor.add(Slice{Axis::c, begin, begin + each, 1}, {x}, "", source));
      TESSERA_TRY(const NodeId product, editor.add(Mul{}, {part, parts[0]}, "", source));
      products.push_back(product);
    }
    return editor.replace(id, Concat{Axis::c}, products);
  }
  return {};
}

Tensor part_of(const Tensor& tensor, int64_t index, int64_t count) {
  std::vector<int64_t> dims = tensor.dims();
  dims[0] /= count;
  const int64_t size = tensor.size() / count;
  const auto values =
      tensor.values().subspan(static_cast<size_t>(index * size), static_cast<size_t>(size));
  return Tensor(std::move(dims), std::vector<float>(values.begin(), values.end()));
}

// A grouped transposed convolution over joined sources: one per source, equal weights shared.
Result<void> split_decoder(GraphEditor& editor, NodeId id) {
  const Graph& graph = editor.graph();
  const ConvTranspose op = *graph.get_if<ConvTranspose>(id);
  const NodeId joined = operand(graph, id);
  const auto* concat = graph.get_if<Concat>(joined);
  if (op.groups < 2 || !concat || concat->axis != Axis::c) return {};
  const std::vector<NodeId> parts = graph.node(joined).inputs;
  const auto count = static_cast<int64_t>(parts.size());
  if (count != op.groups || parts.size() > kMaxParts) return {};
  for (NodeId part : parts) {
    if (graph.node(part).shape.c * count != graph.node(joined).shape.c) return {};
  }
  const std::string source = graph.node(id).origin.source;
  std::vector<NodeId> decoded;
  std::vector<Tensor> weights;
  for (int64_t s = 0; s < count; ++s) {
    ConvTranspose one = op;
    one.groups = 1;
    one.weight = part_of(op.weight, s, count);
    for (const Tensor& w : weights) {
      if (w == one.weight) one.weight = w;
    }
    weights.push_back(one.weight);
    if (!op.bias.empty()) one.bias = part_of(op.bias, s, count);
    TESSERA_TRY(const NodeId node,
                editor.add(std::move(one), {parts[static_cast<size_t>(s)]}, "", source));
    decoded.push_back(node);
  }
  return editor.replace(id, Concat{Axis::c}, decoded);
}

// Every source fitted to the length alike: joined first, fitted once.
Result<void> hoist_fit(GraphEditor& editor, NodeId id) {
  const Graph& graph = editor.graph();
  if (graph.get_if<Concat>(id)->axis != Axis::c) return {};
  const std::vector<NodeId> inputs = graph.node(id).inputs;
  const Node& first = graph.node(inputs[0]);
  const auto* pad = std::get_if<Pad>(&first.op);
  const auto* slice = std::get_if<Slice>(&first.op);
  if ((!pad && !slice) || (slice && slice->axis != Axis::w)) return {};
  std::vector<NodeId> before;
  for (NodeId input : inputs) {
    if (sole_user(graph, input) != id) return {};
    const auto* p = graph.get_if<Pad>(input);
    const auto* s = graph.get_if<Slice>(input);
    const bool same = (pad && p && p->padding == pad->padding && p->mode == pad->mode) ||
                      (slice && s && s->axis == slice->axis && s->begin == slice->begin &&
                       s->end == slice->end && s->step == slice->step);
    if (!same || graph.node(operand(graph, input)).shape.w != graph.node(first.inputs[0]).shape.w)
      return {};
    before.push_back(operand(graph, input));
  }
  const Op fit = first.op;
  TESSERA_TRY(const NodeId joined,
              editor.add(Concat{Axis::c}, before, "", graph.node(id).origin.source));
  return editor.replace(id, fit, {joined});
}

}  // namespace

Result<void> recognise_sources(GraphEditor& editor) {
  const Graph& graph = editor.graph();
  for (NodeId id : graph.order()) {
    TESSERA_TRY_VOID(hoist_activation(editor, id));
    if (graph.get_if<Mul>(id)) TESSERA_TRY_VOID(split_product(editor, id));
    if (graph.get_if<ConvTranspose>(id)) TESSERA_TRY_VOID(split_decoder(editor, id));
    if (graph.get_if<Concat>(id)) TESSERA_TRY_VOID(hoist_fit(editor, id));
  }
  return {};
}

}  // namespace tessera
