#include "pipeline/reach.h"

#include <algorithm>
#include <numeric>

#include "tessera/compiler/analysis.h"

namespace tessera {
namespace {

constexpr int64_t kMaxGrid = int64_t{1} << 20;

// None beyond kMaxGrid.
std::optional<int64_t> common_multiple(int64_t a, int64_t b) {
  if (a > kMaxGrid || b > kMaxGrid) return std::nullopt;
  const int64_t multiple = std::lcm(a, b);
  if (multiple > kMaxGrid) return std::nullopt;
  return multiple;
}

bool is_bounded(const Dependence& dependence) {
  return dependence.local && !dependence.whole_sequence && !dependence.unbounded_past;
}

}  // namespace

std::optional<Reach> reach_of(const Graph& graph) {
  const auto inputs = graph.inputs();
  if (inputs.size() != 1) return std::nullopt;
  const std::vector<Dependence> dependences = dependence_on(graph, inputs[0]);
  Reach reach;
  for (const GraphOutput& output : graph.outputs()) {
    const Dependence& on_input = dependences[static_cast<size_t>(index_of(output.node))];
    if (!on_input.any) continue;  // a constant
    if (!is_bounded(on_input) || on_input.rate_numerator != on_input.rate_denominator) {
      return std::nullopt;
    }
    reach.past = std::max(reach.past, -on_input.first);
    reach.future = std::max(reach.future, on_input.last);
  }
  for (const NodeId id : graph.order()) {
    const Dependence& on_input = dependences[static_cast<size_t>(index_of(id))];
    if (!on_input.any || !on_input.local) continue;
    const std::optional<int64_t> grid = common_multiple(reach.grid, on_input.rate_numerator);
    if (!grid) return std::nullopt;
    reach.grid = *grid;
  }
  return reach;
}

std::optional<Reach> joined(const std::optional<Reach>& a, const std::optional<Reach>& b) {
  if (!a || !b) return std::nullopt;
  const std::optional<int64_t> grid = common_multiple(a->grid, b->grid);
  if (!grid) return std::nullopt;
  return Reach{std::max(a->past, b->past), std::max(a->future, b->future), *grid};
}

}  // namespace tessera
