// Slices and joins: dropped where they change nothing, merged where they follow each other, and a
// slice of a join becomes the part it names.
#include <algorithm>

#include "model/recognise/pattern.h"
#include "model/recognise/recognise.h"

namespace tessera {
namespace {

Result<void> simplify_slice(GraphEditor& editor, NodeId id) {
  const Graph& graph = editor.graph();
  const Slice slice = *graph.get_if<Slice>(id);
  const NodeId x = operand(graph, id);
  if (graph.node(x).shape == graph.node(id).shape) return editor.redirect(id, x);
  if (const auto* before = graph.get_if<Slice>(x); before && before->axis == slice.axis) {
    const int64_t count = axis_size(graph.node(id).shape, slice.axis);
    Slice merged = slice;
    merged.step = before->step * slice.step;
    merged.begin = before->begin + slice.begin * before->step;
    merged.end = merged.begin + (count - 1) * merged.step + 1;
    return editor.replace(id, merged, {operand(graph, x)});
  }
  const auto* concat = graph.get_if<Concat>(x);
  if (!concat || concat->axis != slice.axis || slice.step != 1) return {};
  std::vector<NodeId> parts;
  int64_t at = 0;
  for (NodeId part : graph.node(x).inputs) {
    const int64_t size = axis_size(graph.node(part).shape, slice.axis);
    if (slice.begin >= at && slice.end <= at + size) {  // inside one part
      Slice inner = slice;
      inner.begin -= at;
      inner.end -= at;
      return editor.replace(id, inner, {part});
    }
    if (at >= slice.begin && at + size <= slice.end) parts.push_back(part);
    at += size;
  }
  int64_t covered = 0;
  for (NodeId part : parts) covered += axis_size(graph.node(part).shape, slice.axis);
  if (covered == slice.end - slice.begin) return editor.replace(id, Concat{slice.axis}, parts);
  return {};
}

Result<void> simplify_concat(GraphEditor& editor, NodeId id) {
  const Graph& graph = editor.graph();
  const Concat concat = *graph.get_if<Concat>(id);
  std::vector<NodeId> inputs = graph.node(id).inputs;
  if (inputs.size() == 1) return editor.redirect(id, inputs[0]);
  std::vector<NodeId> flat;
  bool changed = false;
  for (NodeId input : inputs) {
    const auto* inner = graph.get_if<Concat>(input);
    if (inner && inner->axis == concat.axis && sole_user(graph, input) == id) {
      flat.insert(flat.end(), graph.node(input).inputs.begin(), graph.node(input).inputs.end());
      changed = true;
    } else {
      flat.push_back(input);
    }
  }
  if (changed) return editor.replace(id, concat, flat);

  // Neighbouring slices of one value, joined again.
  for (size_t i = 0; i + 1 < inputs.size(); ++i) {
    const auto* a = graph.get_if<Slice>(inputs[i]);
    const auto* b = graph.get_if<Slice>(inputs[i + 1]);
    if (!a || !b || a->axis != concat.axis || b->axis != concat.axis || a->step != 1 ||
        b->step != 1 || a->end != b->begin)
      continue;
    const NodeId x = operand(graph, inputs[i]);
    if (operand(graph, inputs[i + 1]) != x) continue;
    const Slice merged{concat.axis, a->begin, b->end, 1};
    NodeId joined = x;
    if (merged.end - merged.begin != axis_size(graph.node(x).shape, concat.axis)) {
      TESSERA_TRY(joined, editor.add(merged, {x}, "", graph.node(inputs[i]).origin.source));
    }
    inputs[i] = joined;
    inputs.erase(inputs.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    return inputs.size() == 1 ? editor.redirect(id, joined) : editor.replace(id, concat, inputs);
  }
  return {};
}

}  // namespace

Result<void> recognise_parts(GraphEditor& editor) {
  const Graph& graph = editor.graph();
  for (NodeId id : graph.order()) {
    if (graph.get_if<Slice>(id)) TESSERA_TRY_VOID(simplify_slice(editor, id));
    if (graph.get_if<Concat>(id)) TESSERA_TRY_VOID(simplify_concat(editor, id));
  }
  return {};
}

}  // namespace tessera
