#include "support/random_values.h"

#include "tessera/backend.h"

namespace tessera::test {

int64_t Random::integer(int64_t low, int64_t high) {
  return low + static_cast<int64_t>(engine_()) % (high - low + 1);
}

bool Random::chance(double probability) {
  return static_cast<double>(engine_()) < probability * 4294967296.0;
}

float Random::uniform(float low, float high) {
  const float unit = static_cast<float>(engine_() >> 8) / 16777216.0F;  // 24 bits: exact
  return low + unit * (high - low);
}

Tensor Random::tensor(std::vector<int64_t> dims, float low, float high) {
  int64_t count = 1;
  for (int64_t dim : dims) count *= dim;
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = uniform(low, high);
  return Tensor(std::move(dims), std::move(values));
}

std::vector<std::vector<float>> random_inputs(const Graph& graph, uint32_t seed) {
  Random random(seed);
  std::vector<std::vector<float>> inputs;
  for (NodeId id : graph.inputs()) {
    inputs.emplace_back(static_cast<size_t>(graph.node(id).shape.size()));
    for (float& value : inputs.back()) value = random.uniform(-1, 1);
  }
  return inputs;
}

std::vector<std::vector<float>> run_graph(const Graph& graph,
                                          const std::vector<std::vector<float>>& inputs,
                                          std::string_view backend) {
  auto executable = make_backend(backend).value()->load({graph}).value();
  std::vector<std::vector<float>> results;
  for (const GraphOutput& output : graph.outputs())
    results.emplace_back(static_cast<size_t>(graph.node(output.node).shape.size()));
  const std::vector<ConstValues> sources(inputs.begin(), inputs.end());
  const std::vector<Values> targets(results.begin(), results.end());
  executable->run(sources, targets).value();
  return results;
}

}  // namespace tessera::test
