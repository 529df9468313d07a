// Concat, Slice and Pad; and every op that only the reference kernels know.
#include "backends/cpu/lowering_state.h"
#include "backends/cpu/steps/movement.h"
#include "backends/cpu/steps/row_major.h"

namespace tessera::cpu {
namespace {

WindowStep::Part whole_of(const LoweringState& state, NodeId id) {
  WindowStep::Part part;
  part.src = state.value(id);
  part.src_domain = LoweringState::domain_of(state.shape_of(id));
  part.h_count = part.src_domain.planes;
  part.t_count = part.src_domain.frames;
  return part;
}

void add_window(LoweringState& state, NodeId id, std::vector<WindowStep::Part> parts) {
  WindowStep step;
  step.parts = std::move(parts);
  step.dst = state.add_value(state.shape_of(id));
  step.channels = static_cast<size_t>(state.shape_of(id).c);
  for (const WindowStep::Part& part : step.parts) {
    step.reads.push_back({part.src, Reach::whole});
  }
  const ValueId dst = step.dst;
  state.add_step(std::move(step), dst);
  state.set_value(id, dst);
}

void add_channels(LoweringState& state, NodeId id, std::vector<ChannelStep::Part> parts) {
  ChannelStep step;
  step.parts = std::move(parts);
  step.dst = state.add_value(state.shape_of(id));
  for (const ChannelStep::Part& part : step.parts) step.reads.push_back({part.src});
  const ValueId dst = step.dst;
  state.add_step(std::move(step), dst);
  state.set_value(id, dst);
}

}  // namespace

void lower_concat(LoweringState& state, NodeId id) {
  const Node& node = state.graph.node(id);
  const Axis axis = std::get<Concat>(node.op).axis;
  if (axis == Axis::c) {
    std::vector<ChannelStep::Part> parts;
    for (NodeId operand : node.inputs) {
      parts.push_back({state.value(operand), 0, 1, static_cast<size_t>(state.shape_of(operand).c)});
    }
    return add_channels(state, id, std::move(parts));
  }
  std::vector<WindowStep::Part> parts;
  ptrdiff_t begin = 0;
  for (NodeId operand : node.inputs) {
    WindowStep::Part part = whole_of(state, operand);
    (axis == Axis::h ? part.h : part.t) = begin;
    begin += static_cast<ptrdiff_t>(axis == Axis::h ? part.h_count : part.t_count);
    parts.push_back(part);
  }
  add_window(state, id, std::move(parts));
}

void lower_slice(LoweringState& state, NodeId id) {
  const Node& node = state.graph.node(id);
  const auto& slice = std::get<Slice>(node.op);
  const NodeId operand = node.inputs[0];
  const auto first = static_cast<size_t>(slice.begin);
  const auto step = static_cast<size_t>(slice.step);
  if (slice.axis == Axis::c) {
    const auto count = static_cast<size_t>(node.shape.c);
    if (step == 1) {
      state.set_value(id, state.add_view(state.value(operand), first, count));
    } else {
      add_channels(state, id, {{state.value(operand), first, step, count}});
    }
    return;
  }
  WindowStep::Part part = whole_of(state, operand);
  part.h_count = static_cast<size_t>(node.shape.h);
  part.t_count = static_cast<size_t>(node.shape.w);
  (slice.axis == Axis::h ? part.h0 : part.t0) = static_cast<ptrdiff_t>(first);
  (slice.axis == Axis::h ? part.dh : part.dt) = step;
  add_window(state, id, {part});
}

void lower_pad(LoweringState& state, NodeId id) {
  const Node& node = state.graph.node(id);
  const auto& pad = std::get<Pad>(node.op);
  WindowStep::Part part = whole_of(state, node.inputs[0]);
  part.h_count = static_cast<size_t>(node.shape.h);
  part.t_count = static_cast<size_t>(node.shape.w);
  part.h0 = -pad.padding.top;
  part.t0 = -pad.padding.left;
  part.border = pad.mode == PadMode::reflect ? simd::Border::kReflect
                : pad.mode == PadMode::edge  ? simd::Border::kEdge
                                             : simd::Border::kZero;
  add_window(state, id, {part});
}

void lower_by_reference(LoweringState& state, NodeId id) {
  const Node& node = state.graph.node(id);
  RowMajorStep step;
  step.op = node.op;
  step.shape = node.shape;
  step.dst = state.add_value(node.shape);
  for (NodeId operand : node.inputs) {
    step.operands.push_back(state.value(operand));
    step.shapes.push_back(state.shape_of(operand));
    step.reads.push_back({state.value(operand), Reach::whole});
  }
  step.memory = state.add_blob(step.memory_floats());
  const ValueId dst = step.dst;
  const ValueId memory = step.memory;
  state.add_serial_step(std::move(step), dst).writes.push_back(memory);
  state.set_value(id, dst);
}

}  // namespace tessera::cpu
