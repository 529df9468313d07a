// Float ops between DequantizeLinear and QuantizeLinear.
#include <algorithm>
#include <cmath>
#include <limits>
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

// A value of the graph as the file has it.
struct QdqValue {
  std::optional<Coding> coding;
  std::string codes;
  std::string floats;  // once asked for
};

// One scale: itself. One per channel: 1, and what makes and reads the value is scaled instead.
Coding in_file(Coding coding) {
  if (!one_scale(coding)) std::fill(coding.scale.begin(), coding.scale.end(), 1.0F);
  return coding;
}

// `w` with w * unit = product in float32, where there is one; else the nearest. ONNX Runtime
// multiplies them again.
float divided(float product, float unit) {
  const float w = product / unit;
  constexpr float kFar = std::numeric_limits<float>::max();
  for (const float near : {w, std::nextafter(w, 0.0F), std::nextafter(w, kFar)}) {
    if (near * unit == product) return near;
  }
  return w;
}

class QdqExport {
 public:
  QdqExport(const Graph& graph, const Encodings& encodings, onnx::GraphProto& proto)
      : graph_(graph),
        encodings_(encodings),
        proto_(proto),
        out_(proto, false),
        nodes_(proto, out_) {}

  void run() {
    for (NodeId id : graph_.order()) {
      const Node& node = graph_.node(id);
      if (const auto encoding = encoding_of(graph_, id, encodings_);
          encoding && !std::holds_alternative<Constant>(node.op)) {
        values_[id].coding = integer::make_coding(*encoding, node.shape.c);
      }
    }
    for (NodeId id : graph_.order()) write(graph_.node(id), values_[id]);
    for (const GraphOutput& output : graph_.outputs()) write_output(output);
  }

 private:
  void write_output(const GraphOutput& output) {
    const std::string name = out_.unique("output:" + output.name);
    const QdqValue& value = values_.at(output.node);
    if (value.coding) {
      nodes_.dequantize_linear(name, value.codes, *value.coding, name);
    } else {
      out_.node("Identity", {value.floats}, name);
    }
    describe(*proto_.add_output(), name, out_.dims(graph_.node(output.node).shape));
  }

  void write(const Node& node, QdqValue& value) {
    if (std::holds_alternative<Input>(node.op)) {
      const std::string name = out_.unique(node.name);
      describe(*proto_.add_input(), name, out_.dims(node.shape));
      // The host's side: it may have a scale and a zero point per channel.
      set(value, node.name, name, value.coding);
    } else if (const auto* constant = std::get_if<Constant>(&node.op)) {
      value.floats =
          out_.weights(node.name, constant->value, {1, node.shape.c, node.shape.h, node.shape.w});
    } else if (const auto weights = encodings_.weights.find(node.name);
               weights != encodings_.weights.end()) {
      write_conv(node, weights->second, value);
    } else if (std::holds_alternative<ScaleShift>(node.op)) {
      set(value, node.name,
          nodes_.scale_shift(node.name, floats(node.inputs[0]), floats(node.inputs[1]),
                             node.shape.c),
          value.coding);
    } else if (adds_in_proportion(node, value)) {
      write_sum(node, value);
    } else {
      write_float(node, value);
    }
  }

  // Codes of one proportion among their channels are added as if they had one scale, that of the
  // first channel: the proportion is common to operands and sum.
  bool adds_in_proportion(const Node& node, const QdqValue& value) const {
    const auto apart = [](const std::optional<Coding>& coding) {
      return coding && !one_scale(*coding) && one_zero_point(*coding);
    };
    return std::holds_alternative<Add>(node.op) && apart(value.coding) &&
           std::all_of(node.inputs.begin(), node.inputs.end(),
                       [&](NodeId input) { return apart(values_.at(input).coding); });
  }

  static Coding of_first_channel(Coding coding) {
    std::fill(coding.scale.begin(), coding.scale.end(), coding.scale[0]);
    return coding;
  }

  void write_sum(const Node& node, QdqValue& value) {
    std::vector<std::string> operands;
    for (NodeId input : node.inputs) {
      const QdqValue& operand = values_.at(input);
      const std::string name = node.name + "/" + graph_.node(input).name;
      operands.push_back(out_.unique(name));
      nodes_.dequantize_linear(name, operand.codes, of_first_channel(*operand.coding),
                               operands.back());
    }
    const std::string sum = out_.unique(node.name);
    onnx_export::export_op(out_, graph_, node, operands, sum);
    set(value, node.name, sum, of_first_channel(*value.coding));
  }

  void write_float(const Node& node, QdqValue& value) {
    std::vector<std::string> operands;
    for (NodeId input : node.inputs) operands.push_back(floats(input));
    const std::string name = out_.unique(node.name);
    onnx_export::export_op(out_, graph_, node, operands, name);
    const bool in_steps =
        !node.inputs.empty() && activation_of(graph_.node(node.inputs[0])) == &node;
    set(value, node.name, name, in_steps ? in_file(*value.coding) : value.coding);
  }

  void set(QdqValue& value, const std::string& name, const std::string& floats,
           const std::optional<Coding>& coding) {
    if (coding) {
      value.codes = nodes_.quantize_linear(name, floats, *coding);
    } else {
      value.floats = floats;
    }
  }

  // The value dequantised, once.
  const std::string& floats(NodeId id) {
    QdqValue& value = values_.at(id);
    if (value.floats.empty()) {
      const std::string& name = graph_.node(id).name;
      value.floats = out_.unique(name + "/value");
      nodes_.dequantize_linear(name, value.codes, *value.coding, value.floats);
    }
    return value.floats;
  }

  // The ReLU or PReLU whose result is codes and that alone reads this convolution: as these scale
  // with their operand, the convolution is computed in the activation's steps.
  const Node* activation_of(const Node& conv) const {
    if (!encodings_.weights.contains(conv.name) || values_.at(conv.id).coding) return nullptr;
    const auto users = graph_.users(conv.id);
    if (users.size() != 1 || graph_.is_output(conv.id)) return nullptr;
    const Node& user = graph_.node(users[0]);
    const auto* unary = std::get_if<Unary>(&user.op);
    const bool scales =
        unary != nullptr && (unary->kind == UnaryKind::relu || unary->kind == UnaryKind::prelu);
    return scales && values_.at(user.id).coding ? &user : nullptr;
  }

  // What one unit of the accumulators is worth in the convolution's result.
  std::vector<float> unit_of(const Node& node, const IntegerWeights& weights) const {
    std::optional<Coding> coding = values_.at(node.id).coding;
    if (const Node* activation = activation_of(node)) coding = values_.at(activation->id).coding;
    return coding && !one_scale(*coding) ? multiplier_of(weights, *coding) : weights.scale;
  }

  void write_conv(const Node& node, const IntegerWeights& weights, QdqValue& value) {
    IntegerConvolution conv(node, weights);
    const NodeId from = node.inputs[0];
    const Shape& shape = graph_.node(from).shape;
    const QdqValue& operand = values_.at(from);
    Coding coding =
        operand.coding ? *operand.coding : integer::make_coding(weights.operand.value(), shape.c);
    std::string codes =
        operand.coding ? operand.codes
                       : nodes_.quantize_linear(node.name + "/operand", operand.floats, coding);
    coding = in_file(std::move(coding));
    if (!coding.is_int16 && !one_zero_point(coding)) {
      // Steps of 1 from 0: the bias has taken the zero points, the weights the scales.
      const float scale = coding.scale[0];
      codes = remove_zero_points(conv, codes, shape, coding, nodes_);
      coding = integer::make_coding({8, false, {scale}, {0}}, shape.c);
    }
    const std::string x = out_.unique(node.name + "/x");
    nodes_.dequantize_linear(node.name + ".x", codes, coding, x);
    const std::string result = float_conv(conv, x, coding.scale[0]);
    set(value, node.name, result,
        value.coding ? std::optional(in_file(*value.coding)) : std::nullopt);
  }

  std::string float_conv(IntegerConvolution& conv, const std::string& x, float x_scale) {
    const std::string& name = conv.node.name;
    std::vector<float> scale;
    std::vector<float> bias_scale;
    for (float unit : unit_of(conv.node, conv.weights)) {
      scale.push_back(divided(unit, x_scale));
      bias_scale.push_back(scale.back() * x_scale);
    }
    const auto outputs = static_cast<int64_t>(scale.size());
    const std::vector<uint8_t> zeros(scale.size(), 0);
    const std::string w = out_.unique(name + "/w");
    out_.node("DequantizeLinear",
              {weight_of(conv, nodes_), nodes_.floats(name + ".w_scale", scale, {outputs}),
               nodes_.bytes(name + ".w_zero", zeros, {outputs}, true)},
              w)
        .integer("axis", 0);
    const std::string b = out_.unique(name + "/b");
    out_.node("DequantizeLinear",
              {nodes_.integers(name + ".bias", conv.bias, {outputs}),
               nodes_.floats(name + ".b_scale", bias_scale, {outputs})},
              b)
        .integer("axis", 0);
    std::string output = out_.unique(name);
    set_geometry(out_.node("Conv", {x, w, b}, output), conv.op, conv.op.padding);
    return output;
  }

  const Graph& graph_;
  const Encodings& encodings_;
  onnx::GraphProto& proto_;
  ExportBuilder out_;
  IntegerNodes nodes_;
  std::map<NodeId, QdqValue> values_;
};

}  // namespace

void write_qdq(const Graph& graph, const Encodings& encodings, onnx::GraphProto& proto) {
  QdqExport(graph, encodings, proto).run();
}

}  // namespace tessera
