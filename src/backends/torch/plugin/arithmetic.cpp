#include "backends/torch/plugin/arithmetic.h"

#include <ATen/ATen.h>

#include <limits>

namespace tessera::torch_plugin {
namespace {

at::Tensor unary(const Unary& op, const at::Tensor& x) {
  switch (op.kind) {
    case UnaryKind::relu: return at::relu(x);
    case UnaryKind::prelu: return at::prelu(x, weight_of(op.slope));
    case UnaryKind::sigmoid: return at::sigmoid(x);
    case UnaryKind::tanh: return at::tanh(x);
    case UnaryKind::elu: return at::elu(x, op.alpha);
    case UnaryKind::gelu: return at::gelu(x, "none");
    case UnaryKind::silu: return at::silu(x);
    case UnaryKind::softplus: return at::softplus(x);
    case UnaryKind::hard_sigmoid: return at::clamp(x * op.alpha + op.beta, 0, 1);
    case UnaryKind::clip: return at::clamp(x, op.alpha, op.beta);
    case UnaryKind::exp: return at::exp(x);
    case UnaryKind::log: return at::log(x);
    case UnaryKind::sqrt: return at::sqrt(x);
    case UnaryKind::square: return at::square(x);
    case UnaryKind::reciprocal: return at::reciprocal(x);
    case UnaryKind::abs: return at::abs(x);
    case UnaryKind::neg: return at::neg(x);
    case UnaryKind::erf: return at::erf(x);
  }
  return x;
}

at::Tensor binary(BinaryKind kind, const at::Tensor& a, const at::Tensor& b) {
  switch (kind) {
    case BinaryKind::sub: return a - b;
    case BinaryKind::div: return a / b;
    case BinaryKind::max: return at::maximum(a, b);
    case BinaryKind::min: return at::minimum(a, b);
    case BinaryKind::pow: return at::pow(a, b);
  }
  return a;
}

at::Tensor softmax(const Softmax& op, const at::Tensor& x) {
  if (op.over == SoftmaxOver::time) return at::softmax(x, 3);
  const at::Tensor sources = x.view({op.sources, x.size(1) / op.sources, x.size(2), x.size(3)});
  return at::softmax(sources, op.over == SoftmaxOver::source ? 0 : 1).view(x.sizes());
}

int64_t dimension_of(Axis axis) {
  return axis == Axis::c ? 1 : axis == Axis::h ? 2 : 3;
}

at::Tensor pad(const Pad& op, const at::Tensor& x) {
  const Padding& p = op.padding;
  const std::array<int64_t, 4> borders{p.left, p.right, p.top, p.bottom};
  switch (op.mode) {
    case PadMode::zero: return at::constant_pad_nd(x, borders, 0);
    case PadMode::reflect: return at::reflection_pad2d(x, borders);
    case PadMode::edge: return at::replication_pad2d(x, borders);
  }
  return x;
}

// Padded by hand: libtorch's pools take equal padding of at most half a kernel.
at::Tensor pool(const Pool& op, const at::Tensor& x) {
  const Padding& p = op.padding;
  const std::array<int64_t, 4> borders{p.left, p.right, p.top, p.bottom};
  const std::array<int64_t, 2> kernel{op.kernel.h, op.kernel.w};
  const std::array<int64_t, 2> stride{op.stride.h, op.stride.w};
  if (op.kind == PoolKind::max) {
    const double lowest = -std::numeric_limits<double>::infinity();
    return at::max_pool2d(at::constant_pad_nd(x, borders, lowest), kernel, stride);
  }
  const at::Tensor mean = at::avg_pool2d(at::constant_pad_nd(x, borders, 0), kernel, stride);
  if (op.count_padding) return mean;
  const at::Tensor inside = at::constant_pad_nd(at::ones_like(x), borders, 0);
  return mean / at::avg_pool2d(inside, kernel, stride);
}

at::Tensor global_pool(PoolKind kind, const at::Tensor& x) {
  if (kind == PoolKind::max) return at::amax(x, 3, /*keepdim=*/true);
  return at::mean(x, 3, /*keepdim=*/true, at::kDouble).to(at::kFloat);
}

// [1, C, H, 1] by columns of H.
at::Tensor gemm(const Gemm& op, const at::Tensor& x) {
  const at::Tensor y =
      at::matmul(weight_of(op.weight), x.view({x.size(1), x.size(2)})).unsqueeze(0).unsqueeze(3);
  return op.bias.empty() ? y : y + per_channel(op.bias);
}

at::Tensor reduce(const Reduce& op, const at::Tensor& x) {
  std::vector<int64_t> axes;
  if (op.over_c) axes.push_back(1);
  if (op.over_h) axes.push_back(2);
  if (op.over_w) axes.push_back(3);
  switch (op.kind) {
    case ReduceKind::sum: return at::sum(x, axes, true, at::kDouble).to(at::kFloat);
    case ReduceKind::mean: return at::mean(x, axes, true, at::kDouble).to(at::kFloat);
    case ReduceKind::max: return at::amax(x, axes, true);
    case ReduceKind::min: return at::amin(x, axes, true);
  }
  return x;
}

struct Evaluator {
  std::span<const at::Tensor> in;

  at::Tensor operator()(const Input&) const { return in[0]; }  // never asked for
  at::Tensor operator()(const Constant& op) const { return weight_of(op.value).unsqueeze(0); }
  at::Tensor operator()(const Conv& op) const { return conv(op, in[0]); }
  at::Tensor operator()(const ConvTranspose& op) const { return conv_transpose(op, in[0]); }
  at::Tensor operator()(const Affine& op) const {
    return in[0] * per_channel(op.scale) + per_channel(op.bias);
  }
  at::Tensor operator()(const Norm& op) const { return norm(op, in[0]); }
  at::Tensor operator()(const Unary& op) const { return unary(op, in[0]); }
  at::Tensor operator()(const Softmax& op) const { return softmax(op, in[0]); }
  at::Tensor operator()(const Add&) const { return in[0] + in[1]; }
  at::Tensor operator()(const Mul&) const { return in[0] * in[1]; }
  at::Tensor operator()(const Binary& op) const { return binary(op.kind, in[0], in[1]); }
  at::Tensor operator()(const Concat& op) const {
    return at::cat(at::TensorList(in.data(), in.size()), dimension_of(op.axis));
  }
  at::Tensor operator()(const Slice& op) const {
    return at::slice(in[0], dimension_of(op.axis), op.begin, op.end, op.step).contiguous();
  }
  at::Tensor operator()(const Pad& op) const { return pad(op, in[0]); }
  at::Tensor operator()(const Pool& op) const { return pool(op, in[0]); }
  at::Tensor operator()(const GlobalPool& op) const { return global_pool(op.kind, in[0]); }
  at::Tensor operator()(const Gemm& op) const { return gemm(op, in[0]); }
  at::Tensor operator()(const Reduce& op) const { return reduce(op, in[0]); }
  at::Tensor operator()(const CumulativeSum&) const {
    return at::cumsum(in[0], 3, at::kDouble).to(at::kFloat);
  }
  at::Tensor operator()(const OverlapAdd& op) const { return overlap_add(op, in[0]); }
  at::Tensor operator()(const NormStatistics& op) const { return norm_statistics(op, in[0]); }
  at::Tensor operator()(const ScaleShift&) const { return scale_shift(in[0], in[1]); }
};

}  // namespace

at::Tensor weight_of(const Tensor& tensor) {
  // Only ever read: from_blob takes no const pointer.
  return at::from_blob(const_cast<float*>(tensor.data()), tensor.dims(), at::kFloat);
}

at::Tensor per_channel(const Tensor& tensor) {
  return weight_of(tensor).view({1, tensor.size(), 1, 1});
}

at::Tensor evaluate(const Op& op, std::span<const at::Tensor> operands) {
  return std::visit(Evaluator{operands}, op).contiguous();
}

}  // namespace tessera::torch_plugin
