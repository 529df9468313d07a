// Codes are tensors of integers, and integer ops make codes of them.
#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "export/export_builder.h"
#include "export/integer_convolution.h"
#include "export/integer_forms.h"
#include "export/integer_nodes.h"
#include "kernels/ref/integer_kernels.h"
#include "model/onnx/document.h"
#include "model/onnx/proto.h"

namespace tessera {
namespace {

using integer::Coding;
using onnx_export::describe;
using onnx_export::ExportBuilder;

// A value of the graph as the file has it: codes, floats, or both once asked for.
struct QLinearValue {
  std::optional<Coding> coding;
  std::string codes;
  std::string floats;
};

class QLinearExport {
 public:
  QLinearExport(const Graph& graph, const Encodings& encodings, onnx::GraphProto& proto)
      : graph_(graph),
        encodings_(encodings),
        proto_(proto),
        out_(proto, false),
        integers_(proto, out_) {}

  void run() {
    for (NodeId id : graph_.order()) {
      const Node& node = graph_.node(id);
      QLinearValue& value = values_[id];
      if (const auto encoding = encoding_of(graph_, id, encodings_);
          encoding && !std::holds_alternative<Constant>(node.op)) {
        value.coding = integer::make_coding(*encoding, node.shape.c);
      }
      write(node, value);
    }
    for (const GraphOutput& output : graph_.outputs()) {
      const std::string name = out_.unique("output:" + output.name);
      out_.node("Identity", {floats(output.node)}, name);
      describe(*proto_.add_output(), name, out_.dims(graph_.node(output.node).shape));
    }
  }

 private:
  void write(const Node& node, QLinearValue& value) {
    if (std::holds_alternative<Input>(node.op)) {
      const std::string name = out_.unique(node.name);
      describe(*proto_.add_input(), name, out_.dims(node.shape));
      set(value, node.name, name);
    } else if (const auto* constant = std::get_if<Constant>(&node.op)) {
      value.floats =
          out_.weights(node.name, constant->value, {1, node.shape.c, node.shape.h, node.shape.w});
    } else if (const auto weights = encodings_.weights.find(node.name);
               weights != encodings_.weights.end()) {
      write_conv(node, weights->second, value);
    } else if (is_table(node, value)) {
      write_table(node, value);
    } else if (std::holds_alternative<ScaleShift>(node.op)) {
      set(value, node.name,
          integers_.scale_shift(node.name, floats(node.inputs[0]), floats(node.inputs[1]),
                                node.shape.c));
    } else if (const auto* affine = std::get_if<Affine>(&node.op)) {
      set(value, node.name, in_double(node, *affine));
    } else {
      std::vector<std::string> operands;
      for (NodeId input : node.inputs) operands.push_back(floats(input));
      const std::string name = out_.unique(node.name);
      onnx_export::export_op(out_, graph_, node, operands, name);
      set(value, node.name, name);
    }
  }

  // The value is `floats`; quantised if it is encoded.
  void set(QLinearValue& value, const std::string& name, const std::string& floats) {
    if (value.coding) {
      value.codes = integers_.quantize(name, floats, *value.coding);
    } else {
      value.floats = floats;
    }
  }

  // The value dequantised, once.
  std::string floats(NodeId id) {
    QLinearValue& value = values_.at(id);
    if (!value.floats.empty()) return value.floats;
    const Coding& coding = *value.coding;
    const std::string& name = graph_.node(id).name;
    const auto dims = IntegerNodes::per_channel(coding.scale.size());
    std::string steps = integers_.cast(value.codes, onnx::TensorProto::INT32, name, "wide");
    steps = out_.step("Sub", {steps, integers_.integers(name + ".zero", coding.zero_point, dims)},
                      name, "offset");
    steps = integers_.cast(steps, onnx::TensorProto::FLOAT, name, "float");
    value.floats = out_.step("Mul", {steps, integers_.floats(name + ".unit", coding.scale, dims)},
                             name, "value");
    return value.floats;
  }

  std::string in_double(const Node& node, const Affine& affine) {
    const std::vector<int64_t> dims{1, node.shape.c, 1, 1};
    const auto constant = [&](const Tensor& tensor, const char* suffix) {
      return integers_.cast(out_.weights(node.name + "." + suffix, tensor, dims),
                            onnx::TensorProto::DOUBLE, node.name, suffix);
    };
    std::string y =
        integers_.cast(floats(node.inputs[0]), onnx::TensorProto::DOUBLE, node.name, "x");
    y = out_.step("Mul", {y, constant(affine.scale, "scale")}, node.name, "scaled");
    y = out_.step("Add", {y, constant(affine.bias, "bias")}, node.name, "shifted");
    return integers_.cast(y, onnx::TensorProto::FLOAT, node.name, "float");
  }

  bool is_table(const Node& node, const QLinearValue& value) const {
    if (node.inputs.empty() || !value.coding) return false;
    const auto& operand = values_.at(node.inputs[0]).coding;
    if (!operand || operand->is_int16 || value.coding->is_int16) return false;
    const auto* unary = std::get_if<Unary>(&node.op);
    if (unary != nullptr) return unary->kind != UnaryKind::relu && unary->kind != UnaryKind::prelu;
    return std::holds_alternative<Affine>(node.op);
  }

  void write_table(const Node& node, QLinearValue& value) {
    const QLinearValue& operand = values_.at(node.inputs[0]);
    const auto table = integer::tabulate<uint8_t>(node.op, *operand.coding, *value.coding);
    std::vector<int32_t> begins;
    for (int64_t c = 0; c < node.shape.c; ++c) begins.push_back(static_cast<int32_t>(c * 256));
    std::string at = integers_.cast(operand.codes, onnx::TensorProto::INT32, node.name, "index");
    at = out_.step("Add",
                   {at, integers_.integers(node.name + ".begin", begins,
                                           IntegerNodes::per_channel(begins.size()))},
                   node.name, "entry");
    const auto entries = static_cast<int64_t>(table.size());
    value.codes = out_.unique(node.name + "/codes");
    out_.node("Gather", {integers_.bytes(node.name + ".table", table, {entries}), at}, value.codes)
        .integer("axis", 0);
  }

  void write_conv(const Node& node, const IntegerWeights& weights, QLinearValue& value) {
    IntegerConvolution conv(node, weights);
    const QLinearValue& operand = values_.at(node.inputs[0]);
    const Coding coding =
        operand.coding
            ? *operand.coding
            : integer::make_coding(weights.operand.value(), graph_.node(node.inputs[0]).shape.c);
    const std::string codes =
        operand.coding ? operand.codes
                       : integers_.quantize(node.name + "/operand", operand.floats, coding);
    if (!coding.is_int16 && value.coding && !value.coding->is_int16 && one_zero_point(coding) &&
        one_zero_point(*value.coding)) {
      value.codes = qlinear_conv(conv, codes, coding, *value.coding);
      return;
    }
    std::string acc = coding.is_int16 ? wide_accumulators(conv, codes, coding)
                                      : accumulators(conv, codes, coding);
    acc = out_.step("Add",
                    {acc, integers_.integers(node.name + ".bias", conv.bias,
                                             IntegerNodes::per_channel(conv.bias.size()))},
                    node.name, "acc");
    acc = integers_.cast(acc, onnx::TensorProto::FLOAT, node.name, "real");
    const std::vector<float> multiplier =
        value.coding ? multiplier_of(weights, *value.coding) : weights.scale;
    acc = out_.step("Mul",
                    {acc, integers_.floats(node.name + ".multiplier", multiplier,
                                           IntegerNodes::per_channel(multiplier.size()))},
                    node.name, "scaled");
    if (!value.coding) {
      value.floats = acc;
      return;
    }
    Coding units = *value.coding;
    std::fill(units.scale.begin(), units.scale.end(), 1.0F);
    value.codes = integers_.quantize(node.name, acc, units);
  }

  // Scales of 1 and the whole multiplier in the weights' scale: the same float32 number.
  std::string qlinear_conv(IntegerConvolution& conv, const std::string& codes, const Coding& coding,
                           const Coding& result) {
    const std::string& name = conv.node.name;
    const std::vector<float> multiplier = multiplier_of(conv.weights, result);
    const auto outputs = static_cast<int64_t>(multiplier.size());
    const std::array<float, 1> one{1.0F};
    const std::array<uint8_t, 1> x_zero{static_cast<uint8_t>(coding.zero_point[0])};
    const std::array<uint8_t, 1> y_zero{static_cast<uint8_t>(result.zero_point[0])};
    const std::vector<uint8_t> w_zero(multiplier.size(), 0);
    const std::string unit = integers_.floats(name + ".one", one);
    const std::string output = out_.unique(name + "/codes");
    set_geometry(out_.node("QLinearConv",
                           {codes, unit, integers_.bytes(name + ".x_zero", x_zero),
                            weight_of(conv, integers_),
                            integers_.floats(name + ".multiplier", multiplier, {outputs}),
                            integers_.bytes(name + ".w_zero", w_zero, {outputs}, true), unit,
                            integers_.bytes(name + ".y_zero", y_zero),
                            integers_.integers(name + ".bias", conv.bias, {outputs})},
                           output),
                 conv.op, conv.op.padding);
    return output;
  }

  std::string conv_integer(IntegerConvolution& conv, const std::string& codes, uint8_t zero,
                           const Padding& pads, const std::string& suffix) {
    const std::string& name = conv.node.name;
    const std::array<uint8_t, 1> x_zero{zero};
    const std::string output = out_.unique(name + "/" + suffix);
    set_geometry(
        out_.node("ConvInteger",
                  {codes, weight_of(conv, integers_), integers_.bytes(name + ".x_zero", x_zero)},
                  output),
        conv.op, pads);
    return output;
  }

  // One zero point: the op's own. Several: padding is laid as codes, the zero points enter the
  // bias.
  std::string accumulators(IntegerConvolution& conv, const std::string& codes,
                           const Coding& coding) {
    if (one_zero_point(coding)) {
      return conv_integer(conv, codes, static_cast<uint8_t>(coding.zero_point[0]), conv.op.padding,
                          "sum");
    }
    const std::string padded =
        remove_zero_points(conv, codes, graph_.node(conv.node.inputs[0]).shape, coding, integers_);
    return conv_integer(conv, padded, 0, {}, "sum");
  }

  // q - zero point as its positive and negative part, each of them two bytes: four convolutions.
  std::string wide_accumulators(IntegerConvolution& conv, const std::string& codes,
                                const Coding& coding) {
    const std::string& name = conv.node.name;
    const std::array<int32_t, 1> zero{0};
    const std::array<int32_t, 1> byte{256};
    const std::string nothing = integers_.integers(name + ".nothing", zero);
    const std::string radix = integers_.integers(name + ".radix", byte);
    const std::string steps =
        out_.step("Sub",
                  {codes, integers_.integers(name + ".x_zeros", coding.zero_point,
                                             IntegerNodes::per_channel(coding.zero_point.size()))},
                  name, "steps");
    const auto convolve = [&](const std::string& x, const std::string& suffix) {
      const std::string bytes = integers_.cast(x, onnx::TensorProto::UINT8, name, suffix + "_byte");
      return conv_integer(conv, bytes, 0, conv.op.padding, suffix + "_sum");
    };
    const auto sum_of = [&](const std::string& x, const std::string& suffix) {
      const std::string part = out_.step("Max", {x, nothing}, name, suffix);
      const std::string low = out_.step("Mod", {part, radix}, name, suffix + "_low");
      const std::string high = out_.step("Div", {part, radix}, name, suffix + "_high");
      const std::string scaled =
          out_.step("Mul", {convolve(high, suffix + "_high"), radix}, name, suffix + "_scaled");
      return out_.step("Add", {scaled, convolve(low, suffix + "_low")}, name, suffix + "_sum");
    };
    const std::string above = sum_of(steps, "above");
    const std::string below = sum_of(out_.step("Neg", {steps}, name, "negative"), "below");
    return out_.step("Sub", {above, below}, name, "sum");
  }

  const Graph& graph_;
  const Encodings& encodings_;
  onnx::GraphProto& proto_;
  ExportBuilder out_;
  IntegerNodes integers_;
  std::map<NodeId, QLinearValue> values_;
};

}  // namespace

void write_qlinear(const Graph& graph, const Encodings& encodings, onnx::GraphProto& proto) {
  QLinearExport(graph, encodings, proto).run();
}

}  // namespace tessera
