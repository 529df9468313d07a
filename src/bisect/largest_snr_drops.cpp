#include "bisect/largest_snr_drops.h"

#include <algorithm>
#include <map>
#include <set>

#include "verify/probe_values.h"

namespace tessera {
namespace {

constexpr size_t kMost = 8;

// Encoded values of the plan, as float sums and as integers give them.
Result<std::vector<ValueComparison>> compare_emulated(const PackagedNetwork& package,
                                                      const FakeQuantized& fake, Backend& emulator,
                                                      std::span<const ConstValues> inputs) {
  const Graph& graph = package.plan.graph;
  std::vector<NodeId> nodes;
  std::map<NodeId, std::vector<float>> expected;
  std::set<size_t> all;
  for (const QuantizedItem& item : fake.items()) {
    all.insert(all.size());
    const NodeId node = graph.find(item.name);
    if (item.kind != QuantizedItem::Kind::value || graph.get_if<Input>(node) != nullptr) continue;
    nodes.push_back(node);
    expected[node];
  }
  TESSERA_TRY_VOID(fake.run(all, inputs, &expected));
  TESSERA_TRY(const auto shown, probe_values(graph, emulator, &*package.encodings, nodes, inputs));
  std::vector<ValueComparison> values;
  double before = kExactDb;
  for (NodeId id : nodes) {
    const Node& node = graph.node(id);
    ValueComparison value;
    value.name = value.value = node.name;
    value.op = op_name(node.op);
    value.shape = node.shape;
    value.difference = difference(expected.at(id), shown.at(id));
    value.cosine = cosine_similarity(expected.at(id), shown.at(id));
    value.snr_drop_db = std::max(0.0, before - std::min(kExactDb, value.difference.snr_db));
    before = std::min(before, value.difference.snr_db);
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace

Result<std::vector<ValueComparison>> largest_snr_drops(BisectPoint stage, const Graph& original,
                                                       const PackagedNetwork& package,
                                                       const std::optional<FakeQuantized>& fake,
                                                       const BisectBackends& backends,
                                                       std::span<const ConstValues> inputs) {
  std::vector<ValueComparison> values;
  if (stage == BisectPoint::legal || stage == BisectPoint::cut) {
    const Graph& before = stage == BisectPoint::legal ? original : package.legal;
    const Graph& after = stage == BisectPoint::legal ? package.legal : package.plan.graph;
    TESSERA_TRY(ComparisonReport report,
                compare_values({before, backends.cpu}, {after, backends.cpu}, inputs));
    values = std::move(report.values);
  } else if (stage == BisectPoint::emulated && fake) {
    TESSERA_TRY(values, compare_emulated(package, *fake, backends.emulator, inputs));
  }
  std::stable_sort(values.begin(), values.end(),
                   [](const auto& a, const auto& b) { return a.snr_drop_db > b.snr_drop_db; });
  values.resize(std::min(values.size(), kMost));
  return values;
}

}  // namespace tessera
