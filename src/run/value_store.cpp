#include "run/value_store.h"

#include <algorithm>

namespace tessera {

Result<ValueStore> ValueStore::create(const Graph& graph, std::vector<Life> lives) {
  std::sort(lives.begin(), lives.end(), [](const Life& a, const Life& b) {
    return a.first_step != b.first_step ? a.first_step < b.first_step : a.value < b.value;
  });
  std::vector<BufferLife> buffers;
  for (const Life& life : lives) {
    const int64_t bytes = graph.node(life.value).shape.size() * static_cast<int64_t>(sizeof(float));
    buffers.push_back({bytes, life.first_step, life.last_step});
  }
  TESSERA_TRY(const ArenaPlan plan, plan_arena(buffers, 0));
  ValueStore store;
  TESSERA_TRY(store.arena_, Arena::create(plan.size_bytes));
  for (size_t i = 0; i < lives.size(); ++i) {
    auto* begin = reinterpret_cast<float*>(store.arena_.at(plan.offsets[i]));
    const auto count = static_cast<size_t>(graph.node(lives[i].value).shape.size());
    store.values_.emplace(lives[i].value, Values(begin, count));
  }
  return store;
}

void ValueStore::trim(NodeId value) {
  const Values values = at(value);
  const auto* first = reinterpret_cast<const std::byte*>(values.data());
  arena_.trim(first - arena_.at(0), static_cast<int64_t>(values.size_bytes()));
}

Values ValueStore::at(NodeId value) const {
  return values_.at(value);
}

}  // namespace tessera
