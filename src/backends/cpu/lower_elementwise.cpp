// Unary, Softmax, Add, Mul and Binary.
#include "backends/cpu/lowering_state.h"
#include "backends/cpu/steps/elementwise.h"

namespace tessera::cpu {
namespace {

simd::UnaryOp op_of(UnaryKind kind) {
  switch (kind) {
    case UnaryKind::relu: return simd::UnaryOp::kRelu;
    case UnaryKind::prelu: return simd::UnaryOp::kPrelu;
    case UnaryKind::sigmoid: return simd::UnaryOp::kSigmoid;
    case UnaryKind::tanh: return simd::UnaryOp::kTanh;
    case UnaryKind::elu: return simd::UnaryOp::kElu;
    case UnaryKind::gelu: return simd::UnaryOp::kGelu;
    case UnaryKind::silu: return simd::UnaryOp::kSilu;
    case UnaryKind::softplus: return simd::UnaryOp::kSoftplus;
    case UnaryKind::hard_sigmoid: return simd::UnaryOp::kHardSigmoid;
    case UnaryKind::clip: return simd::UnaryOp::kClip;
    case UnaryKind::exp: return simd::UnaryOp::kExp;
    case UnaryKind::log: return simd::UnaryOp::kLog;
    case UnaryKind::sqrt: return simd::UnaryOp::kSqrt;
    case UnaryKind::square: return simd::UnaryOp::kSquare;
    case UnaryKind::reciprocal: return simd::UnaryOp::kReciprocal;
    case UnaryKind::abs: return simd::UnaryOp::kAbs;
    case UnaryKind::neg: return simd::UnaryOp::kNeg;
    case UnaryKind::erf: return simd::UnaryOp::kErf;
  }
  return simd::UnaryOp::kRelu;
}

simd::BinaryOp op_of(const Op& op) {
  if (std::holds_alternative<Add>(op)) return simd::BinaryOp::kAdd;
  if (std::holds_alternative<Mul>(op)) return simd::BinaryOp::kMul;
  switch (std::get<Binary>(op).kind) {
    case BinaryKind::sub: return simd::BinaryOp::kSub;
    case BinaryKind::div: return simd::BinaryOp::kDiv;
    case BinaryKind::max: return simd::BinaryOp::kMax;
    case BinaryKind::min: return simd::BinaryOp::kMin;
    case BinaryKind::pow: return simd::BinaryOp::kPow;
  }
  return simd::BinaryOp::kAdd;
}

// a * b or a + b into a new value; `shape` is the result's.
ValueId add_pair(LoweringState& state, simd::BinaryOp op, const BinaryOperand& a,
                 const BinaryOperand& b, const Shape& shape, const FusedNodes& fused) {
  BinaryStep step;
  step.op = op;
  step.a = a;
  step.b = b;
  step.dst = state.add_value(shape);
  step.channels = static_cast<size_t>(shape.c);
  step.tiles = state.tiles(LoweringState::domain_of(shape));
  step.tile_frames = state.kernels.tile_frames;
  for (const BinaryOperand& operand : {a, b}) {
    const bool elsewhere = operand.one_frame || operand.one_plane;
    step.reads.push_back({operand.value, elsewhere ? Reach::whole : Reach::tile});
    const bool full = !elsewhere && !operand.one_channel;
    if (full && step.overwrites == kNoValue) step.overwrites = operand.value;
  }
  set_activation(fused, step.channels, state.kernels, step.epilogue);
  const ValueId dst = step.dst;
  state.add_step(std::move(step), dst);
  return dst;
}

BinaryOperand operand(const LoweringState& state, NodeId id, const Shape& result) {
  const Shape& shape = state.shape_of(id);
  return {.value = state.value(id),
          .one_channel = shape.c == 1 && result.c != 1,
          .one_frame = shape.w == 1 && result.w != 1,
          .one_plane = shape.h == 1 && result.h != 1};
}

}  // namespace

void lower_unary(LoweringState& state, NodeId id) {
  const auto& op = *state.graph.get_if<Unary>(id);
  const auto channels = static_cast<size_t>(state.shape_of(id).c);
  UnaryStep step;
  step.op = op_of(op.kind);
  step.src = state.value(state.graph.node(id).inputs[0]);
  step.dst = state.add_value(state.shape_of(id));
  step.channels = channels;
  step.alpha = static_cast<float>(op.alpha);
  step.beta = static_cast<float>(op.beta);
  if (op.kind == UnaryKind::prelu) {
    std::vector<float> slopes(channels);
    for (size_t c = 0; c < channels; ++c) {
      slopes[c] = op.slope[op.slope.size() == 1 ? 0 : static_cast<int64_t>(c)];
    }
    step.slopes = to_buffer(slopes, channels);
  }
  step.reads = {{step.src}};
  step.overwrites = step.src;
  const ValueId dst = step.dst;
  state.add_step(std::move(step), dst);
  state.set_value(id, dst);
}

void lower_softmax(LoweringState& state, NodeId id) {
  const auto& op = *state.graph.get_if<Softmax>(id);
  SoftmaxStep step;
  step.src = state.value(state.graph.node(id).inputs[0]);
  step.dst = state.add_value(state.shape_of(id));
  step.channels = static_cast<size_t>(state.shape_of(id).c);
  step.groups = static_cast<size_t>(op.sources);
  step.over_groups = op.over == SoftmaxOver::source;
  step.reads = {{step.src}};
  step.overwrites = step.src;
  const ValueId dst = step.dst;
  state.add_step(std::move(step), dst);
  state.set_value(id, dst);
}

void lower_pair(LoweringState& state, NodeId root, NodeId id, const FusedNodes& fused) {
  const Node& node = state.graph.node(id);
  const BinaryOperand a = operand(state, node.inputs[0], node.shape);
  const BinaryOperand b = operand(state, node.inputs[1], node.shape);
  state.set_value(root, add_pair(state, op_of(node.op), a, b, node.shape, fused));
}

void lower_scale_shift(LoweringState& state, NodeId id) {
  const Node& node = state.graph.node(id);
  const auto channels = static_cast<size_t>(node.shape.c);
  const ValueId numbers = state.value(node.inputs[1]);
  BinaryOperand factor;
  factor.value = state.add_view(numbers, 0, channels);
  factor.one_frame = state.shape_of(node.inputs[1]).w == 1 && node.shape.w != 1;
  BinaryOperand term = factor;
  term.value = state.add_view(numbers, channels, channels);
  BinaryOperand product;
  product.value = add_pair(state, simd::BinaryOp::kMul, {.value = state.value(node.inputs[0])},
                           factor, node.shape, {});
  state.set_value(id, add_pair(state, simd::BinaryOp::kAdd, product, term, node.shape, {}));
}

}  // namespace tessera::cpu
