#include <algorithm>
#include <limits>
#include <unordered_set>

#include "tessera/compiler/analysis.h"

namespace tessera {
namespace {

constexpr auto kBytesPerValue = static_cast<int64_t>(sizeof(float));

int64_t saturating_add(int64_t a, int64_t b) {
  int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<int64_t>::max() : sum;
}

// Most bytes alive at once when nodes run in order and each result stays until its last reader.
int64_t peak_bytes(const Graph& graph, const std::vector<NodeId>& order) {
  std::vector<size_t> readers(static_cast<size_t>(graph.id_limit()), 0);
  for (NodeId id : order) {
    readers[static_cast<size_t>(index_of(id))] = graph.users(id).size();
    if (graph.is_output(id)) ++readers[static_cast<size_t>(index_of(id))];  // never released
  }
  int64_t alive = 0;
  int64_t peak = 0;
  for (NodeId id : order) {
    const Node& node = graph.node(id);
    alive = saturating_add(alive, node.shape.size() * kBytesPerValue);
    peak = std::max(peak, alive);
    for (NodeId input : node.inputs) {
      if (--readers[static_cast<size_t>(index_of(input))] == 0)
        alive -= graph.node(input).shape.size() * kBytesPerValue;
    }
  }
  return peak;
}

}  // namespace

Costs costs(const Graph& graph) {
  Costs result;
  std::unordered_set<const float*> counted;  // weights, by where they lie while the graph lives
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    const Node& node = graph.node(id);
    NodeCost cost{.id = id};
    cost.macs = macs(node.op, graph.operand_shapes(id), node.shape);
    for (const NamedWeight& weight : weights_of(node.op)) {
      if (counted.insert(weight.tensor->data()).second) cost.parameters += weight.tensor->size();
    }
    cost.weight_bytes = cost.parameters * kBytesPerValue;
    cost.activation_bytes = node.shape.size() * kBytesPerValue;
    result.macs = saturating_add(result.macs, cost.macs);
    result.parameters += cost.parameters;
    result.weight_bytes += cost.weight_bytes;
    result.activation_bytes = saturating_add(result.activation_bytes, cost.activation_bytes);
    result.nodes.push_back(cost);
  }
  result.peak_activation_bytes = peak_bytes(graph, order);
  return result;
}

std::vector<LengthStep> length_audit(const Graph& graph) {
  std::vector<LengthStep> steps;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    const int64_t previous = node.inputs.empty() ? 0 : graph.node(node.inputs[0]).shape.w;
    const bool is_constant = std::holds_alternative<Constant>(node.op);
    if ((previous != node.shape.w && !is_constant) || graph.is_output(id))
      steps.push_back({id, node.shape.w, previous});
  }
  return steps;
}

}  // namespace tessera
