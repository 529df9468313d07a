#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/counted.h"
#include "cli/hef_files.h"
#include "cli/hef_words.h"
#include "cli/table.h"
#include "vendor/hailo/hef/cluster_capacity.h"
#include "vendor/hailo/hef/hef_names.h"

namespace tessera::cli {
namespace {

constexpr uint64_t kMaxDrawnClusters = 16;
constexpr size_t kMaxDrawnContexts = 64;

FloorCluster empty_cluster(uint64_t index, uint32_t arch) {
  FloorCluster cluster;
  cluster.index = index;
  for (const HefUnit unit : kClusterUnits) {
    cluster.units.push_back(
        {std::string(to_string(unit)), 0, cluster_capacity(arch, unit).value_or(0)});
  }
  return cluster;
}

void add_layer(FloorCluster& cluster, const HefMappedLayer& layer) {
  const uint64_t compute = count_of(layer.units, HefUnit::sc);
  if (compute > 0) cluster.layers.push_back({layer.name, compute});
}

FloorPlan plan_of(const std::string& name, const Hef& hef, uint64_t context, bool only) {
  FloorPlan plan;
  plan.title = only ? name : fmt::format("{}, context {}", name, context);
  std::map<uint64_t, FloorCluster> clusters;
  for (uint64_t i = 0; i < cluster_count(hef.arch).value_or(0); ++i) {
    clusters.emplace(i, empty_cluster(i, hef.arch));
  }
  for (const HefClusterLoad& load : hef.mapping.clusters) {
    if (load.context != context || !load.place.in_cluster()) continue;
    if (load.place.cluster >= kMaxDrawnClusters) continue;
    FloorCluster& cluster =
        clusters.try_emplace(load.place.cluster, empty_cluster(load.place.cluster, hef.arch))
            .first->second;
    for (size_t i = 0; i < kClusterUnits.size(); ++i) {
      cluster.units[i].used = count_of(load.units, kClusterUnits[i]);
    }
  }
  size_t layers = 0;
  for (const HefMappedLayer& layer : hef.mapping.layers) {
    if (layer.context != context) continue;
    ++layers;
    for (const HefPlace& place : layer.places) {
      const auto found = clusters.find(place.cluster);
      if (place.in_cluster() && found != clusters.end()) add_layer(found->second, layer);
    }
  }
  for (auto& [index, cluster] : clusters) {
    std::stable_sort(cluster.layers.begin(), cluster.layers.end(),
                     [](const FloorLayer& a, const FloorLayer& b) { return a.weight > b.weight; });
    plan.clusters.push_back(std::move(cluster));
  }
  plan.facts = {fmt::format("{}, SDK {}, {}", hef_arch_name(hef.arch), hef.sdk_version,
                            counted(layers, "physical layer"))};
  return plan;
}

}  // namespace

std::vector<FloorPlan> hef_floor_plans(const std::string& name, const Hef& hef) {
  std::vector<uint64_t> contexts;
  for (const HefClusterLoad& load : hef.mapping.clusters) {
    if (contexts.empty() || contexts.back() != load.context) contexts.push_back(load.context);
  }
  if (contexts.size() > kMaxDrawnContexts) contexts.resize(kMaxDrawnContexts);
  std::vector<FloorPlan> plans;
  for (const uint64_t context : contexts) {
    plans.push_back(plan_of(name, hef, context, contexts.size() == 1));
  }
  return plans;
}

}  // namespace tessera::cli
