// Every op of tessera/compiler/op.h in libtorch's own operations. A value [C, H, W] is a tensor
// [1, C, H, W] of float32; statistics are taken in float64.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>

#include "tessera/compiler/op.h"

namespace tessera::torch_plugin {

// The weights of an op as tensors that share its memory: `tensor` must outlive the result.
at::Tensor weight_of(const Tensor& tensor);
// [C] weights, shaped to meet [1, C, H, W].
at::Tensor per_channel(const Tensor& tensor);

// Any op but Input. Throws what libtorch throws.
at::Tensor evaluate(const Op& op, std::span<const at::Tensor> operands);

at::Tensor conv(const Conv& op, const at::Tensor& x);
at::Tensor conv_transpose(const ConvTranspose& op, const at::Tensor& x);
at::Tensor overlap_add(const OverlapAdd& op, const at::Tensor& x);
at::Tensor norm(const Norm& op, const at::Tensor& x);
at::Tensor norm_statistics(const NormStatistics& op, const at::Tensor& x);
at::Tensor scale_shift(const at::Tensor& x, const at::Tensor& ab);

}  // namespace tessera::torch_plugin
