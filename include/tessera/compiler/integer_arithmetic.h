// IntegerArithmetic: whose rounding the integers of a quantised network follow. A target says which
// its compiler and chip compute in; tessera/compiler/encodings.h tells what each is.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tessera {

enum class IntegerArithmetic : uint8_t {
  onnx,    // QuantizeLinear, QLinearConv: float32 factors, halves to even
  tflite,  // TensorFlow Lite's reference kernels: fixed-point factors, halves away from zero
};
std::string_view to_string(IntegerArithmetic arithmetic);  // "onnx", "tflite"
std::optional<IntegerArithmetic> integer_arithmetic_of(std::string_view name);

}  // namespace tessera
