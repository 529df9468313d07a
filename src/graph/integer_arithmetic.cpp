#include "tessera/compiler/integer_arithmetic.h"

namespace tessera {

std::string_view to_string(IntegerArithmetic arithmetic) {
  return arithmetic == IntegerArithmetic::onnx ? "onnx" : "tflite";
}

std::optional<IntegerArithmetic> integer_arithmetic_of(std::string_view name) {
  for (const auto arithmetic : {IntegerArithmetic::onnx, IntegerArithmetic::tflite}) {
    if (name == to_string(arithmetic)) return arithmetic;
  }
  return std::nullopt;
}

}  // namespace tessera
