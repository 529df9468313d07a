// Layers that move values, and the choice among all of them.
#include <cmath>

#include <fmt/format.h>

#include "vendor/hailo/hn/hn_builder.h"
#include "vendor/hailo/hn/hn_operands.h"

namespace tessera {
namespace {

Error cannot(std::string why) {
  return TESSERA_ERROR(kUnsupported, "", std::move(why), "");
}

// Nothing in the list: 1.
Result<int64_t> whole_ratio(const std::vector<double>& list) {
  if (list.empty()) return 1;
  const double ratio = list.front();
  if (list.size() != 1 || ratio < 1 || ratio > 1 << 24 || ratio != std::floor(ratio)) {
    return cannot("resizes by a ratio that is no whole number");
  }
  return static_cast<int64_t>(ratio);
}

bool is_passed_on(const std::string& type) {
  return type == "output_layer" || type == "shortcut" || type == "format_conversion" ||
         type == "precision_change";
}

}  // namespace

Result<HnValue> HnBuilder::constant(const HnLayer& layer) {
  for (const auto& tiles : layer.params.input_tiles) {
    for (const int64_t tile : tiles) {
      if (tile != 1) return cannot("repeats its constant");
    }
  }
  const Shape& shape = layer.shape();
  TESSERA_TRY(const Tensor values, weight(layer, "const_data", {shape.h, shape.w, shape.c}));
  TESSERA_TRY(const NodeId made, node(layer, Constant{arranged(values, kPlanes)}, {}));
  return HnValue{made, 1};
}

Result<HnValue> HnBuilder::concat(const HnLayer& layer, const Operands& operands) {
  std::vector<NodeId> nodes;
  for (const HnValue& operand : operands) {
    if (operand.parts != 1) return cannot("joins an interleaving concat");
    nodes.push_back(operand.node);
  }
  const std::string& axis = layer.params.concat_axis;
  Concat op;
  if (axis.find("w") != axis.npos) op.axis = Axis::w;
  if (axis.find("h") != axis.npos) op.axis = Axis::h;
  if (axis.empty() || axis == "features") op.axis = Axis::c;
  int64_t parts = 1;
  if (!layer.params.group_sizes.empty()) {
    // Groups of one channel of each operand; larger ones have not been seen.
    const auto groups = static_cast<int64_t>(layer.params.group_sizes.size());
    for (const int64_t size : layer.params.group_sizes) {
      if (size != 1) return cannot("interleaves groups of more than one channel");
    }
    for (const HnValue& operand : operands) {
      if (shape_of(operand).c != groups) return cannot("interleaves operands of other sizes");
    }
    parts = static_cast<int64_t>(operands.size());
  }
  TESSERA_TRY(const NodeId made, node(layer, op, std::move(nodes)));
  return HnValue{made, parts};
}

// Nearest neighbours by whole ratios: each element as often as the ratio says.
Result<HnValue> HnBuilder::resize(const HnLayer& layer, const Operands& operands) {
  const HnParams& params = layer.params;
  if (params.resize_method != "nearest_neighbor") {
    return cannot(fmt::format("resizes by '{}'", params.resize_method));
  }
  TESSERA_TRY(const int64_t rows, whole_ratio(params.resize_h));
  TESSERA_TRY(const int64_t columns, whole_ratio(params.resize_w));
  TESSERA_TRY(const int64_t features, whole_ratio(params.resize_f));
  if (features != 1 || operands[0].parts != 1) return cannot("resizes along its features");
  const int64_t channels = shape_of(operands[0]).c;
  constexpr int64_t kMaxValues = int64_t{1} << 24;
  if (rows * columns > kMaxValues / channels) return cannot("resizes by more than is read");
  if (rows == 1 && columns == 1) return operands[0];
  TESSERA_TRY(Tensor ones, filled({channels, 1, rows, columns}, 1));
  TESSERA_TRY(
      const NodeId made,
      node(layer,
           ConvTranspose{.weight = std::move(ones), .stride = {rows, columns}, .groups = channels},
           {operands[0].node}));
  return HnValue{made, 1};
}

Result<HnValue> HnBuilder::slice(const HnLayer& layer, const Operands& operands) {
  HnValue value = operands[0];
  if (value.parts != 1) return cannot("reads an interleaving concat");
  const std::pair<Axis, const std::vector<int64_t>*> axes[] = {
      {Axis::h, &layer.params.height_slice},
      {Axis::w, &layer.params.width_slice},
      {Axis::c, &layer.params.features_slice}};
  for (const auto& [axis, range] : axes) {
    if (range->size() != 3 || (*range)[1] == 0) continue;  // all of the axis
    TESSERA_TRY(value.node,
                node(layer, Slice{axis, (*range)[0], (*range)[1], (*range)[2]}, {value.node}));
  }
  return value;
}

// Each reader gets the next channels.
Result<HnValue> HnBuilder::split(const HnLayer& layer, const Operands& operands) {
  if (operands[0].parts != 1) return cannot("reads an interleaving concat");
  int64_t channels = 0;
  for (const Shape& shape : layer.output_shapes) channels += shape.c;
  if (layer.output_shapes.size() != layer.outputs.size() || channels != shape_of(operands[0]).c) {
    return cannot("its readers do not get all channels once");
  }
  int64_t begin = 0;
  for (size_t i = 0; i < layer.outputs.size(); ++i) {
    const int64_t end = begin + layer.output_shapes[i].c;
    TESSERA_TRY(const NodeId part, node(layer, Slice{Axis::c, begin, end, 1}, {operands[0].node}));
    split_values_[{layer.name, layer.outputs[i]}] = part;
    begin = end;
  }
  return operands[0];
}

Result<HnValue> HnBuilder::convert_movement(const HnLayer& layer, const Operands& operands) {
  const std::string& type = layer.type;
  if (is_passed_on(type)) {
    if (operands[0].parts != 1) return cannot("reads an interleaving concat");
    return operands[0];
  }
  if (type == "concat") return concat(layer, operands);
  if (type == "resize") return resize(layer, operands);
  if (type == "slice") return slice(layer, operands);
  if (type == "feature_splitter") return split(layer, operands);
  if (type == "external_pad") return cannot("the file does not tell which sides it pads");
  return convert_arithmetic(layer, operands);
}

Result<HnValue> HnBuilder::convert(const HnLayer& layer, const Operands& operands) {
  const std::string& type = layer.type;
  if (type == "input_layer") {
    TESSERA_TRY(const NodeId made, node(layer, Input{layer.shape()}, {}));
    return HnValue{made, 1};
  }
  if (type == "const_input") return constant(layer);
  if (operands.empty()) return cannot("reads nothing");
  if (type == "conv") return convolution(layer, operands);
  if (type == "dw") return depthwise(layer, operands);
  if (type == "deconv") return transposed(layer, operands);
  if (type == "dense") return dense(layer, operands);
  if (type == "maxpool" || type == "avgpool") return pool(layer, operands);
  return convert_movement(layer, operands);
}

}  // namespace tessera
