#include "model/onnx/tensor_data.h"

#include <bit>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "model/onnx/proto.h"

namespace tessera::onnx_import {
namespace {

using onnx::TensorProto;

float half_to_float(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000U) << 16U;
  const uint32_t exponent = (half >> 10U) & 0x1FU;
  const uint32_t mantissa = half & 0x3FFU;
  if (exponent == 0) {
    const float magnitude = std::ldexp(static_cast<float>(mantissa), -24);
    return sign != 0 ? -magnitude : magnitude;
  }
  const uint32_t bits = exponent == 31 ? 0x7F800000U | (mantissa << 13U)
                                       : ((exponent + 112U) << 23U) | (mantissa << 13U);
  return std::bit_cast<float>(sign | bits);
}

float bfloat_to_float(uint16_t value) {
  return std::bit_cast<float>(static_cast<uint32_t>(value) << 16U);
}

float narrow(double value, int64_t& rounded) {
  const auto result = static_cast<float>(value);
  if (static_cast<double>(result) != value && !std::isnan(value)) ++rounded;
  return result;
}

template <typename T>
T load(std::span<const uint8_t> bytes, int64_t i) {
  T value;
  std::memcpy(&value, bytes.data() + static_cast<size_t>(i) * sizeof(T), sizeof(T));
  return value;
}

float raw_real(int code, std::span<const uint8_t> bytes, int64_t i, int64_t& rounded) {
  switch (code) {
    case TensorProto::FLOAT16: return half_to_float(load<uint16_t>(bytes, i));
    case TensorProto::BFLOAT16: return bfloat_to_float(load<uint16_t>(bytes, i));
    case TensorProto::DOUBLE: return narrow(load<double>(bytes, i), rounded);
    default: return load<float>(bytes, i);
  }
}

int64_t half_byte(int code, uint8_t byte, int64_t i) {
  const int value = i % 2 == 0 ? byte & 0xF : byte >> 4;
  return code == kInt4 && value > 7 ? value - 16 : value;
}

int64_t raw_integer(int code, std::span<const uint8_t> bytes, int64_t i) {
  switch (code) {
    case kUint4:
    case kInt4: return half_byte(code, bytes[static_cast<size_t>(i / 2)], i);
    case TensorProto::UINT8: return load<uint8_t>(bytes, i);
    case TensorProto::INT8: return load<int8_t>(bytes, i);
    case TensorProto::UINT16: return load<uint16_t>(bytes, i);
    case TensorProto::INT16: return load<int16_t>(bytes, i);
    case TensorProto::UINT32: return load<uint32_t>(bytes, i);
    case TensorProto::INT32: return load<int32_t>(bytes, i);
    case TensorProto::UINT64: return static_cast<int64_t>(load<uint64_t>(bytes, i));
    case TensorProto::BOOL: return load<uint8_t>(bytes, i) != 0 ? 1 : 0;
    default: return load<int64_t>(bytes, i);
  }
}

int64_t typed_count(int code, const TensorProto& tensor) {
  switch (code) {
    case TensorProto::FLOAT: return tensor.float_data_size();
    case TensorProto::DOUBLE: return tensor.double_data_size();
    case TensorProto::INT64: return tensor.int64_data_size();
    case TensorProto::UINT32:
    case TensorProto::UINT64: return tensor.uint64_data_size();
    default: return tensor.int32_data_size();
  }
}

float typed_real(int code, const TensorProto& tensor, int i, int64_t& rounded) {
  switch (code) {
    case TensorProto::FLOAT: return tensor.float_data(i);
    case TensorProto::DOUBLE: return narrow(tensor.double_data(i), rounded);
    case TensorProto::FLOAT16: return half_to_float(static_cast<uint16_t>(tensor.int32_data(i)));
    default: return bfloat_to_float(static_cast<uint16_t>(tensor.int32_data(i)));
  }
}

int64_t typed_integer(int code, const TensorProto& tensor, int i) {
  switch (code) {
    case kUint4:
    case kInt4: return half_byte(code, static_cast<uint8_t>(tensor.int32_data(i / 2)), i);
    case TensorProto::INT64: return tensor.int64_data(i);
    case TensorProto::UINT32:
    case TensorProto::UINT64: return static_cast<int64_t>(tensor.uint64_data(i));
    case TensorProto::BOOL: return tensor.int32_data(i) != 0 ? 1 : 0;
    default: return tensor.int32_data(i);
  }
}

Error size_mismatch(const Dims& dims, int64_t expected, int64_t found, const char* unit) {
  return TESSERA_ERROR(kCorrupt, "",
                       fmt::format("its shape {} needs {} {}, the file holds {}",
                                   dims_to_string(dims), expected, unit, found),
                       "export the model again");
}

template <typename Real, typename Integer>
ConstArray build(const TensorType& type, Dims dims, int64_t count, Real real, Integer integer) {
  if (type.kind == ElementKind::real) {
    std::vector<float> values(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i) values[static_cast<size_t>(i)] = real(i);
    return ConstArray::reals(std::move(dims), std::move(values));
  }
  std::vector<int64_t> values(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) values[static_cast<size_t>(i)] = integer(i);
  ConstArray array = type.kind == ElementKind::boolean
                         ? ConstArray::booleans(std::move(dims), std::move(values))
                         : ConstArray::integers(std::move(dims), std::move(values));
  array.set_element_type(type.code);
  return array;
}

}  // namespace

std::optional<TensorType> tensor_type(int data_type) {
  switch (data_type) {
    case TensorProto::FLOAT: return TensorType{data_type, ElementKind::real, 32};
    case TensorProto::DOUBLE: return TensorType{data_type, ElementKind::real, 64};
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16: return TensorType{data_type, ElementKind::real, 16};
    case kUint4:
    case kInt4: return TensorType{data_type, ElementKind::integer, 4};
    case TensorProto::UINT8:
    case TensorProto::INT8: return TensorType{data_type, ElementKind::integer, 8};
    case TensorProto::UINT16:
    case TensorProto::INT16: return TensorType{data_type, ElementKind::integer, 16};
    case TensorProto::UINT32:
    case TensorProto::INT32: return TensorType{data_type, ElementKind::integer, 32};
    case TensorProto::UINT64:
    case TensorProto::INT64: return TensorType{data_type, ElementKind::integer, 64};
    case TensorProto::BOOL: return TensorType{data_type, ElementKind::boolean, 8};
    default: return std::nullopt;
  }
}

std::string data_type_name(int data_type) {
  if (data_type == kUint4 || data_type == kInt4) return data_type == kInt4 ? "int4" : "uint4";
  if (!TensorProto::DataType_IsValid(data_type)) return fmt::format("type {}", data_type);
  std::string name = TensorProto::DataType_Name(static_cast<TensorProto::DataType>(data_type));
  for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return name;
}

Result<ConstArray> decode_raw(const TensorType& type, Dims dims, std::span<const uint8_t> bytes,
                              int64_t& rounded) {
  TESSERA_TRY(const int64_t count, element_count(dims));
  if (static_cast<int64_t>(bytes.size()) != type.bytes_of(count)) {
    return size_mismatch(dims, type.bytes_of(count), static_cast<int64_t>(bytes.size()), "bytes");
  }
  return build(
      type, std::move(dims), count,
      [&](int64_t i) { return raw_real(type.code, bytes, i, rounded); },
      [&](int64_t i) { return raw_integer(type.code, bytes, i); });
}

Result<ConstArray> decode_typed(const TensorType& type, Dims dims, const TensorProto& tensor,
                                int64_t& rounded) {
  TESSERA_TRY(const int64_t count, element_count(dims));
  const int64_t entries = type.bits == 4 ? type.bytes_of(count) : count;
  if (typed_count(type.code, tensor) != entries) {
    return size_mismatch(dims, entries, typed_count(type.code, tensor), "elements");
  }
  return build(
      type, std::move(dims), count,
      [&](int64_t i) { return typed_real(type.code, tensor, static_cast<int>(i), rounded); },
      [&](int64_t i) { return typed_integer(type.code, tensor, static_cast<int>(i)); });
}

}  // namespace tessera::onnx_import
