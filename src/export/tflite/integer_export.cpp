#include "export/tflite/integer_export.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "export/tflite/convolution.h"
#include "export/tflite/float_ops.h"
#include "kernels/ref/tflite/kernels.h"

namespace tessera::tflite {
namespace {

using integer::Coding;
using integer::tflite::Form;
using integer::tflite::is_uniform;

constexpr const char* kResultSuffix = "codes";

// Codes of 8 bits lie in memory from 0 on; the file has them from -128 on.
int64_t file_zero_point(const Coding& coding) {
  return coding.zero_point[0] - (coding.is_int16 ? 0 : 128);
}

Quantization quantization_of(const Coding& coding) {
  return {{coding.scale[0]}, {file_zero_point(coding)}, 0};
}

TensorType type_of(const Coding& coding) {
  return coding.is_int16 ? TensorType::int16 : TensorType::int8;
}

bool has_one_zero_point(const Coding& coding) {
  return std::ranges::adjacent_find(coding.zero_point, std::not_equal_to<>()) ==
         coding.zero_point.end();
}

Target target_of(const Coding& coding, std::vector<int32_t> dims, std::string suffix) {
  return {std::move(dims), std::move(suffix), type_of(coding), quantization_of(coding)};
}

// In the file both have one scale and zero point.
bool same_in_file(const Coding& a, const Coding& b) {
  return a.is_int16 == b.is_int16 && a.scale[0] == b.scale[0] && a.zero_point[0] == b.zero_point[0];
}

// A Gemm is a convolution with one tap whose operand has one frame.
Conv convolution_of(const Op& op, const IntegerWeights& weights) {
  Conv conv;
  if (const auto* own = std::get_if<Conv>(&op)) {
    conv = *own;
  } else {
    conv.weight = std::get<Gemm>(op).weight.reshaped({weights.dims[0], weights.dims[1], 1, 1});
  }
  return conv;
}

}  // namespace

Result<std::vector<uint8_t>> IntegerExport::run(
    const std::map<std::string, std::string>& metadata) {
  values_.resize(static_cast<size_t>(graph_.id_limit()));
  for (NodeId id : graph_.order()) {
    const Node& node = graph_.node(id);
    const auto encoding = encoding_of(graph_, id, encodings_);
    if (encoding && !std::holds_alternative<Constant>(node.op))
      value(id).coding = integer::make_coding(*encoding, node.shape.c);
  }
  for (NodeId id : graph_.inputs()) {
    const Node& node = graph_.node(id);
    Value& input = value(id);
    const bool in_codes = input.coding && has_one_zero_point(*input.coding);
    const TensorId made = in_codes
                              ? file_.tensor(node.name, dims_of(node.shape), type_of(*input.coding),
                                             quantization_of(*input.coding))
                              : file_.tensor(node.name, dims_of(node.shape));
    (in_codes ? input.codes : input.floats) = made;
    file_.add_input(node.name, made);
  }
  for (NodeId id : graph_.order()) {
    if (!std::holds_alternative<Input>(graph_.node(id).op))
      TESSERA_TRY_VOID(write(graph_.node(id)));
  }
  for (const GraphOutput& output : graph_.outputs()) {
    TESSERA_TRY(const TensorId id,
                value(output.node).coding ? codes_of(output.node) : floats_of(output.node));
    write_output(output, id);
  }
  for (const auto& [name, text] : metadata) file_.add_metadata(name, text);
  return file_.finish();
}

void IntegerExport::write_output(const GraphOutput& output, TensorId id) {
  if (!file_.may_be_output(id)) {
    const Node& node = graph_.node(output.node);
    id = Emitter{file_, node}.reshape(id, dims_of(node.shape), "output");
  }
  file_.add_output(output.name, id);
}

Result<void> IntegerExport::write(const Node& node) {
  const Form form = tessera::quantization::tflite_form_of(graph_, node, encodings_);
  if (form == Form::into_relu) return {};  // by what reads it
  if (form == Form::float_op) return write_float(node);
  TESSERA_TRY(value(node.id).codes, write_codes(node, form));
  return {};
}

Result<void> IntegerExport::write_float(const Node& node) {
  if (encodings_.weights.contains(node.name)) {
    return TESSERA_ERROR(kUnsupported, node.name,
                         "is a convolution of integers with a float result, which TensorFlow Lite "
                         "has not",
                         "quantise the network for the arithmetic of TensorFlow Lite");
  }
  std::vector<TensorId> operands;
  for (NodeId input : node.inputs) {
    TESSERA_TRY(operands.emplace_back(), floats_of(input));
  }
  TESSERA_TRY(value(node.id).floats, write_float_op(file_, graph_, node, operands));
  return {};
}

Result<TensorId> IntegerExport::write_codes(const Node& node, Form form) {
  Result<Written> written = [&] {
    if (form == Form::convolution) return convolution(node, node);
    if (form == Form::relu_of_convolution) return convolution(graph_.node(node.inputs[0]), node);
    if (form == Form::affine) return affine(node);
    return other_codes(node, form);
  }();
  if (!written) return std::move(written).error();
  const Coding& wanted = *value(node.id).coding;
  if (same_in_file(written->coding, wanted)) return written->id;
  Emitter out{file_, node};
  return out.make(Operator::quantize, {written->id},
                  target_of(wanted, dims_of(node.shape), kResultSuffix));
}

Result<TensorId> IntegerExport::codes_of(NodeId id) {
  Value& of = value(id);
  if (of.codes) return *of.codes;
  const Node& node = graph_.node(id);
  Emitter out{file_, node};
  TESSERA_TRY(const TensorId floats, floats_of(id));
  TESSERA_TRY(of.codes, quantized(out, floats, *of.coding, kResultSuffix));
  return *of.codes;
}

Result<TensorId> IntegerExport::quantized(Emitter& out, TensorId floats, const Coding& coding,
                                          const std::string& suffix) {
  if (!has_one_zero_point(coding)) {
    return TESSERA_ERROR(kUnsupported, out.node.name,
                         "has a zero point for each channel, and TensorFlow Lite one for all",
                         "quantise the network for the arithmetic of TensorFlow Lite");
  }
  const std::vector<int32_t> dims = out.dims(floats);
  if (!is_uniform(coding)) {
    std::vector<float> factors;
    for (const float scale : coding.scale) factors.push_back(scale / coding.scale[0]);
    floats = out.binary(
        Operator::div, floats,
        out.per_channel("in_steps", Tensor({static_cast<int64_t>(factors.size())}, factors)),
        suffix + "_steps");
  }
  return out.make(Operator::quantize, {floats}, target_of(coding, dims, suffix));
}

Result<TensorId> IntegerExport::floats_of(NodeId id) {
  Value& of = value(id);
  const Node& node = graph_.node(id);
  if (of.coding && !of.codes && of.floats) {
    // What is read elsewhere is what the codes say.
    TESSERA_TRY_VOID([&]() -> Result<void> {
      Emitter out{file_, node};
      TESSERA_TRY(of.codes, quantized(out, *of.floats, *of.coding, kResultSuffix));
      of.floats.reset();
      return {};
    }());
  }
  if (of.floats) return *of.floats;
  Emitter out{file_, node};
  const Coding& coding = *of.coding;
  TensorId floats = out.make(Operator::dequantize, {*of.codes},
                             {dims_of(node.shape), is_uniform(coding) ? "value" : "steps"});
  if (!is_uniform(coding)) {
    std::vector<float> factors;
    for (const float scale : coding.scale) factors.push_back(scale / coding.scale[0]);
    floats = out.binary(
        Operator::mul, floats,
        out.per_channel("of_steps", Tensor({static_cast<int64_t>(factors.size())}, factors)),
        "value");
  }
  of.floats = floats;
  return floats;
}

Result<TensorId> IntegerExport::operand(Emitter& out, NodeId id, const Coding& coding,
                                        const std::string& suffix) {
  TESSERA_TRY(const TensorId codes, codes_of(id));
  if (same_in_file(*value(id).coding, coding)) return codes;
  return out.make(Operator::quantize, {codes}, target_of(coding, out.dims(codes), suffix));
}

IntegerExport::Written IntegerExport::convolve(Emitter& out, const Conv& op, const Shape& x_shape,
                                               TensorId x, const Coding& x_coding,
                                               const IntegerWeights& weights, const Coding& result,
                                               bool relu, const std::string& suffix) {
  const bool depthwise = is_depthwise(op, x_shape);
  const std::vector<float> scales = integer::tflite::filter_scales(weights, x_coding, result);
  const auto outputs = static_cast<int32_t>(scales.size());
  const std::vector<int64_t> zeros(scales.size(), 0);
  const std::vector<int8_t> ordered =
      ordered_weights(op, depthwise, std::span<const int8_t>(weights.values));
  const std::string& name = out.node.name;
  const TensorId weight = file_.constant(name + ".weight", std::as_bytes(std::span(ordered)),
                                         weight_dims(op, depthwise), TensorType::int8,
                                         {scales, zeros, depthwise ? 3 : 0});
  std::vector<float> bias_scales;
  for (const float scale : scales) bias_scales.push_back(scale * x_coding.scale[0]);
  const Quantization bias_quantization{bias_scales, zeros, 0};
  TensorId bias{};
  if (result.is_int16) {
    const std::vector<int64_t> wide(weights.bias.begin(), weights.bias.end());
    bias = file_.constant(name + ".bias", std::as_bytes(std::span(wide)), {outputs},
                          TensorType::int64, bias_quantization);
  } else {
    bias = file_.int32s(name + ".bias", weights.bias, {outputs}, bias_quantization);
  }
  return {write_convolution(out, op, x_shape, x, weight, bias,
                            target_of(result, dims_of(out.node.shape), suffix),
                            relu ? kReluActivation : kNoActivation),
          result};
}

Result<IntegerExport::Written> IntegerExport::convolution(const Node& node, const Node& result) {
  const IntegerWeights& weights = encodings_.weights.at(node.name);
  const NodeId from = node.inputs[0];
  const Shape& x_shape = graph_.node(from).shape;
  Emitter out{file_, node};
  Coding read = value(from).coding ? *value(from).coding
                                   : integer::make_coding(weights.operand.value(), x_shape.c);
  const auto widths =
      integer::tflite::widths_of(Form::convolution, node.op, {read}, *value(result.id).coding);
  TensorId x{};
  if (value(from).coding) {
    TESSERA_TRY(x, operand(out, from, widths.operands[0], "operand"));
  } else {
    TESSERA_TRY(const TensorId floats, floats_of(from));
    TESSERA_TRY(x, quantized(out, floats, read, "operand"));
    if (!same_in_file(read, widths.operands[0]))
      x = out.make(Operator::quantize, {x},
                   target_of(widths.operands[0], dims_of(x_shape), "wide_operand"));
  }
  const bool exact = same_in_file(widths.result, *value(result.id).coding);
  Emitter named{file_, exact ? result : node};
  return convolve(named, convolution_of(node.op, weights), x_shape, x, widths.operands[0], weights,
                  widths.result, result.id != node.id, exact ? "" : "wide");
}

Result<IntegerExport::Written> IntegerExport::affine(const Node& node) {
  const auto& op = std::get<Affine>(node.op);
  Emitter out{file_, node};
  const auto widths = integer::tflite::widths_of(
      Form::affine, node.op, {*value(node.inputs[0]).coding}, *value(node.id).coding);
  TESSERA_TRY(const TensorId x, operand(out, node.inputs[0], widths.operands[0], "operand"));
  const IntegerWeights weights = integer::tflite::affine_weights(op, widths.operands[0]);
  Conv conv;
  conv.weight = op.scale.reshaped({op.scale.size(), 1, 1, 1});
  conv.groups = op.scale.size();
  const bool exact = same_in_file(widths.result, *value(node.id).coding);
  return convolve(out, conv, node.shape, x, widths.operands[0], weights, widths.result, false,
                  exact ? "" : "wide");
}

Result<IntegerExport::Written> IntegerExport::other_codes(const Node& node, Form form) {
  Emitter out{file_, node};
  std::vector<Coding> codings;
  for (NodeId input : node.inputs) codings.push_back(*value(input).coding);
  const Coding& wanted = *value(node.id).coding;
  const auto widths = integer::tflite::widths_of(form, node.op, codings, wanted);
  std::vector<TensorId> in;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    TESSERA_TRY(in.emplace_back(),
                operand(out, node.inputs[i], widths.operands[i], fmt::format("operand{}", i)));
  }
  const bool exact = same_in_file(widths.result, wanted);
  const std::string suffix = exact ? "" : "unscaled";
  if (form == Form::movement) {
    // Codes as they are; steps take the operand's quantisation.
    if (const auto* op = std::get_if<Slice>(&node.op))
      return Written{out.slice(in[0], dimension_of(op->axis), op->begin, op->end, op->step, suffix),
                     widths.result};
    if (const auto* op = std::get_if<Pad>(&node.op))
      return Written{out.pad(in[0], op->padding, op->mode, suffix), widths.result};
    return Written{out.concat(in, dimension_of(std::get<Concat>(node.op).axis), suffix),
                   widths.result};
  }
  const Target target = target_of(widths.result, dims_of(node.shape), suffix);
  if (form == Form::elementwise) {
    const Operator code = std::holds_alternative<Add>(node.op)   ? Operator::add
                          : std::holds_alternative<Mul>(node.op) ? Operator::mul
                                                                 : Operator::sub;
    return Written{out.make(code, in, target), widths.result};
  }
  const auto& op = std::get<Unary>(node.op);
  if (form == Form::relu) return Written{out.make(Operator::relu, in, target), widths.result};
  if (form == Form::leaky_relu) {
    return Written{
        out.make(Operator::leaky_relu, in, target, {OptionsTable::leaky_relu, {{0, op.slope[0]}}}),
        widths.result};
  }
  if (form == Form::prelu) {
    const auto slopes = integer::tflite::encode_slopes(op.slope);
    in.push_back(file_.constant(node.name + ".slope", std::as_bytes(std::span(slopes.codes)),
                                {1, 1, static_cast<int32_t>(slopes.codes.size())}, TensorType::int8,
                                {{slopes.scale}, {0}, 0}));
    return Written{out.make(Operator::prelu, in, target), widths.result};
  }
  const Operator code = op.kind == UnaryKind::tanh ? Operator::tanh : Operator::logistic;
  return Written{out.make(code, in, target), widths.result};
}

}  // namespace tessera::tflite
