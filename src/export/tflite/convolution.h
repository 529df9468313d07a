// Convolutions in the file's form: weights with output channels first and operand channels last,
// paddings that have no name as an operator of their own. The values of weights may be of any type.
#pragma once

#include <span>
#include <vector>

#include "export/tflite/emitter.h"
#include "tessera/compiler/op.h"

namespace tessera::tflite {

// One filter per operand channel (or several), each of its own channel alone.
bool is_depthwise(const Conv& op, const Shape& x);

// From [out, in/groups, kh, kw]: [out, kh, kw, in/groups], or [1, kh, kw, out] of a depthwise one.
template <typename T>
std::vector<T> ordered_weights(const Conv& op, bool depthwise, std::span<const T> values) {
  const int64_t outputs = op.weight.dim(0);
  const int64_t inputs = op.weight.dim(1);
  const int64_t taps = op.weight.dim(2) * op.weight.dim(3);
  std::vector<T> ordered(values.size());
  for (int64_t o = 0; o < outputs; ++o) {
    for (int64_t i = 0; i < inputs; ++i) {
      for (int64_t k = 0; k < taps; ++k) {
        const int64_t to = depthwise ? k * outputs + o : (o * taps + k) * inputs + i;
        ordered[static_cast<size_t>(to)] = values[static_cast<size_t>((o * inputs + i) * taps + k)];
      }
    }
  }
  return ordered;
}
std::vector<int32_t> weight_dims(const Conv& op, bool depthwise);

// `weight` and `bias` are constants in that order; the value is `target`.
TensorId write_convolution(Emitter& out, const Conv& op, const Shape& x_shape, TensorId x,
                           TensorId weight, TensorId bias, Target target,
                           int8_t activation = kNoActivation);

// From [in, out/groups, kh, kw]: [out, KH, KW, in], groups and dilation written with zeros.
// Errors: kResourceLimit where these zeros would be many.
template <typename T>
std::vector<T> dense_transposed_weights(const ConvTranspose& op, std::span<const T> values) {
  const int64_t inputs = op.weight.dim(0);
  const int64_t per_group = op.weight.dim(1);
  const int64_t high = (op.weight.dim(2) - 1) * op.dilation.h + 1;
  const int64_t wide = (op.weight.dim(3) - 1) * op.dilation.w + 1;
  const int64_t outputs = per_group * op.groups;
  std::vector<T> dense(static_cast<size_t>(outputs * high * wide * inputs), T(0));
  int64_t from = 0;
  for (int64_t i = 0; i < inputs; ++i) {
    const int64_t group = i / (inputs / op.groups);
    for (int64_t o = group * per_group; o < (group + 1) * per_group; ++o) {
      for (int64_t y = 0; y < high; y += op.dilation.h) {
        for (int64_t x = 0; x < wide; x += op.dilation.w)
          dense[static_cast<size_t>(((o * high + y) * wide + x) * inputs + i)] =
              values[static_cast<size_t>(from++)];
      }
    }
  }
  return dense;
}
Result<std::vector<int32_t>> transposed_weight_dims(const ConvTranspose& op, const Node& node);

// `target` is the value; steps to it have the type and quantisation that it has.
TensorId write_transposed_convolution(Emitter& out, const ConvTranspose& op, TensorId x,
                                      TensorId weight, TensorId bias, Target target);

}  // namespace tessera::tflite
