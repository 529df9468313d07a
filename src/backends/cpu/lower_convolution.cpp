// Conv, ConvTranspose and Gemm.
#include <algorithm>

#include "backends/cpu/lowering_state.h"
#include "backends/cpu/steps/depthwise.h"
#include "backends/cpu/steps/movement.h"
#include "graph/queries.h"

namespace tessera::cpu {
namespace {

simd::Border border_of(PadMode mode) {
  switch (mode) {
    case PadMode::reflect: return simd::Border::kReflect;
    case PadMode::edge: return simd::Border::kEdge;
    case PadMode::zero: break;
  }
  return simd::Border::kZero;
}

// Declares the residual of a fused as an operand that the result may overwrite.
void set_residual(LoweringState& state, const FusedNodes& fused, Step& step, Epilogue& epilogue) {
  if (fused.residual == kNoNode) return;
  epilogue.residual = state.value(fused.residual);
  step.reads.push_back({epilogue.residual});
  step.overwrites = epilogue.residual;
}

// Weights [out][in] and bias with a preceding gain and offset per input channel taken in.
PackedWeights pack_affine(const LoweringState& state, const Tensor& weight, const Tensor& bias,
                          const ChannelAffine& affine, size_t out, size_t in) {
  if (affine.gain.empty()) {
    return pack(state.kernels, weight.data(), nullptr, bias.data(), out, in);
  }
  std::vector<float> shifted(out);
  for (size_t o = 0; o < out; ++o) {
    double sum = bias.empty() ? 0.0 : static_cast<double>(bias.data()[o]);
    for (size_t i = 0; i < in; ++i) {
      sum += static_cast<double>(weight.data()[o * in + i]) * static_cast<double>(affine.offset[i]);
    }
    shifted[o] = static_cast<float>(sum);
  }
  return pack(state.kernels, weight.data(), affine.gain.data(), shifted.data(), out, in);
}

ChannelAffine constant_affine(const LoweringState& state, NodeId norm) {
  if (norm == kNoNode || state.matching.route_of(norm) != NormRoute::into_weights) return {};
  return channel_affine(state.graph.node(norm).op);
}

void add_pointwise(LoweringState& state, NodeId root, ValueId src, PackedWeights packed,
                   const FusedNodes& fused) {
  const ValueId dst = state.add_value(state.shape_of(root));
  PointwiseStep step;
  step.tiles = state.tiles(state.program.values[dst].domain);
  step.tile_frames = state.kernels.tile_frames;
  step.src = src;
  step.dst = dst;
  step.reads = {{src}};
  set_activation(fused, packed.out, state.kernels, step.epilogue);
  set_residual(state, fused, step, step.epilogue);
  step.packed = std::move(packed);
  state.add_step(std::move(step), dst);
  state.set_value(root, dst);
}

void add_depthwise(LoweringState& state, NodeId root, const Conv& conv, const ConvOperand& operand,
                   const FusedNodes& fused) {
  const Shape& src_shape = state.shape_of(operand.source);
  const auto channels = static_cast<size_t>(src_shape.c);
  DepthwiseStep step;
  step.tables = {channels, static_cast<size_t>(conv.weight.dim(3))};
  step.src = state.value(operand.source);
  step.dst = state.add_value(state.shape_of(root));
  step.src_frames = static_cast<size_t>(src_shape.w);
  step.dilation = static_cast<size_t>(conv.dilation.w);
  step.pad_left = operand.padding.left;
  step.border = border_of(operand.mode);
  step.tiles = state.tiles(LoweringState::domain_of(state.shape_of(root)));
  step.tile_frames = state.kernels.tile_frames;
  if (!conv.bias.empty()) {
    step.bias = to_buffer({conv.bias.values().begin(), conv.bias.values().end()}, channels);
  }
  const size_t reach = (step.tables.taps - 1) * step.dilation;
  const auto left = static_cast<size_t>(operand.padding.left);
  step.reads = {{step.src, Reach::whole, reach > left ? reach - left : 1, left}};
  set_activation(fused, channels, state.kernels, step.epilogue);
  const auto gains =
      operand.norm == kNoNode ? state.gains_of.end() : state.gains_of.find(index_of(operand.norm));
  if (gains != state.gains_of.end()) {
    FoldDepthwiseStep fold;
    fold.tables = step.tables;
    fold.weights = conv.weight;
    if (!conv.bias.empty()) {
      fold.bias = to_buffer({conv.bias.values().begin(), conv.bias.values().end()}, channels);
    }
    fold.gains = gains->second;
    fold.planes = static_cast<size_t>(src_shape.h);
    fold.folded = state.add_blob(fold.planes * step.tables.floats_per_plane());
    fold.reads = {{fold.gains}};
    step.folded = fold.folded;
    step.reads.push_back({step.folded});
    state.add_serial_step(std::move(fold), step.folded);
  } else {
    ChannelAffine affine = constant_affine(state, operand.norm);
    if (affine.gain.empty()) {
      affine.gain.assign(channels, 1.0f);
      affine.offset.assign(channels, 0.0f);
    }
    step.fixed = simd::AlignedBuffer(step.tables.floats_per_plane());
    if (step.fixed.data() == nullptr) throw std::bad_alloc();
    step.tables.fold(conv.weight.data(), conv.bias.data(), affine.gain.data(), affine.offset.data(),
                     step.fixed.data());
  }
  const ValueId dst = step.dst;
  state.add_step(std::move(step), dst);
  state.set_value(root, dst);
}

void add_general(LoweringState& state, NodeId root, const Conv& conv, const ConvOperand& operand,
                 const FusedNodes& fused) {
  const Shape& shape = state.shape_of(root);
  const auto groups = static_cast<size_t>(conv.groups);
  const auto out = static_cast<size_t>(conv.weight.dim(0)) / groups;
  const auto in = static_cast<size_t>(conv.weight.dim(1) * conv.weight.dim(2) * conv.weight.dim(3));
  ConvStep step;
  for (size_t g = 0; g < groups; ++g) {
    step.packed.push_back(pack(state.kernels, conv.weight.data() + g * out * in, nullptr,
                               conv.bias.empty() ? nullptr : conv.bias.data() + g * out, out, in));
  }
  step.src = state.value(operand.source);
  step.dst = state.add_value(shape);
  step.window = state.add_value(LoweringState::domain_of(shape), in);
  step.src_domain = LoweringState::domain_of(state.shape_of(operand.source));
  step.kernel_h = static_cast<size_t>(conv.weight.dim(2));
  step.kernel_w = static_cast<size_t>(conv.weight.dim(3));
  step.stride_h = static_cast<size_t>(conv.stride.h);
  step.stride_w = static_cast<size_t>(conv.stride.w);
  step.dilation_h = static_cast<size_t>(conv.dilation.h);
  step.dilation_w = static_cast<size_t>(conv.dilation.w);
  step.pad_top = operand.padding.top;
  step.pad_left = operand.padding.left;
  step.border = border_of(operand.mode);
  step.tiles = state.tiles(LoweringState::domain_of(shape));
  step.tile_frames = state.kernels.tile_frames;
  step.reads = {{step.src, Reach::whole}};
  set_activation(fused, static_cast<size_t>(shape.c), state.kernels, step.epilogue);
  set_residual(state, fused, step, step.epilogue);
  const ValueId dst = step.dst;
  const ValueId window = step.window;
  state.add_step(std::move(step), dst).writes.push_back(window);
  state.set_value(root, dst);
}

// The norm of the operand was left for later: here it is applied to the product.
void add_rescale(LoweringState& state, NodeId root, NodeId conv_id, NodeId norm_id,
                 const FusedNodes& fused) {
  const auto& conv = *state.graph.get_if<Conv>(conv_id);
  const auto& norm = *state.graph.get_if<Norm>(norm_id);
  const auto out = static_cast<size_t>(conv.weight.dim(0));
  const auto in = static_cast<size_t>(conv.weight.dim(1));
  std::vector<float> u(out);
  std::vector<float> v(out);
  for (size_t o = 0; o < out; ++o) {
    double gamma_sum = 0;
    double beta_sum = conv.bias.empty() ? 0.0 : static_cast<double>(conv.bias.data()[o]);
    for (size_t i = 0; i < in; ++i) {
      const auto w = static_cast<double>(conv.weight.data()[o * in + i]);
      gamma_sum += w * static_cast<double>(norm.gamma.data()[i]);
      beta_sum += w * static_cast<double>(norm.beta.data()[i]);
    }
    u[o] = static_cast<float>(gamma_sum);
    v[o] = static_cast<float>(beta_sum);
  }
  RescaleStep step;
  step.src = state.product_of.at(index_of(conv_id));
  step.dst = state.add_value(state.shape_of(root));
  step.rows = state.behind.at(index_of(norm_id)).rows;
  step.channels = out;
  step.u = to_buffer(u, out);
  step.v = to_buffer(v, out);
  step.tiles = state.tiles(state.program.values[step.dst].domain);
  step.tile_frames = state.kernels.tile_frames;
  step.reads = {{step.src}, {step.rows.value}};
  set_activation(fused, out, state.kernels, step.epilogue);
  set_residual(state, fused, step, step.epilogue);
  const ValueId dst = step.dst;
  state.add_step(std::move(step), dst);
  state.set_value(root, dst);
}

}  // namespace

ConvOperand operand_of(const LoweringState& state, NodeId conv) {
  ConvOperand operand;
  operand.padding = state.graph.get_if<Conv>(conv)->padding;
  operand.source = state.graph.node(conv).inputs[0];
  if (const auto* pad = state.graph.get_if<Pad>(operand.source);
      pad != nullptr && state.matching.is_absorbed(operand.source)) {
    operand.padding = pad->padding;
    operand.mode = pad->mode;
    operand.source = state.graph.node(operand.source).inputs[0];
  }
  const bool is_norm = state.graph.get_if<Norm>(operand.source) != nullptr ||
                       state.graph.get_if<Affine>(operand.source) != nullptr;
  if (is_norm && state.matching.route_of(operand.source) != NormRoute::materialise) {
    operand.norm = operand.source;
    operand.source = state.graph.node(operand.source).inputs[0];
  }
  return operand;
}

void lower_convolution(LoweringState& state, NodeId root, NodeId id, const FusedNodes& fused) {
  const auto& conv = *state.graph.get_if<Conv>(id);
  const ConvOperand operand = operand_of(state, id);
  if (has_depthwise_kernel(conv, state.shape_of(operand.source))) {
    add_depthwise(state, root, conv, operand, fused);
  } else if (state.product_of.contains(index_of(id))) {
    add_rescale(state, root, id, operand.norm, fused);
  } else if (is_pointwise(conv) && operand.padding.none()) {
    add_pointwise(state, root, state.value(operand.source),
                  pack_affine(state, conv.weight, conv.bias, constant_affine(state, operand.norm),
                              static_cast<size_t>(conv.weight.dim(0)),
                              static_cast<size_t>(conv.weight.dim(1))),
                  fused);
  } else {
    add_general(state, root, conv, operand, fused);
  }
}

void lower_gemm(LoweringState& state, NodeId root, NodeId id, const FusedNodes& fused) {
  const auto& gemm = *state.graph.get_if<Gemm>(id);
  add_pointwise(
      state, root, state.value(state.graph.node(id).inputs[0]),
      pack_affine(state, gemm.weight, gemm.bias, {}, static_cast<size_t>(gemm.weight.dim(0)),
                  static_cast<size_t>(gemm.weight.dim(1))),
      fused);
}

// A product with every tap, then the overlapping sum.
void lower_transposed(LoweringState& state, NodeId id) {
  const auto& op = *state.graph.get_if<ConvTranspose>(id);
  const NodeId operand = state.graph.node(id).inputs[0];
  const Domain src_domain = LoweringState::domain_of(state.shape_of(operand));
  const auto groups = static_cast<size_t>(op.groups);
  const auto in = static_cast<size_t>(op.weight.dim(0)) / groups;
  const auto rows = static_cast<size_t>(op.weight.dim(1) * op.weight.dim(2) * op.weight.dim(3));
  const ValueId product = state.add_value(src_domain, rows * groups);
  for (size_t g = 0; g < groups; ++g) {
    std::vector<float> weights(rows * in);  // [out, kh, kw][in]
    for (size_t i = 0; i < in; ++i) {
      for (size_t r = 0; r < rows; ++r) {
        weights[r * in + i] = op.weight.data()[(g * in + i) * rows + r];
      }
    }
    PointwiseStep step;
    step.packed = pack(state.kernels, weights.data(), nullptr, nullptr, rows, in);
    step.src =
        groups == 1 ? state.value(operand) : state.add_view(state.value(operand), g * in, in);
    step.dst = groups == 1 ? product : state.add_view(product, g * rows, rows);
    step.tiles = state.tiles(src_domain);
    step.tile_frames = state.kernels.tile_frames;
    step.reads = {{step.src}};
    const ValueId dst = step.dst;
    state.add_step(std::move(step), dst);
  }
  OverlapAddStep sum;
  sum.src = product;
  sum.dst = state.add_value(state.shape_of(id));
  sum.src_domain = src_domain;
  sum.channels = static_cast<size_t>(state.shape_of(id).c);
  sum.kernel_h = static_cast<size_t>(op.weight.dim(2));
  sum.kernel_w = static_cast<size_t>(op.weight.dim(3));
  sum.stride_h = static_cast<size_t>(op.stride.h);
  sum.stride_w = static_cast<size_t>(op.stride.w);
  sum.dilation_h = static_cast<size_t>(op.dilation.h);
  sum.dilation_w = static_cast<size_t>(op.dilation.w);
  sum.crop_top = op.crop.top;
  sum.crop_left = op.crop.left;
  if (!op.bias.empty()) {
    sum.bias = to_buffer({op.bias.values().begin(), op.bias.values().end()}, sum.channels);
  }
  sum.reads = {{product, Reach::whole}};
  const ValueId dst = sum.dst;
  state.add_step(std::move(sum), dst);
  state.set_value(id, dst);
}

}  // namespace tessera::cpu
