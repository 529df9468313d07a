#include "verify/integer_reference.h"

#include <map>
#include <optional>

#include "kernels/ref/integer_kernels.h"
#include "kernels/ref/tflite/evaluate.h"
#include "quantize/tflite_form.h"

namespace tessera {
namespace {

using integer::Code16;
using integer::Code8;
using integer::Coding;

// A value as codes, or as floats where it has no encoding.
struct Evaluated {
  Shape shape;
  std::optional<Coding> coding;
  std::vector<Code8> narrow;
  std::vector<Code16> wide;
  std::vector<float> floats;
};

template <typename Code>
std::vector<Code>& codes_of(Evaluated& value) {
  if constexpr (std::is_same_v<Code, Code16>) {
    return value.wide;
  } else {
    return value.narrow;
  }
}

// Calls `work` with a Code of the coding's width.
template <typename Work>
void with_code(const Coding& coding, const Work& work) {
  if (coding.is_int16) {
    work(Code16{});
  } else {
    work(Code8{});
  }
}

size_t size_of(const Evaluated& value) {
  return static_cast<size_t>(value.shape.size());
}

void quantize(Evaluated& value, IntegerArithmetic arithmetic) {
  with_code(*value.coding, [&]<typename Code>(Code) {
    auto& codes = codes_of<Code>(value);
    codes.resize(size_of(value));
    const reference::Source floats{value.floats.data(), value.shape};
    if (arithmetic == IntegerArithmetic::tflite) {
      integer::tflite::quantize<Code>(floats, *value.coding, {codes.data(), value.shape});
    } else {
      integer::quantize<Code>(floats, *value.coding, {codes.data(), value.shape});
    }
  });
  value.floats.clear();
}

std::vector<float> floats_of(Evaluated& value) {
  if (!value.coding) return value.floats;
  std::vector<float> floats(size_of(value));
  with_code(*value.coding, [&]<typename Code>(Code) {
    integer::dequantize<Code>({codes_of<Code>(value).data(), value.shape}, *value.coding,
                              {floats.data(), value.shape});
  });
  return floats;
}

class IntegerEvaluation {
 public:
  IntegerEvaluation(const Graph& graph, const Encodings& encodings)
      : graph_(graph), encodings_(encodings) {}

  std::vector<std::vector<float>> run(std::span<const ConstValues> inputs) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      Evaluated& value = begin(graph_.inputs()[i]);
      value.floats.assign(inputs[i].begin(), inputs[i].end());
      if (value.coding) quantize(value, encodings_.arithmetic);
    }
    for (NodeId id : graph_.order()) {
      const Node& node = graph_.node(id);
      if (!std::holds_alternative<Input>(node.op)) evaluate(node);
    }
    std::vector<std::vector<float>> outputs;
    for (const GraphOutput& output : graph_.outputs())
      outputs.push_back(floats_of(values_.at(output.node)));
    return outputs;
  }

 private:
  Evaluated& begin(NodeId id) {
    const Node& node = graph_.node(id);
    Evaluated& value = values_[id];
    value.shape = node.shape;
    if (std::holds_alternative<Constant>(node.op)) return value;
    if (const auto encoding = encoding_of(graph_, id, encodings_))
      value.coding = integer::make_coding(*encoding, node.shape.c);
    return value;
  }

  void evaluate(const Node& node) {
    Evaluated& value = begin(node.id);
    if (const auto* constant = std::get_if<Constant>(&node.op)) {
      const auto values = constant->value.values();
      value.floats.assign(values.begin(), values.end());
      return;
    }
    if (encodings_.arithmetic == IntegerArithmetic::tflite && in_tflite_integers(node, value))
      return;
    if (const auto found = encodings_.weights.find(node.name); found != encodings_.weights.end()) {
      return convolve(node, found->second, value);
    }
    Evaluated& first = values_.at(node.inputs.at(0));
    const auto* statistics = std::get_if<NormStatistics>(&node.op);
    value.floats.resize(size_of(value));
    if (statistics != nullptr && first.coding && !value.coding) {
      with_code(*first.coding, [&]<typename Code>(Code) {
        integer::norm_statistics<Code>(*statistics, {codes_of<Code>(first).data(), first.shape},
                                       *first.coding, {value.floats.data(), value.shape});
      });
    } else {
      in_float(node, value);
    }
    if (value.coding) quantize(value, encodings_.arithmetic);
  }

  // Whether TensorFlow Lite has an integer operator for it, which then made the value.
  bool in_tflite_integers(const Node& node, Evaluated& value) {
    using Form = quantization::TfliteForm;
    const Form form = quantization::tflite_form_of(graph_, node, encodings_);
    if (form == Form::float_op) return false;
    if (form == Form::into_relu) return true;  // with what reads it
    const Node& source = form == Form::relu_of_convolution ? graph_.node(node.inputs[0]) : node;
    const auto weights = encodings_.weights.find(source.name);
    std::vector<Evaluated> operands;
    for (NodeId input : source.inputs) {
      Evaluated& operand = operands.emplace_back(values_.at(input));
      if (operand.coding) continue;
      operand.coding = integer::make_coding(weights->second.operand.value(), operand.shape.c);
      quantize(operand, encodings_.arithmetic);
    }
    std::vector<integer::tflite::CodeView> views;
    for (const Evaluated& operand : operands)
      views.push_back({codes_at(operand), operand.shape, &*operand.coding});
    with_code(*value.coding, [&]<typename Code>(Code) {
      auto& codes = codes_of<Code>(value);
      codes.resize(size_of(value));
      integer::tflite::evaluate(form, source.op,
                                weights != encodings_.weights.end() ? &weights->second : nullptr,
                                views, {codes.data(), value.shape, &*value.coding});
    });
    return true;
  }

  static const void* codes_at(const Evaluated& value) {
    if (value.coding->is_int16) return value.wide.data();
    return value.narrow.data();
  }

  void in_float(const Node& node, Evaluated& value) {
    std::vector<std::vector<float>> operands;
    std::vector<reference::Source> sources;
    for (NodeId input : node.inputs) operands.push_back(floats_of(values_.at(input)));
    for (size_t i = 0; i < operands.size(); ++i)
      sources.push_back({operands[i].data(), values_.at(node.inputs[i]).shape});
    reference::evaluate(node.op, sources, {value.floats.data(), value.shape});
  }

  void convolve(const Node& node, const IntegerWeights& given, Evaluated& value) {
    Evaluated operand = values_.at(node.inputs[0]);
    if (!operand.coding) {
      operand.coding = integer::make_coding(given.operand.value(), operand.shape.c);
      quantize(operand, encodings_.arithmetic);
    }
    Conv op;  // a Gemm is a pointwise
    IntegerWeights weights = given;
    if (const auto* conv = std::get_if<Conv>(&node.op)) {
      op = *conv;
      weights.dims = conv->weight.dims();  // stripes turn kernels without moving their values
    }
    with_code(*operand.coding, [&]<typename Code>(Code) {
      const integer::ConvOperands<Code> operands{
          op, weights, {codes_of<Code>(operand).data(), operand.shape}, *operand.coding};
      if (!value.coding) {
        value.floats.resize(size_of(value));
        integer::conv(operands, {value.floats.data(), value.shape});
        return;
      }
      with_code(*value.coding, [&]<typename Result>(Result) {
        auto& codes = codes_of<Result>(value);
        codes.resize(size_of(value));
        integer::conv<Code, Result>(operands, *value.coding, {codes.data(), value.shape});
      });
    });
  }

  const Graph& graph_;
  const Encodings& encodings_;
  std::map<NodeId, Evaluated> values_;
};

}  // namespace

std::vector<std::vector<float>> evaluate_in_integers(const Graph& graph, const Encodings& encodings,
                                                     std::span<const ConstValues> inputs) {
  return IntegerEvaluation(graph, encodings).run(inputs);
}

}  // namespace tessera
