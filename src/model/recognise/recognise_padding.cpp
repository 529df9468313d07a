// Zero padding of a convolution, wherever the exporter put it: pads merge, a zero pad goes into the
// convolution after it, and a slice that cuts padded frames off again (chomp) takes the padding
// away.
#include <algorithm>

#include "model/recognise/pattern.h"
#include "model/recognise/recognise.h"

namespace tessera {
namespace {

Padding sum(const Padding& a, const Padding& b) {
  return {a.top + b.top, a.bottom + b.bottom, a.left + b.left, a.right + b.right};
}

bool along_time_only(const Padding& p) {
  return p.top == 0 && p.bottom == 0;
}

Result<void> simplify_pad(GraphEditor& editor, NodeId id) {
  const Graph& graph = editor.graph();
  const Pad pad = *graph.get_if<Pad>(id);
  const NodeId x = operand(graph, id);
  if (pad.padding.none()) return editor.redirect(id, x);
  const auto* before = graph.get_if<Pad>(x);
  const bool mergeable = before && before->mode == pad.mode && pad.mode != PadMode::reflect;
  if (mergeable && sole_user(graph, x) == id) {
    return editor.replace(id, Pad{sum(before->padding, pad.padding), pad.mode},
                          {operand(graph, x)});
  }
  return {};
}

// Conv(Pad(x)) -> Conv(x), padded itself.
Result<void> take_pad(GraphEditor& editor, NodeId id) {
  const Graph& graph = editor.graph();
  const NodeId before = operand(graph, id);
  const auto* pad = graph.get_if<Pad>(before);
  if (!pad || pad->mode != PadMode::zero) return {};
  Conv conv = *graph.get_if<Conv>(id);
  conv.padding = sum(conv.padding, pad->padding);
  return editor.replace(id, std::move(conv), {operand(graph, before)});
}

// Slice(Conv) and Slice(Pad) where the slice removes frames that padding made: the node before is
// made again without them.
Result<void> take_back(GraphEditor& editor, NodeId id) {
  const Graph& graph = editor.graph();
  const Slice slice = *graph.get_if<Slice>(id);
  const NodeId before = operand(graph, id);
  if (slice.axis != Axis::w || slice.step != 1 || sole_user(graph, before) != id) return {};
  const int64_t front = slice.begin;
  const int64_t back = graph.node(before).shape.w - slice.end;
  if (const auto* op = graph.get_if<Conv>(before)) {
    Conv conv = *op;
    const int64_t stride = conv.stride.w;
    if (front * stride > conv.padding.left || back * stride > conv.padding.right) return {};
    conv.padding.left -= front * stride;
    conv.padding.right -= back * stride;
    return editor.replace(id, std::move(conv), {operand(graph, before)});
  }
  const auto* op = graph.get_if<Pad>(before);
  if (!op || !along_time_only(op->padding) || op->mode == PadMode::reflect) return {};
  Pad pad = *op;
  const int64_t off_front = std::min(front, pad.padding.left);
  const int64_t off_back = std::min(back, pad.padding.right);
  if (off_front == 0 && off_back == 0) return {};
  pad.padding.left -= off_front;
  pad.padding.right -= off_back;
  const NodeId x = operand(graph, before);
  NodeId padded = x;
  if (!pad.padding.none()) {
    TESSERA_TRY(padded, editor.add(pad, {x}, "", graph.node(before).origin.source));
  }
  const Slice rest{Axis::w, front - off_front, front - off_front + graph.node(id).shape.w, 1};
  if (graph.node(padded).shape == graph.node(id).shape) return editor.redirect(id, padded);
  return editor.replace(id, rest, {padded});
}

// Slice(f(Conv)) where f works element by element -> f of the conv without those frames.
Result<void> take_back_before(GraphEditor& editor, NodeId id) {
  const Graph& graph = editor.graph();
  const Slice slice = *graph.get_if<Slice>(id);
  if (slice.axis != Axis::w || slice.step != 1) return {};
  const NodeId f = operand(graph, id);
  const bool elementwise = graph.get_if<Unary>(f) || graph.get_if<Affine>(f);
  if (!elementwise || sole_user(graph, f) != id) return {};
  const NodeId x = operand(graph, f);
  const auto* conv = graph.get_if<Conv>(x);
  if (!conv || sole_user(graph, x) != f) return {};
  const int64_t back = graph.node(x).shape.w - slice.end;
  if (slice.begin * conv->stride.w > conv->padding.left ||
      back * conv->stride.w > conv->padding.right)
    return {};
  const Op op = graph.node(f).op;
  TESSERA_TRY(const NodeId cut, editor.add(slice, {x}, "", graph.node(id).origin.source));
  return editor.replace(id, op, {cut});
}

}  // namespace

Result<void> recognise_padding(GraphEditor& editor) {
  const Graph& graph = editor.graph();
  for (NodeId id : graph.order()) {
    if (graph.get_if<Pad>(id)) TESSERA_TRY_VOID(simplify_pad(editor, id));
    if (graph.get_if<Conv>(id)) TESSERA_TRY_VOID(take_pad(editor, id));
    if (graph.get_if<Slice>(id)) TESSERA_TRY_VOID(take_back(editor, id));
    if (graph.get_if<Slice>(id)) TESSERA_TRY_VOID(take_back_before(editor, id));
  }
  return {};
}

}  // namespace tessera
