#include "package/encodings_file.h"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/base64.h"
#include "base/json_fields.h"

namespace tessera {
namespace {

constexpr const char* kEncodingsName = "quantize/encodings.json";
constexpr int64_t kMinInt32 = std::numeric_limits<int32_t>::min();
constexpr int64_t kMaxInt32 = std::numeric_limits<int32_t>::max();
constexpr double kLargestFloat = std::numeric_limits<float>::max();

Json json_of(const ValueEncoding& encoding) {
  return {{"bits", encoding.bits},
          {"signed", encoding.is_signed},
          {"scale", encoding.scale},
          {"zero_point", encoding.zero_point}};
}

Json json_of(const IntegerWeights& weights) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(weights.values.data());
  Json json{{"dims", weights.dims},
            {"values", base64_encode({bytes, weights.values.size()})},
            {"bias", weights.bias},
            {"scale", weights.scale}};
  if (weights.operand) json["operand"] = json_of(*weights.operand);
  return json;
}

Result<std::vector<float>> floats(const JsonFields& fields, const char* key) {
  TESSERA_TRY(const std::vector<double> numbers, fields.numbers(key));
  std::vector<float> values;
  for (double number : numbers) {
    if (std::abs(number) > kLargestFloat)
      return fields.error(key, fmt::format("holds {}, which is no float32", number));
    values.push_back(static_cast<float>(number));
  }
  return values;
}

Result<std::vector<int32_t>> integers(const JsonFields& fields, const char* key) {
  TESSERA_TRY(const std::vector<int64_t> numbers, fields.integers(key, kMinInt32, kMaxInt32));
  return std::vector<int32_t>(numbers.begin(), numbers.end());
}

Result<ValueEncoding> parse_value(const JsonFields& fields) {
  ValueEncoding encoding;
  TESSERA_TRY(const int64_t bits, fields.integer("bits", 8, 16));
  encoding.bits = static_cast<int>(bits);
  TESSERA_TRY(encoding.is_signed, fields.boolean("signed"));
  TESSERA_TRY(encoding.scale, floats(fields, "scale"));
  TESSERA_TRY(encoding.zero_point, integers(fields, "zero_point"));
  return encoding;
}

Result<IntegerWeights> parse_weights(const JsonFields& fields) {
  IntegerWeights weights;
  TESSERA_TRY(weights.dims, fields.integers("dims", 1, kMaxInt32));
  TESSERA_TRY(const std::string text, fields.text("values"));
  const auto bytes = base64_decode(text);
  if (!bytes) return fields.error("values", "is no base64");
  for (uint8_t byte : *bytes) weights.values.push_back(static_cast<int8_t>(byte));
  TESSERA_TRY(weights.bias, integers(fields, "bias"));
  TESSERA_TRY(weights.scale, floats(fields, "scale"));
  if (fields.has("operand")) {
    TESSERA_TRY(const JsonFields operand, fields.object("operand"));
    TESSERA_TRY(weights.operand, parse_value(operand));
  }
  return weights;
}

}  // namespace

std::string print_encodings(const Encodings& encodings) {
  Json values = Json::object();
  Json weights = Json::object();
  for (const auto& [name, encoding] : encodings.values) values[name] = json_of(encoding);
  for (const auto& [name, integer] : encodings.weights) weights[name] = json_of(integer);
  Json json{{"values", std::move(values)}, {"weights", std::move(weights)}};
  // Packages of the time before there was a second one stay the same bytes.
  if (encodings.arithmetic != IntegerArithmetic::onnx)
    json["arithmetic"] = to_string(encodings.arithmetic);
  return print_json(json);
}

Result<Encodings> parse_encodings(std::span<const uint8_t> text) {
  TESSERA_TRY(const Json json, parse_json(text, kEncodingsName));
  TESSERA_TRY(const JsonFields fields, JsonFields::of(json, kEncodingsName));
  Encodings encodings;
  if (fields.has("arithmetic")) {
    TESSERA_TRY(const std::string name, fields.text("arithmetic"));
    const auto arithmetic = integer_arithmetic_of(name);
    if (!arithmetic)
      return fields.error("arithmetic", fmt::format("is '{}', and must be onnx or tflite", name));
    encodings.arithmetic = *arithmetic;
  }
  TESSERA_TRY(const auto values, fields.named_objects("values"));
  for (const auto& [name, row] : values) {
    TESSERA_TRY(encodings.values[name], parse_value(row));
  }
  TESSERA_TRY(const auto weights, fields.named_objects("weights"));
  for (const auto& [name, row] : weights) {
    TESSERA_TRY(encodings.weights[name], parse_weights(row));
  }
  return encodings;
}

}  // namespace tessera
