#include "support/integer_reference.h"

#include <cmath>
#include <map>

#include "kernels/ref/integer_kernels.h"
#include "support/random_values.h"

namespace tessera::test {
namespace {

using integer::Code16;
using integer::Code8;
using integer::Coding;

// A value of the graph, dequantised, and its codes if it has a coding.
struct Value {
  Shape shape;
  std::optional<Coding> coding;
  std::vector<float> floats;
  std::vector<Code8> codes8;
  std::vector<Code16> codes16;

  reference::Source source() const { return {floats.data(), shape}; }
  template <typename Code>
  auto& codes() {
    if constexpr (sizeof(Code) == 1) {
      return codes8;
    } else {
      return codes16;
    }
  }
  size_t size() const { return static_cast<size_t>(shape.size()); }
};

template <typename Visit>
void with_code(const Coding& coding, Visit&& visit) {
  if (coding.wide) {
    visit(Code16{});
  } else {
    visit(Code8{});
  }
}

void dequantize(Value& value) {
  value.floats.resize(value.size());
  with_code(*value.coding, [&]<typename Code>(Code) {
    integer::dequantize<Code>({value.codes<Code>().data(), value.shape}, *value.coding,
                              {value.floats.data(), value.shape});
  });
}

// Codes of its floats, and the floats that these stand for.
void quantize(Value& value) {
  with_code(*value.coding, [&]<typename Code>(Code) {
    value.codes<Code>().resize(value.size());
    integer::quantize<Code>(value.source(), *value.coding,
                            {value.codes<Code>().data(), value.shape});
  });
  dequantize(value);
}

Conv geometry_of(const Node& node) {
  const auto* conv = std::get_if<Conv>(&node.op);
  return conv != nullptr ? *conv : Conv{};
}

void convolve(const Node& node, IntegerWeights weights, Value read, Value& result) {
  if (!read.coding) {
    read.coding = integer::make_coding(weights.operand.value(), read.shape.c);
    quantize(read);
  }
  const Conv op = geometry_of(node);
  if (std::holds_alternative<Conv>(node.op)) weights.dims = op.weight.dims();
  with_code(*read.coding, [&]<typename Code>(Code) {
    const integer::ConvOperands<Code> operands{
        op, weights, {read.codes<Code>().data(), read.shape}, *read.coding};
    if (!result.coding) {
      result.floats.resize(result.size());
      integer::conv(operands, {result.floats.data(), result.shape});
      return;
    }
    with_code(*result.coding, [&]<typename Result>(Result) {
      result.codes<Result>().resize(result.size());
      integer::conv<Code, Result>(operands, *result.coding,
                                  {result.codes<Result>().data(), result.shape});
    });
    dequantize(result);
  });
}

}  // namespace

std::vector<std::vector<float>> run_in_integers(const Graph& graph, const Encodings& encodings,
                                                const std::vector<std::vector<float>>& inputs) {
  std::map<NodeId, Value> values;
  size_t given = 0;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    Value& value = values[id];
    value.shape = node.shape;
    if (const auto encoding = encoding_of(graph, id, encodings);
        encoding && !std::holds_alternative<Constant>(node.op)) {
      value.coding = integer::make_coding(*encoding, node.shape.c);
    }
    const auto weights = encodings.weights.find(node.name);
    const auto* statistics = std::get_if<NormStatistics>(&node.op);
    if (std::holds_alternative<Input>(node.op)) {
      value.floats = inputs[given++];
    } else if (weights != encodings.weights.end()) {
      convolve(node, weights->second, values[node.inputs[0]], value);
      continue;
    } else if (statistics != nullptr && values[node.inputs[0]].coding && !value.coding) {
      Value& src = values[node.inputs[0]];
      value.floats.resize(value.size());
      with_code(*src.coding, [&]<typename Code>(Code) {
        integer::norm_statistics<Code>(*statistics, {src.codes<Code>().data(), src.shape},
                                       *src.coding, {value.floats.data(), value.shape});
      });
      continue;
    } else {
      // Codes that are passed on stand for the same numbers: those quantise to them again.
      std::vector<reference::Source> sources;
      for (NodeId input : node.inputs) sources.push_back(values[input].source());
      value.floats.resize(value.size());
      reference::evaluate(node.op, sources, {value.floats.data(), value.shape});
    }
    if (value.coding) quantize(value);
  }
  std::vector<std::vector<float>> results;
  for (const GraphOutput& output : graph.outputs()) results.push_back(values[output.node].floats);
  return results;
}

Encodings random_encodings(const Graph& graph, uint32_t seed) {
  Random random(seed);
  Encodings encodings;
  const auto random_encoding = [&](const Node& node) {
    ValueEncoding encoding;
    encoding.bits = random.chance(0.3) ? 16 : 8;
    encoding.is_signed = encoding.bits == 16 || random.chance(0.3);
    const int64_t entries = random.chance(0.5) ? node.shape.c : 1;
    const float range = random.pick({0.2F, 2.0F, 2.0F, 8.0F});
    for (int64_t c = 0; c < entries; ++c) {
      encoding.scale.push_back(random.uniform(0.5F, 1.0F) * range /
                               static_cast<float>(1 << (encoding.bits - 1)));
      encoding.zero_point.push_back(static_cast<int32_t>(
          random.pick({int64_t{encoding.lowest()}, int64_t{encoding.highest()},
                       (int64_t{encoding.lowest()} + encoding.highest()) / 2,
                       random.integer(encoding.lowest(), encoding.highest())})));
    }
    return encoding;
  };
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (std::holds_alternative<Constant>(node.op)) continue;
    const bool statistics = std::holds_alternative<NormStatistics>(node.op);
    if (random.chance(statistics ? 0.05 : 0.6)) encodings.values[node.name] = random_encoding(node);
    const auto* conv = std::get_if<Conv>(&node.op);
    const auto* gemm = std::get_if<Gemm>(&node.op);
    if ((conv == nullptr && gemm == nullptr) || random.chance(0.2)) continue;
    IntegerWeights weights;
    weights.dims = conv != nullptr ? conv->weight.dims() : gemm->weight.dims();
    int64_t count = 1;
    for (int64_t dim : weights.dims) count *= dim;
    for (int64_t i = 0; i < count; ++i)
      weights.values.push_back(static_cast<int8_t>(random.integer(-127, 127)));
    const auto read = encoding_of(graph, node.inputs[0], encodings);
    if (!read) weights.operand = random_encoding(graph.node(node.inputs[0]));
    const int bits = read ? read->bits : weights.operand->bits;
    for (int64_t o = 0; o < weights.dims[0]; ++o) {
      weights.bias.push_back(static_cast<int32_t>(random.integer(-5000, 5000)));
      weights.scale.push_back(random.uniform(0.5F, 1.0F) /
                              static_cast<float>(100 * (1 << (bits - 1))));
    }
    encodings.weights[node.name] = std::move(weights);
  }
  return encodings;
}

}  // namespace tessera::test
