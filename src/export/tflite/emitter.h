// Emitter: the operators of one node, and what all ops have in common: steps, movement of values,
// windows with any padding. Values are [1, H, W, C]. Steps have the type and quantisation of their
// first operand, as everything that only moves codes has.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "export/tflite/file_builder.h"
#include "tessera/compiler/graph.h"

namespace tessera::tflite {

// Activations that an operator may apply to its result.
constexpr int8_t kNoActivation = 0;
constexpr int8_t kReluActivation = 1;

std::vector<int32_t> dims_of(const Shape& shape);
// The dimension of a graph axis.
int32_t dimension_of(Axis axis);

// What moves along H and W: a convolution's or a pool's kernel, strides, dilations.
struct Window {
  Extent kernel;
  Extent stride;
  Extent dilation;
};

// A tensor to be made: the value of the node (`suffix` empty), or a step to it.
struct Target {
  std::vector<int32_t> dims;
  std::string suffix = {};
  TensorType type = TensorType::float32;
  Quantization quantization = {};
};

struct Emitter {
  FileBuilder& file;
  const Node& node;

  std::string name(const std::string& suffix) const;
  const std::vector<int32_t>& dims(TensorId id) const { return file.at(id).dims; }
  // One operator and the tensor that it makes.
  TensorId make(Operator code, std::vector<TensorId> inputs, Target target, Options options = {});
  // The same with the type and quantisation of the first operand.
  TensorId step(Operator code, std::vector<TensorId> inputs, std::vector<int32_t> dims,
                const std::string& suffix, Options options = {});
  // Element by element, with broadcasting.
  TensorId binary(Operator code, TensorId a, TensorId b, const std::string& suffix);
  TensorId unary(Operator code, TensorId x, const std::string& suffix, Options options = {});

  TensorId scalar(const std::string& suffix, double value);
  TensorId per_channel(const std::string& suffix, const Tensor& values);  // [C] -> [1,1,1,C]

  TensorId reshape(TensorId x, std::vector<int32_t> dims, const std::string& suffix);
  TensorId transpose(TensorId x, const std::vector<int32_t>& order, const std::string& suffix);
  // The elements begin, begin+step, ... below end of one dimension; x itself where that is all.
  TensorId slice(TensorId x, int32_t dimension, int64_t begin, int64_t end, int64_t step,
                 const std::string& suffix);
  TensorId concat(std::vector<TensorId> parts, int32_t dimension, const std::string& suffix);
  // Zeros (codes of zero, if quantised), mirrored or repeated borders; x itself without padding.
  TensorId pad(TensorId x, const Padding& padding, PadMode mode, const std::string& suffix);
  TensorId pad_with(TensorId x, const Padding& padding, TensorId value, const std::string& suffix);

  // Reduction over a dimension at a time, which stay with size 1. Sums of few terms round less.
  TensorId reduce(Operator code, TensorId x, const std::vector<int32_t>& dimensions,
                  const std::string& suffix);

  TensorId cumulative_sum(TensorId x, const std::string& suffix);  // along W

  // The padding that the format knows by name, or none.
  static std::optional<WindowPadding> padding_of(const Shape& x, const Shape& result,
                                                 const Window& window, const Padding& padding);

  // [4, 2]: before and after along each dimension.
  TensorId pads(const Padding& padding);
};

}  // namespace tessera::tflite
