#include "vendor/hailo/hn/hn.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json_fields.h"

namespace tessera {
namespace {

constexpr int64_t kMaxElements = int64_t{1} << 40;  // of one axis, and of a tensor
constexpr size_t kMaxLayers = 1U << 17;

Result<std::vector<std::string>> words_or_none(const JsonFields& fields, const char* key) {
  if (!fields.has(key)) return std::vector<std::string>();
  return fields.words(key);
}

Result<std::vector<int64_t>> integers_or_none(const JsonFields& fields, const char* key) {
  if (!fields.has(key)) return std::vector<int64_t>();
  return fields.integers(key, -kMaxElements, kMaxElements);
}

Result<std::vector<double>> numbers_or_none(const JsonFields& fields, const char* key) {
  if (!fields.has(key)) return std::vector<double>();
  return fields.numbers(key);
}

Result<void> read_text(const JsonFields& fields, const char* key, std::string& out) {
  if (!fields.has(key)) return {};
  TESSERA_TRY(out, fields.text(key));
  return {};
}

Result<void> read_boolean(const JsonFields& fields, const char* key, bool& out) {
  if (!fields.has(key)) return {};
  TESSERA_TRY(out, fields.boolean(key));
  return {};
}

Result<void> read_number(const JsonFields& fields, const char* key, double& out) {
  if (!fields.has(key)) return {};
  TESSERA_TRY(out, fields.number(key));
  return {};
}

// A list of lists of integers, which JsonFields does not know.
Result<std::vector<std::vector<int64_t>>> lists(const Json& json, const JsonFields& fields,
                                                const char* key) {
  std::vector<std::vector<int64_t>> out;
  const auto found = json.find(key);
  if (found == json.end()) return out;
  if (!found->is_array()) return fields.error(key, "is not an array");
  for (const Json& inner : *found) {
    if (!inner.is_array()) return fields.error(key, "is not of arrays");
    std::vector<int64_t>& list = out.emplace_back();
    for (const Json& element : inner) {
      if (!element.is_number_integer() || element < -kMaxElements || element > kMaxElements) {
        return fields.error(key, "is not of arrays of integers");
      }
      list.push_back(element.get<int64_t>());
    }
  }
  return out;
}

// [batch, height, width, channels], or [batch, channels].
Result<Shape> shape_of(const std::vector<int64_t>& dims, const JsonFields& fields,
                       const char* key) {
  const bool flat = dims.size() == 2;
  if (!flat && dims.size() != 4) {
    return fields.error(key, "is not of shapes with two or four dimensions");
  }
  const Shape shape = flat ? Shape{dims[1], 1, 1} : Shape{dims[3], dims[1], dims[2]};
  for (const int64_t axis : {shape.c, shape.h, shape.w}) {
    if (axis < 1 || axis > kMaxElements) return fields.error(key, "has a dimension below 1");
  }
  if (shape.c > kMaxElements / shape.h || shape.c * shape.h > kMaxElements / shape.w) {
    return fields.error(key, "has more elements than any tensor");
  }
  return shape;
}

Result<std::vector<Shape>> shapes(const Json& json, const JsonFields& fields, const char* key) {
  std::vector<Shape> out;
  TESSERA_TRY(const auto list, lists(json, fields, key));
  for (const auto& dims : list) {
    TESSERA_TRY(const Shape shape, shape_of(dims, fields, key));
    out.push_back(shape);
  }
  return out;
}

Result<HnParams> read_params(const Json& json, const JsonFields& fields) {
  HnParams params;
  TESSERA_TRY(params.kernel_shape, integers_or_none(fields, "kernel_shape"));
  TESSERA_TRY(params.strides, integers_or_none(fields, "strides"));
  TESSERA_TRY(params.dilations, integers_or_none(fields, "dilations"));
  TESSERA_TRY(params.reduce_axes, integers_or_none(fields, "reduce_axes"));
  TESSERA_TRY(params.group_sizes, integers_or_none(fields, "group_sizes"));
  TESSERA_TRY(params.height_slice, integers_or_none(fields, "height_slice"));
  TESSERA_TRY(params.width_slice, integers_or_none(fields, "width_slice"));
  TESSERA_TRY(params.features_slice, integers_or_none(fields, "features_slice"));
  TESSERA_TRY(params.resize_h, numbers_or_none(fields, "resize_h_ratio_list"));
  TESSERA_TRY(params.resize_w, numbers_or_none(fields, "resize_w_ratio_list"));
  TESSERA_TRY(params.resize_f, numbers_or_none(fields, "resize_f_ratio_list"));
  TESSERA_TRY(params.input_repeats, lists(json, fields, "input_repeats"));
  TESSERA_TRY(params.input_tiles, lists(json, fields, "input_tiles"));
  TESSERA_TRY_VOID(read_text(fields, "padding", params.padding));
  TESSERA_TRY_VOID(read_text(fields, "activation", params.activation));
  TESSERA_TRY_VOID(read_text(fields, "concat_axis", params.concat_axis));
  TESSERA_TRY_VOID(read_text(fields, "feature_multiplier_type", params.feature_multiplier_type));
  TESSERA_TRY_VOID(read_text(fields, "method", params.resize_method));
  TESSERA_TRY_VOID(read_boolean(fields, "batch_norm", params.batch_norm));
  TESSERA_TRY_VOID(read_boolean(fields, "elementwise_add", params.elementwise_add));
  TESSERA_TRY_VOID(read_boolean(fields, "count_include_pad", params.count_include_pad));
  if (fields.has("groups")) {
    TESSERA_TRY(params.groups, fields.integer("groups", 1, kMaxElements));
  }
  return params;
}

Result<HnLayer> read_layer(const Json& json, const JsonFields& fields, const std::string& name) {
  HnLayer layer;
  layer.name = name;
  TESSERA_TRY(layer.type, fields.text("type"));
  TESSERA_TRY(layer.inputs, words_or_none(fields, "input"));
  TESSERA_TRY(layer.outputs, words_or_none(fields, "output"));
  TESSERA_TRY(layer.input_shapes, shapes(json, fields, "input_shapes"));
  TESSERA_TRY(layer.output_shapes, shapes(json, fields, "output_shapes"));
  if (layer.output_shapes.empty()) return fields.error("output_shapes", "is missing or empty");
  TESSERA_TRY(layer.original_names, words_or_none(fields, "original_names"));
  if (fields.has("quantization_params")) {
    TESSERA_TRY(const JsonFields quantization, fields.object("quantization_params"));
    TESSERA_TRY_VOID(read_text(quantization, "precision_mode", layer.precision_mode));
    TESSERA_TRY_VOID(read_text(quantization, "bias_mode", layer.bias_mode));
  }
  if (fields.has("params")) {
    TESSERA_TRY(const JsonFields params, fields.object("params"));
    TESSERA_TRY(layer.params, read_params(json["params"], params));
  }
  TESSERA_TRY_VOID(read_number(fields, "weights", layer.weights));
  TESSERA_TRY_VOID(read_number(fields, "macs", layer.macs));
  return layer;
}

}  // namespace

const HnLayer* Hn::find(std::string_view layer) const {
  const auto found = std::find_if(layers.begin(), layers.end(),
                                  [&](const HnLayer& other) { return other.name == layer; });
  return found == layers.end() ? nullptr : &*found;
}

std::map<std::string, int64_t> Hn::layers_by_type() const {
  std::map<std::string, int64_t> counts;
  for (const HnLayer& layer : layers) ++counts[layer.type];
  return counts;
}

Result<Hn> read_hn(std::span<const uint8_t> json, const std::string& subject) {
  TESSERA_TRY(const Json document, parse_json(json, subject));
  TESSERA_TRY(const JsonFields fields, JsonFields::of(document, subject));
  Hn hn;
  TESSERA_TRY(hn.name, fields.text("name"));
  if (fields.has("net_params")) {
    TESSERA_TRY(const JsonFields params, fields.object("net_params"));
    TESSERA_TRY_VOID(read_text(params, "stage", hn.stage));
    TESSERA_TRY_VOID(read_text(params, "version", hn.version));
    TESSERA_TRY_VOID(read_boolean(params, "transposed_net", hn.transposed));
    TESSERA_TRY(hn.output_layers_order, words_or_none(params, "output_layers_order"));
  }
  TESSERA_TRY(const JsonFields layers, fields.object("layers"));
  const Json& list = document["layers"];
  if (list.size() > kMaxLayers) {
    return TESSERA_ERROR(kResourceLimit, subject,
                         fmt::format("has {} layers, more than {}", list.size(), kMaxLayers), "");
  }
  for (const auto& [name, layer] : list.items()) {
    TESSERA_TRY(const JsonFields inner, JsonFields::of(layer, subject + ".layers." + name));
    TESSERA_TRY(HnLayer read, read_layer(layer, inner, name));
    hn.layers.push_back(std::move(read));
  }
  return hn;
}

}  // namespace tessera
