#include <fmt/format.h>

#include "rewrite/rules/rules.h"

namespace tessera::rules {
namespace {

int64_t extent_along(const Shape& shape, Axis axis) {
  return axis == Axis::c ? shape.c : axis == Axis::h ? shape.h : shape.w;
}

bool fuse_slices_concerns(const Graph& graph, NodeId node) {
  const auto* slice = graph.get_if<Slice>(node);
  if (slice == nullptr) return false;
  const NodeId operand = graph.node(node).inputs[0];
  const auto* inner = graph.get_if<Slice>(operand);
  const auto* concat = graph.get_if<Concat>(operand);
  return (inner != nullptr && inner->axis == slice->axis) ||
         (concat != nullptr && concat->axis == slice->axis);
}

Result<Outcome> slice_of_slice(GraphEditor& editor, NodeId node, const Node& operand) {
  const Slice outer = *editor.graph().get_if<Slice>(node);
  const Slice& inner = std::get<Slice>(operand.op);
  const int64_t count = (outer.end - outer.begin - 1) / outer.step;
  Slice fused{outer.axis, inner.begin + outer.begin * inner.step, 0, inner.step * outer.step};
  fused.end = fused.begin + count * fused.step + 1;
  TESSERA_TRY_VOID(editor.replace(node, fused, operand.inputs));
  return Outcome{Changed{fmt::format("takes at once what '{}' and it took", operand.name)}};
}

Result<Outcome> slice_of_concat(GraphEditor& editor, NodeId node, const Node& operand) {
  const Graph& graph = editor.graph();
  Slice slice = *graph.get_if<Slice>(node);
  int64_t offset = 0;
  for (NodeId part : operand.inputs) {
    const int64_t size = extent_along(graph.node(part).shape, slice.axis);
    if (slice.begin >= offset && slice.end <= offset + size) {
      slice.begin -= offset;
      slice.end -= offset;
      TESSERA_TRY_VOID(editor.replace(node, slice, {part}));
      return Outcome{
          Changed{fmt::format("reads '{}' itself, not the concat", graph.node(part).name)}};
    }
    offset += size;
  }
  return Outcome{Declined{"it takes parts of several operands of the concat"}};
}

Result<Outcome> apply_fuse_slices(GraphEditor& editor, NodeId node, const RewriteParameters&) {
  const Node operand = editor.graph().node(editor.graph().node(node).inputs[0]);
  if (std::holds_alternative<Slice>(operand.op)) return slice_of_slice(editor, node, operand);
  return slice_of_concat(editor, node, operand);
}

}  // namespace

constinit const Rule fuse_slices{
    "fuse_slices",
    "Takes a slice of a slice at once, and a slice of a concat from the operand it lies in.",
    Exactness::exact, fuse_slices_concerns, apply_fuse_slices};

}  // namespace tessera::rules
