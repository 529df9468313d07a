// TensorProto's element types and their conversion: floats to float32, integers to int64.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "model/onnx/const_array.h"
#include "tessera/result.h"

namespace onnx {
class TensorProto;
}

namespace tessera::onnx_import {

struct TensorType {
  int code = 0;  // TensorProto::DataType
  ElementKind kind = ElementKind::real;
  int64_t bits = 32;  // per element in raw data
  int64_t bytes_of(int64_t count) const { return (count * bits + 7) / 8; }
};

// TensorProto::DataType of opset 21, which the installed schema may not know: two elements a byte,
// the first in the low half.
inline constexpr int kUint4 = 21;
inline constexpr int kInt4 = 22;

// nothing for types this reader does not convert (strings, complex, 8-bit floats, ...).
std::optional<TensorType> tensor_type(int data_type);
std::string data_type_name(int data_type);  // "float16", "type 23"

// Errors: kCorrupt when the number of bytes or elements does not match `dims`. `rounded` counts
// doubles that float32 does not represent.
Result<ConstArray> decode_raw(const TensorType& type, Dims dims, std::span<const uint8_t> bytes,
                              int64_t& rounded);
Result<ConstArray> decode_typed(const TensorType& type, Dims dims, const onnx::TensorProto& tensor,
                                int64_t& rounded);

}  // namespace tessera::onnx_import
