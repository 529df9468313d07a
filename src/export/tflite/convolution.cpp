#include "export/tflite/convolution.h"

#include <algorithm>

#include <fmt/format.h>

namespace tessera::tflite {

bool is_depthwise(const Conv& op, const Shape& x) {
  return op.groups == x.c && op.weight.dim(1) == 1 && x.c > 1;
}

std::vector<int32_t> weight_dims(const Conv& op, bool depthwise) {
  const auto dim = [&](size_t axis) { return static_cast<int32_t>(op.weight.dim(axis)); };
  if (depthwise) return {1, dim(2), dim(3), dim(0)};
  return {dim(0), dim(2), dim(3), dim(1)};
}

TensorId write_convolution(Emitter& out, const Conv& op, const Shape& x_shape, TensorId x,
                           TensorId weight, TensorId bias, Target target, int8_t activation) {
  const Window window{{op.weight.dim(2), op.weight.dim(3)}, op.stride, op.dilation};
  const auto named = Emitter::padding_of(x_shape, out.node.shape, window, op.padding);
  if (!named) x = out.pad(x, op.padding, PadMode::zero, "padded");
  const auto padding = static_cast<int8_t>(named.value_or(WindowPadding::valid));
  const auto number = [](int64_t value) { return static_cast<int32_t>(value); };
  // A kernel of one tap has no dilation; compilers of chips judge by the number all the same.
  const auto dilation_of = [&](size_t axis, int64_t dilation) {
    return op.weight.dim(axis) > 1 ? number(dilation) : 1;
  };
  const int32_t dilation_h = dilation_of(2, op.dilation.h);
  const int32_t dilation_w = dilation_of(3, op.dilation.w);
  if (is_depthwise(op, x_shape)) {
    return out.make(Operator::depthwise_conv_2d, {x, weight, bias}, std::move(target),
                    {OptionsTable::depthwise_conv_2d,
                     {{0, padding},
                      {1, number(op.stride.w)},
                      {2, number(op.stride.h)},
                      {3, number(op.weight.dim(0) / x_shape.c)},
                      {4, activation},
                      {5, dilation_w},
                      {6, dilation_h}}});
  }
  return out.make(Operator::conv_2d, {x, weight, bias}, std::move(target),
                  {OptionsTable::conv_2d,
                   {{0, padding},
                    {1, number(op.stride.w)},
                    {2, number(op.stride.h)},
                    {3, activation},
                    {4, dilation_w},
                    {5, dilation_h}}});
}

Result<std::vector<int32_t>> transposed_weight_dims(const ConvTranspose& op, const Node& node) {
  constexpr int64_t kMaxValues = int64_t{1} << 26;
  const std::array<int64_t, 4> dims = {
      op.weight.dim(1) * op.groups, (op.weight.dim(2) - 1) * op.dilation.h + 1,
      (op.weight.dim(3) - 1) * op.dilation.w + 1, op.weight.dim(0)};
  const auto count = checked_element_count(dims, kMaxValues);
  if (!count) {
    return TESSERA_ERROR(
        kResourceLimit, node.name,
        fmt::format("a transposed convolution in {} groups has weights of {} in TensorFlow Lite, "
                    "which knows no groups: more than {} values",
                    op.groups, dims_to_string(dims), kMaxValues),
        "export the network as ONNX, or rewrite it first, which lowers transposed convolutions");
  }
  return std::vector<int32_t>(dims.begin(), dims.end());
}

namespace {

// What is appended and what is cropped cancel; frames of zeros stand for whole strides of the rest,
// as runtimes take less than a stride.
int64_t settle(int64_t& extra, int64_t& crop, int64_t stride) {
  const int64_t both = std::min(extra, crop);
  extra -= both;
  crop -= both;
  const int64_t frames = extra / stride;
  extra %= stride;
  return frames;
}

}  // namespace

TensorId write_transposed_convolution(Emitter& out, const ConvTranspose& op, TensorId x,
                                      TensorId weight, TensorId bias, Target target) {
  Padding crop = op.crop;
  Extent extra = op.extra;
  Padding zeros;
  zeros.bottom = settle(extra.h, crop.bottom, op.stride.h);
  zeros.right = settle(extra.w, crop.right, op.stride.w);
  x = out.pad(x, zeros, PadMode::zero, "longer");
  const std::vector<int32_t>& kernel = out.dims(weight);
  const auto length = [](int64_t size, int64_t stride, int64_t taps, int64_t more) {
    return static_cast<int32_t>((size - 1) * stride + taps + more);
  };
  const std::vector<int32_t> whole = {1, length(out.dims(x)[1], op.stride.h, kernel[1], extra.h),
                                      length(out.dims(x)[2], op.stride.w, kernel[2], extra.w),
                                      target.dims[3]};
  const bool cropped = !crop.none();
  Target first = target;
  first.dims = whole;
  if (cropped) first.suffix = "whole";
  const TensorId shape = out.file.int32s(out.node.name + ".shape", whole, {4});
  TensorId y = out.make(Operator::transpose_conv, {shape, weight, x, bias}, std::move(first),
                        {OptionsTable::transpose_conv,
                         {{0, static_cast<int8_t>(WindowPadding::valid)},
                          {1, static_cast<int32_t>(op.stride.w)},
                          {2, static_cast<int32_t>(op.stride.h)},
                          {3, kNoActivation}}});
  const bool rows = crop.top > 0 || crop.bottom > 0;
  const bool columns = crop.left > 0 || crop.right > 0;
  if (rows)
    y = out.slice(y, 1, crop.top, whole[1] - crop.bottom, 1, columns ? "rows" : target.suffix);
  if (columns) y = out.slice(y, 2, crop.left, whole[2] - crop.right, 1, target.suffix);
  return y;
}

}  // namespace tessera::tflite
