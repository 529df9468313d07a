#include "export/integer_nodes.h"

#include <algorithm>
#include <array>
#include <functional>

#include "export/integer_forms.h"
#include "model/onnx/proto.h"

namespace tessera {
namespace {

using integer::Coding;

template <typename T>
bool all_equal(const std::vector<T>& list) {
  return std::adjacent_find(list.begin(), list.end(), std::not_equal_to<>()) == list.end();
}

}  // namespace

onnx::TensorProto& IntegerNodes::add(const std::string& name, const std::vector<int64_t>& dims) {
  onnx::TensorProto& tensor = *proto_.add_initializer();
  tensor.set_name(out_.unique(name));
  for (int64_t d : dims) tensor.add_dims(d);
  return tensor;
}

std::string IntegerNodes::bytes(const std::string& name, std::span<const uint8_t> values,
                                std::vector<int64_t> dims, bool is_signed) {
  onnx::TensorProto& tensor = add(name, dims);
  tensor.set_data_type(is_signed ? onnx::TensorProto::INT8 : onnx::TensorProto::UINT8);
  tensor.set_raw_data(values.data(), values.size());
  return tensor.name();
}

std::string IntegerNodes::integers(const std::string& name, std::span<const int32_t> values,
                                   std::vector<int64_t> dims) {
  onnx::TensorProto& tensor = add(name, dims);
  tensor.set_data_type(onnx::TensorProto::INT32);
  for (int32_t v : values) tensor.add_int32_data(v);
  return tensor.name();
}

std::string IntegerNodes::floats(const std::string& name, std::span<const float> values,
                                 std::vector<int64_t> dims) {
  onnx::TensorProto& tensor = add(name, dims);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  for (float v : values) tensor.add_float_data(v);
  return tensor.name();
}

std::string IntegerNodes::quantize(const std::string& name, const std::string& x,
                                   const Coding& coding) {
  if (!coding.is_int16) {
    const std::vector<uint8_t> zeros(coding.zero_point.begin(), coding.zero_point.end());
    const auto channels = static_cast<int64_t>(zeros.size());
    const std::string output = out_.unique(name + "/codes");
    out_.node("QuantizeLinear",
              {x, floats(name + ".scale", coding.scale, {channels}),
               bytes(name + ".zero_point", zeros, {channels})},
              output)
        .integer("axis", 1);
    return output;
  }
  const std::string scale = floats(name + ".scale", coding.scale, per_channel(coding.scale.size()));
  return wide_codes(name, out_.step("Div", {x, scale}, name, "steps"), coding);
}

// Clip, round, add the zero point: QuantizeLinear for 16 bits.
std::string IntegerNodes::wide_codes(const std::string& name, const std::string& steps,
                                     const Coding& coding) {
  std::vector<float> low;
  std::vector<float> high;
  for (int32_t zero : coding.zero_point) {
    low.push_back(static_cast<float>(coding.lowest - zero));
    high.push_back(static_cast<float>(coding.highest - zero));
  }
  const auto dims = per_channel(low.size());
  std::string x = out_.step("Max", {steps, floats(name + ".low", low, dims)}, name, "low");
  x = out_.step("Min", {x, floats(name + ".high", high, dims)}, name, "high");
  x = out_.step("Round", {x}, name, "rounded");
  x = cast(x, onnx::TensorProto::INT32, name, "integer");
  return out_.step("Add", {x, integers(name + ".zero_point", coding.zero_point, dims)}, name,
                   "codes");
}

IntegerNodes::Measure IntegerNodes::measure(const std::string& name, const Coding& coding) {
  Measure measure;
  measure.per_channel = !all_equal(coding.scale) || !all_equal(coding.zero_point);
  const size_t count = measure.per_channel ? coding.scale.size() : 1;
  std::vector<int64_t> dims;
  if (measure.per_channel) dims.push_back(static_cast<int64_t>(count));
  measure.scale = floats(name + ".scale", std::span(coding.scale).first(count), dims);
  const auto zeros = std::span(coding.zero_point).first(count);
  onnx::TensorProto& tensor = add(name + ".zero_point", dims);
  tensor.set_data_type(coding.is_int16 ? onnx::TensorProto::INT16 : onnx::TensorProto::UINT8);
  for (int32_t zero : zeros) tensor.add_int32_data(zero);
  measure.zero_point = tensor.name();
  return measure;
}

std::string IntegerNodes::quantize_linear(const std::string& name, const std::string& x,
                                          const Coding& coding) {
  const Measure in = measure(name, coding);
  const std::string output = out_.unique(name + "/codes");
  auto node = out_.node("QuantizeLinear", {x, in.scale, in.zero_point}, output);
  if (in.per_channel) node.integer("axis", 1);
  if (coding.is_int16) node.domain(kWideDomain);
  return output;
}

void IntegerNodes::dequantize_linear(const std::string& name, const std::string& codes,
                                     const Coding& coding, const std::string& output) {
  const Measure in = measure(name, coding);
  auto node = out_.node("DequantizeLinear", {codes, in.scale, in.zero_point}, output);
  if (in.per_channel) node.integer("axis", 1);
  if (coding.is_int16) node.domain(kWideDomain);
}

std::string IntegerNodes::scale_shift(const std::string& name, const std::string& x,
                                      const std::string& ab, int64_t channels) {
  const std::string wide = cast(x, onnx::TensorProto::DOUBLE, name, "x");
  const std::string both = cast(ab, onnx::TensorProto::DOUBLE, name, "ab");
  const auto half = [&](int64_t begin, const char* suffix) {
    const std::array<int64_t, 1> from{begin};
    const std::array<int64_t, 1> to{begin + channels};
    const std::array<int64_t, 1> axis{1};
    return out_.step("Slice",
                     {both, out_.numbers(name + ".from", from), out_.numbers(name + ".to", to),
                      out_.numbers(name + ".axis", axis)},
                     name, suffix);
  };
  std::string y = out_.step("Mul", {wide, half(0, "a")}, name, "scaled");
  y = out_.step("Add", {y, half(channels, "b")}, name, "shifted");
  return cast(y, onnx::TensorProto::FLOAT, name, "float");
}

std::string IntegerNodes::cast(const std::string& x, int type, const std::string& name,
                               const std::string& suffix) {
  const std::string output = out_.unique(name + "/" + suffix);
  out_.node("Cast", {x}, output).integer("to", type);
  return output;
}

}  // namespace tessera
