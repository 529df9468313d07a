#include <ATen/ATen.h>

#include "backends/torch/plugin/arithmetic.h"

namespace tessera::torch_plugin {
namespace {

c10::optional<at::Tensor> bias_of(const Tensor& bias) {
  if (bias.empty()) return c10::nullopt;
  return weight_of(bias);
}

std::array<int64_t, 2> pair(const Extent& extent) {
  return {extent.h, extent.w};
}

}  // namespace

at::Tensor conv(const Conv& op, const at::Tensor& x) {
  const Padding& p = op.padding;
  const bool even = p.top == p.bottom && p.left == p.right;
  const at::Tensor padded =
      even ? x : at::constant_pad_nd(x, std::array{p.left, p.right, p.top, p.bottom}, 0);
  const std::array<int64_t, 2> padding =
      even ? std::array{p.top, p.left} : std::array<int64_t, 2>{};
  return at::conv2d(padded, weight_of(op.weight), bias_of(op.bias), pair(op.stride),
                    at::IntArrayRef(padding), pair(op.dilation), op.groups);
}

at::Tensor conv_transpose(const ConvTranspose& op, const at::Tensor& x) {
  at::Tensor y =
      at::conv_transpose2d(x, weight_of(op.weight), /*bias=*/{}, pair(op.stride), /*padding=*/0,
                           /*output_padding=*/0, op.groups, pair(op.dilation));
  y = at::constant_pad_nd(y, std::array<int64_t, 4>{0, op.extra.w, 0, op.extra.h}, 0);
  y = at::slice(y, 2, op.crop.top, y.size(2) - op.crop.bottom);
  y = at::slice(y, 3, op.crop.left, y.size(3) - op.crop.right);
  return op.bias.empty() ? y.contiguous() : y + per_channel(op.bias);
}

// col2im wants the taps of an output channel side by side, in planes of one device row each.
at::Tensor overlap_add(const OverlapAdd& op, const at::Tensor& x) {
  const int64_t outputs = x.size(1) / op.kernel;
  const int64_t rows = x.size(2);
  const int64_t frames = x.size(3);
  const at::Tensor columns = x.view({op.kernel, outputs, rows, frames})
                                 .permute({2, 1, 0, 3})
                                 .reshape({rows, outputs * op.kernel, frames});
  const int64_t length = (frames - 1) * op.stride + op.kernel;
  const at::Tensor folded =
      at::col2im(columns, std::array<int64_t, 2>{1, length}, std::array<int64_t, 2>{1, op.kernel},
                 std::array<int64_t, 2>{1, 1}, std::array<int64_t, 2>{0, 0},
                 std::array<int64_t, 2>{1, op.stride});
  return folded.permute({2, 1, 0, 3}).contiguous();
}

}  // namespace tessera::torch_plugin
