#include "support/integer_reference.h"

#include <cmath>

#include "support/random_values.h"
#include "verify/integer_reference.h"

namespace tessera::test {

std::vector<std::vector<float>> run_in_integers(const Graph& graph, const Encodings& encodings,
                                                const std::vector<std::vector<float>>& inputs) {
  return evaluate_in_integers(graph, encodings,
                              std::vector<ConstValues>(inputs.begin(), inputs.end()));
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
