// Numbers of the TensorFlow Lite file format (schema version 3): operators, tensor types, option
// tables, and the fields of its FlatBuffers tables.
#pragma once

#include <cstdint>

namespace tessera::tflite {

enum class TensorType : int8_t { float32 = 0, int32 = 2, int64 = 4, int16 = 7, int8 = 9 };

enum class Operator : int32_t {
  add = 0,
  average_pool_2d = 1,
  concatenation = 2,
  conv_2d = 3,
  depthwise_conv_2d = 4,
  dequantize = 6,
  fully_connected = 9,
  logistic = 14,
  max_pool_2d = 17,
  mul = 18,
  relu = 19,
  relu6 = 21,
  reshape = 22,
  softmax = 25,
  tanh = 28,
  pad = 34,
  transpose = 39,
  mean = 40,
  sub = 41,
  div = 42,
  strided_slice = 45,
  exp = 47,
  prelu = 54,
  maximum = 55,
  minimum = 57,
  neg = 59,
  padv2 = 60,
  slice = 65,
  transpose_conv = 67,
  log = 73,
  sum = 74,
  sqrt = 75,
  rsqrt = 76,
  pow = 78,
  reduce_max = 82,
  reduce_min = 89,
  leaky_relu = 98,
  mirror_pad = 100,
  abs = 101,
  elu = 111,
  quantize = 114,
  cumsum = 128,
  gelu = 150,
};

// Which table of options an operator has, and where its fields are.
enum class OptionsTable : uint8_t {
  none = 0,
  conv_2d = 1,            // padding, stride_w, stride_h, activation, dilation_w, dilation_h
  depthwise_conv_2d = 2,  // padding, stride_w, stride_h, multiplier, activation, dilation_w, _h
  pool_2d = 5,            // padding, stride_w, stride_h, width, height, activation
  fully_connected = 8,    // activation, weights format, keep_num_dims
  softmax = 9,            // beta
  concatenation = 10,     // axis, activation
  add = 11,               // activation, pot_scale_int16
  reshape = 17,           // new_shape
  mul = 21,               // activation
  pad = 22,
  transpose = 26,
  reducer = 27,  // keep_dims
  sub = 28,      // activation, pot_scale_int16
  div = 29,      // activation
  strided_slice = 32,
  exp = 33,
  dequantize = 38,
  maximum_minimum = 39,
  neg = 42,
  padv2 = 43,
  slice = 48,
  transpose_conv = 49,  // padding, stride_w, stride_h, activation
  pow = 56,
  leaky_relu = 75,  // alpha
  mirror_pad = 77,  // mode
  abs = 78,
  quantize = 89,
  cumsum = 102,  // exclusive, reverse
  gelu = 116,    // approximate
};

enum class WindowPadding : int8_t { same = 0, valid = 1 };
constexpr int8_t kMirrorPadReflect = 0;

// The offset of a table's field in its vtable, from the field's number.
constexpr uint16_t field_offset(uint16_t number) {
  return static_cast<uint16_t>(4 + 2 * number);
}

namespace model {
enum Field : uint16_t {
  version = field_offset(0),
  operator_codes = field_offset(1),
  subgraphs = field_offset(2),
  description = field_offset(3),
  buffers = field_offset(4),
  metadata = field_offset(6),
  signatures = field_offset(7),
};
}
namespace metadata {
enum Field : uint16_t { name = field_offset(0), buffer = field_offset(1) };
}
namespace buffer {
enum Field : uint16_t { data = field_offset(0) };
}
namespace operator_code {
// Codes up to 127 stand in `deprecated_code`, larger ones leave 127 there.
enum Field : uint16_t {
  deprecated_code = field_offset(0),
  version = field_offset(2),
  code = field_offset(3),
};
constexpr int32_t kMaxDeprecated = 127;
}  // namespace operator_code
namespace subgraph {
enum Field : uint16_t {
  tensors = field_offset(0),
  inputs = field_offset(1),
  outputs = field_offset(2),
  operators = field_offset(3),
  name = field_offset(4),
};
}
namespace tensor {
enum Field : uint16_t {
  shape = field_offset(0),
  type = field_offset(1),
  buffer = field_offset(2),
  name = field_offset(3),
  quantization = field_offset(4),
  has_rank = field_offset(8),
};
}
namespace quantization {
enum Field : uint16_t {
  scale = field_offset(2),
  zero_point = field_offset(3),
  dimension = field_offset(6),
};
}
namespace op {
enum Field : uint16_t {
  code_index = field_offset(0),
  inputs = field_offset(1),
  outputs = field_offset(2),
  options_type = field_offset(3),
  options = field_offset(4),
};
}
namespace signature {
enum Field : uint16_t {
  inputs = field_offset(0),
  outputs = field_offset(1),
  key = field_offset(2),
  subgraph = field_offset(4),
};
}
namespace tensor_map {
enum Field : uint16_t { name = field_offset(0), tensor = field_offset(1) };
}

}  // namespace tessera::tflite
