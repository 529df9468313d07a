#include "backends/cpu/lowering.h"

#include <new>

#include "backends/cpu/lowering_state.h"
#include "backends/cpu/steps/ports.h"

namespace tessera::cpu {
namespace {

void lower_input(LoweringState& state, NodeId id, size_t port) {
  const Shape& shape = state.shape_of(id);
  InputStep step;
  step.port = port;
  step.channels = static_cast<size_t>(shape.c);
  step.dst = state.add_value(shape);
  state.set_value(id, step.dst);
  state.add_step(std::move(step), state.value(id));
}

void lower_constant(LoweringState& state, NodeId id) {
  const ValueId value = state.add_value(state.shape_of(id));
  state.program.values[value].persistent = true;
  state.constants.emplace_back(value, state.graph.get_if<Constant>(id)->value);
  state.set_value(id, value);
}

// The node whose work `root` does besides its own, and what `root` adds to it.
NodeId unwrap(const LoweringState& state, NodeId root, FusedNodes& fused) {
  NodeId id = root;
  if (const auto* unary = state.graph.get_if<Unary>(id)) {
    const NodeId operand = state.graph.node(id).inputs[0];
    if (!state.matching.is_absorbed(operand)) return id;
    fused.activation = unary;
    id = operand;
  }
  if (state.graph.get_if<Add>(id) != nullptr) {
    const std::vector<NodeId>& operands = state.graph.node(id).inputs;
    for (size_t i : {size_t{1}, size_t{0}}) {
      if (!state.matching.is_absorbed(operands[i]) ||
          state.graph.get_if<Conv>(operands[i]) == nullptr) {
        continue;
      }
      fused.residual = operands[1 - i];
      return operands[i];
    }
  }
  return id;
}

struct LowerOp {
  LoweringState& state;
  NodeId root;
  NodeId id;
  const FusedNodes& fused;

  void operator()(const Input&) const {}
  void operator()(const Constant&) const { lower_constant(state, id); }
  void operator()(const Conv&) const { lower_convolution(state, root, id, fused); }
  void operator()(const ConvTranspose&) const { lower_transposed(state, id); }
  void operator()(const Affine&) const { lower_affine(state, root, id, fused); }
  void operator()(const Norm&) const { lower_norm(state, root, id, fused); }
  void operator()(const Unary&) const { lower_unary(state, id); }
  void operator()(const Softmax& op) const {
    if (op.over == SoftmaxOver::time) {
      lower_by_reference(state, id);
    } else {
      lower_softmax(state, id);
    }
  }
  void operator()(const Add&) const { lower_pair(state, root, id, fused); }
  void operator()(const Mul&) const { lower_pair(state, root, id, fused); }
  void operator()(const Binary&) const { lower_pair(state, root, id, fused); }
  void operator()(const Concat&) const { lower_concat(state, id); }
  void operator()(const Slice&) const { lower_slice(state, id); }
  void operator()(const Pad&) const { lower_pad(state, id); }
  void operator()(const Pool&) const { lower_by_reference(state, id); }
  void operator()(const GlobalPool&) const { lower_by_reference(state, id); }
  void operator()(const Gemm&) const { lower_gemm(state, root, id, fused); }
  void operator()(const Reduce&) const { lower_by_reference(state, id); }
  void operator()(const CumulativeSum&) const { lower_by_reference(state, id); }
  void operator()(const OverlapAdd&) const { lower_by_reference(state, id); }
  void operator()(const NormStatistics&) const { lower_norm_statistics(state, id); }
  void operator()(const ScaleShift&) const { lower_scale_shift(state, id); }
};

void lower_node(LoweringState& state, NodeId root) {
  if (state.matching.is_absorbed(root)) {
    if (state.graph.get_if<Norm>(root) != nullptr &&
        state.matching.route_of(root) != NormRoute::materialise) {
      start_absorbed_norm(state, root);
    }
    return;
  }
  FusedNodes fused;
  const NodeId id = unwrap(state, root, fused);
  std::visit(LowerOp{state, root, id, fused}, state.graph.node(id).op);
}

void lower_outputs(LoweringState& state) {
  for (size_t port = 0; port < state.graph.outputs().size(); ++port) {
    const NodeId node = state.graph.outputs()[port].node;
    auto step = std::make_unique<OutputStep>();
    step->port = port;
    step->channels = static_cast<size_t>(state.shape_of(node).c);
    step->src = state.value(node);
    step->domain = LoweringState::domain_of(state.shape_of(node));
    step->reads = {{step->src}};
    state.program.steps.push_back(std::move(step));
  }
}

}  // namespace

Result<Lowered> lower(const Graph& graph, const simd::Kernels& kernels) {
  try {
    LoweringState state(graph, kernels);
    for (size_t port = 0; port < graph.inputs().size(); ++port) {
      lower_input(state, graph.inputs()[port], port);
    }
    for (NodeId id : graph.order()) lower_node(state, id);
    lower_outputs(state);
    return Lowered{std::move(state.program), signature_of(graph), std::move(state.constants)};
  } catch (const std::bad_alloc&) {
    return TESSERA_ERROR(kResourceLimit, "cpu backend", "memory for the weights cannot be had",
                         "close other programs or use a smaller network");
  }
}

}  // namespace tessera::cpu
