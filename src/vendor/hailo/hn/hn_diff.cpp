#include "vendor/hailo/hn/hn_diff.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

#include "vendor/hailo/hn/hn_layer_diff.h"

namespace tessera {
namespace {

// Nodes by the name that a model file has for them: several where one became several.
using NodesByName = std::unordered_map<std::string, std::vector<NodeId>>;

NodesByName nodes_by_name(const Graph& graph) {
  NodesByName nodes;
  for (const NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    const bool named = !node.origin.source.empty();
    nodes[named ? node.origin.source : node.name].push_back(id);
    if (named && node.origin.source != node.name) nodes[node.name].push_back(id);
  }
  return nodes;
}

bool is_computed(const Graph& graph, NodeId id) {
  return graph.get_if<Input>(id) == nullptr && graph.get_if<Constant>(id) == nullptr;
}

class Differ {
 public:
  Differ(const Graph& ours, const Hn& hn, const HnWeights* weights)
      : ours_(ours), hn_(hn), weights_(weights), nodes_(nodes_by_name(ours)) {}

  Result<HnDiff> run() {
    for (const HnLayer& layer : hn_.layers) {
      const std::vector<NodeId> matched = matched_nodes(layer);
      if (matched.empty()) {
        if (!is_port(layer)) diff_.added.push_back(layer.name);
        continue;
      }
      HnMatch match{layer.name, layer.type, {}, {}, false, 0};
      for (const NodeId id : matched) {
        match.nodes.push_back(ours_.node(id).name);
        became_[id].push_back(layer.name);
      }
      TESSERA_TRY_VOID(compare_layer(ours_, matched, layer, weights_, match));
      diff_.layers.push_back(std::move(match));
    }
    if (became_.empty()) {
      return TESSERA_ERROR(kNotFound, hn_.name,
                           "none of its layers names a node of this network: it is of another",
                           "give the network that the parser was given");
    }
    for (const NodeId id : ours_.order()) {
      if (is_computed(ours_, id) && !became_.contains(id)) {
        diff_.vanished.push_back(ours_.node(id).name);
      }
    }
    for (const auto& [id, layers] : became_) {
      if (layers.size() > 1) diff_.split.push_back({ours_.node(id).name, layers});
    }
    return std::move(diff_);
  }

 private:
  static bool is_port(const HnLayer& layer) {
    return layer.type == "input_layer" || layer.type == "output_layer";
  }

  std::vector<NodeId> matched_nodes(const HnLayer& layer) const {
    std::vector<NodeId> matched;
    if (is_port(layer)) return matched;
    for (const std::string& name : layer.original_names) {
      const auto found = nodes_.find(name);
      if (found == nodes_.end()) continue;
      for (const NodeId id : found->second) {
        const bool known = std::find(matched.begin(), matched.end(), id) != matched.end();
        if (is_computed(ours_, id) && !known) matched.push_back(id);
      }
    }
    return matched;
  }

  const Graph& ours_;
  const Hn& hn_;
  const HnWeights* weights_;
  NodesByName nodes_;
  std::map<NodeId, std::vector<std::string>> became_;
  HnDiff diff_;
};

}  // namespace

bool HnDiff::same() const {
  return vanished.empty() && different_layers() == 0;
}

size_t HnDiff::different_layers() const {
  return static_cast<size_t>(std::count_if(
      layers.begin(), layers.end(), [](const HnMatch& m) { return !m.differences.empty(); }));
}

size_t HnDiff::fused_layers() const {
  return static_cast<size_t>(std::count_if(layers.begin(), layers.end(),
                                           [](const HnMatch& m) { return m.nodes.size() > 1; }));
}

Result<HnDiff> diff_hn(const Graph& ours, const Hn& hn, const HnWeights* weights) {
  return Differ(ours, hn, weights).run();
}

}  // namespace tessera
