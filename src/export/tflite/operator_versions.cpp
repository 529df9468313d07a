#include "export/tflite/operator_versions.h"

#include <algorithm>

namespace tessera::tflite {
namespace {

// By type of the first operand.
struct ByType {
  int32_t float32 = 1;
  int32_t int8 = 2;
  int32_t int16 = 3;
};

int32_t of_type(TensorType type, ByType versions) {
  if (type == TensorType::int8) return versions.int8;
  return type == TensorType::int16 ? versions.int16 : versions.float32;
}

bool is_dilated(const Options& options) {
  return std::ranges::any_of(options.fields, [](const auto& field) {
    const auto* number = std::get_if<int32_t>(&field.second);
    return (field.first == 5 || field.first == 6) && number != nullptr && *number > 1;
  });
}

// Version 3 allows a product of scales that is not below the result's.
int32_t of_product(std::span<const FileTensor* const> operands, const FileTensor& result) {
  const TensorType type = operands[0]->type;
  if (type != TensorType::int8) return of_type(type, {1, 2, 4});
  const float factor = operands[0]->quantization.scale.at(0) *
                       operands[1]->quantization.scale.at(0) / result.quantization.scale.at(0);
  return factor >= 1.0F ? 3 : 2;
}

}  // namespace

int32_t version_of(Operator code, std::span<const FileTensor* const> operands,
                   const FileTensor& result, const Options& options) {
  const TensorType type = operands[0]->type;
  switch (code) {
    case Operator::conv_2d:
      if (operands[1]->dims[3] != operands[0]->dims[3]) return 6;  // in groups
      return of_type(type, {1, 3, 4});
    case Operator::depthwise_conv_2d:
      return type == TensorType::float32 && is_dilated(options) ? 2 : of_type(type, {1, 3, 5});
    case Operator::fully_connected: return of_type(type, {1, 4, 7});
    case Operator::transpose_conv: return operands.size() == 4 ? 3 : 2;
    case Operator::mul: return of_product(operands, result);
    case Operator::sub: return of_type(type, {1, 2, 5});
    case Operator::transpose: return of_type(type, {1, 2, 5});
    case Operator::slice: return of_type(type, {1, 2, 4});
    case Operator::maximum:
    case Operator::minimum: return of_type(type, {1, 2, 4});
    case Operator::strided_slice:
    case Operator::sum:
    case Operator::gelu: return of_type(type, {1, 2, 1});
    case Operator::exp:
    case Operator::log:
    case Operator::sqrt: return of_type(type, {1, 2, 2});
    case Operator::leaky_relu: return of_type(type, {1, 1, 2});
    case Operator::quantize: return result.type == TensorType::int16 ? 2 : 1;
    case Operator::add:
    case Operator::abs:
    case Operator::average_pool_2d:
    case Operator::concatenation:
    case Operator::dequantize:
    case Operator::logistic:
    case Operator::max_pool_2d:
    case Operator::mean:
    case Operator::mirror_pad:
    case Operator::pad:
    case Operator::padv2:
    case Operator::reduce_max:
    case Operator::reduce_min:
    case Operator::relu:
    case Operator::relu6:
    case Operator::rsqrt:
    case Operator::softmax:
    case Operator::tanh: return of_type(type, {1, 2, 3});
    case Operator::cumsum:
    case Operator::div:
    case Operator::elu:
    case Operator::neg:
    case Operator::pow:
    case Operator::prelu:
    case Operator::reshape: return 1;
  }
  return 1;
}

}  // namespace tessera::tflite
