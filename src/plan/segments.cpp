#include "plan/segments.h"

#include <algorithm>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "plan/window.h"

namespace tessera {
namespace {

size_t at(NodeId id) {
  return static_cast<size_t>(index_of(id));
}

bool never_on_chip(const Op& op) {
  return std::holds_alternative<Input>(op) || std::holds_alternative<ScaleShift>(op) ||
         host_only(op) || !is_tileable(op);
}

bool only_moves_data(const Op& op) {
  return std::holds_alternative<Slice>(op) || std::holds_alternative<Concat>(op) ||
         std::holds_alternative<Pad>(op);
}

void mark_ancestors(const Graph& graph, NodeId id, std::vector<bool>& marked) {
  if (marked[at(id)]) return;
  marked[at(id)] = true;
  for (NodeId input : graph.node(id).inputs) mark_ancestors(graph, input, marked);
}

// Products of two computed values with a decoder behind them: where masks meet the encoder's
// output.
std::vector<NodeId> mask_products(const Graph& graph, const std::vector<NodeId>& order) {
  std::vector<bool> decoder_behind(static_cast<size_t>(graph.id_limit()), false);
  std::vector<NodeId> products;
  for (size_t i = order.size(); i-- > 0;) {
    const Node& node = graph.node(order[i]);
    const auto& op = node.op;
    bool behind =
        std::holds_alternative<ConvTranspose>(op) || std::holds_alternative<OverlapAdd>(op);
    for (NodeId user : graph.users(node.id)) behind = behind || decoder_behind[at(user)];
    decoder_behind[at(node.id)] = behind;
    const bool computed = std::none_of(node.inputs.begin(), node.inputs.end(), [&](NodeId input) {
      return graph.get_if<Constant>(input) != nullptr;
    });
    if (std::holds_alternative<Mul>(op) && behind && computed) products.push_back(node.id);
  }
  return products;
}

// The host's own by choice: the encoder (everything a mask product's shallower operand is made of)
// and everything from the mask products on.
void keep_ends_on_host(const Graph& graph, const std::vector<NodeId>& order,
                       const PlacementOptions& options, std::vector<Place>& places) {
  const std::vector<NodeId> products = mask_products(graph, order);
  std::vector<bool> encoder(places.size(), false);
  std::vector<bool> decoder(places.size(), false);
  for (NodeId product : products) {
    decoder[at(product)] = true;
    // Canonical graphs put the operand of smaller depth first: the encoder's output.
    mark_ancestors(graph, graph.node(product).inputs[0], encoder);
  }
  for (NodeId id : order) {
    for (NodeId input : graph.node(id).inputs)
      decoder[at(id)] = decoder[at(id)] || decoder[at(input)];
    if (!options.encoder_on_chip && encoder[at(id)]) places[at(id)] = Place::host;
    if (!options.masks_on_chip && decoder[at(id)]) places[at(id)] = Place::host;
  }
}

// Number of host steps that must lie before a node, counted in crossings from chip to host.
std::vector<int32_t> levels_of(const Graph& graph, const std::vector<NodeId>& order,
                               const std::vector<Place>& places) {
  std::vector<int32_t> levels(places.size(), 0);
  for (NodeId id : order) {
    for (NodeId input : graph.node(id).inputs) {
      const bool crossing = places[at(input)] == Place::chip && places[at(id)] == Place::host;
      levels[at(id)] = std::max(levels[at(id)], levels[at(input)] + (crossing ? 1 : 0));
    }
  }
  return levels;
}

class Components {
 public:
  explicit Components(size_t count) : parent_(count) {
    std::iota(parent_.begin(), parent_.end(), 0u);
  }
  size_t find(size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(size_t a, size_t b) {
    parent_[std::max(find(a), find(b))] = std::min(find(a), find(b));
  }

 private:
  std::vector<size_t> parent_;
};

bool is_constant(const Graph& graph, NodeId id) {
  return graph.get_if<Constant>(id) != nullptr;
}

void add_unique(std::vector<NodeId>& list, NodeId id) {
  if (std::find(list.begin(), list.end(), id) == list.end()) list.push_back(id);
}

bool needed_on_host(const Graph& graph, NodeId constant, const std::vector<Place>& places) {
  const auto users = graph.users(constant);
  return graph.is_output(constant) || std::any_of(users.begin(), users.end(), [&](NodeId u) {
           return places[at(u)] == Place::host;
         });
}

// Reads and writes of a segment whose nodes are known; constants join the segments that use them.
void complete(const Graph& graph, ChipSegment& segment) {
  std::vector<NodeId> nodes;
  const auto inside = [&](NodeId id) {
    return std::find(segment.nodes.begin(), segment.nodes.end(), id) != segment.nodes.end();
  };
  for (NodeId id : segment.nodes) {
    for (NodeId input : graph.node(id).inputs) {
      if (is_constant(graph, input)) {
        add_unique(nodes, input);
      } else if (!inside(input)) {
        add_unique(segment.reads, input);
      }
    }
    nodes.push_back(id);
    const auto users = graph.users(id);
    if (graph.is_output(id) || !std::all_of(users.begin(), users.end(), inside)) {
      segment.writes.push_back(id);
    }
  }
  segment.nodes = std::move(nodes);
}

}  // namespace

std::vector<Place> place_nodes(const Graph& graph, const PlacementOptions& options) {
  const std::vector<NodeId> order = graph.order();
  std::vector<Place> places(static_cast<size_t>(graph.id_limit()), Place::chip);
  for (NodeId id : order) {
    if (never_on_chip(graph.node(id).op)) places[at(id)] = Place::host;
  }
  keep_ends_on_host(graph, order, options, places);
  if (options.convolutions_only) {
    for (NodeId id : order) {
      if (graph.get_if<Conv>(id) == nullptr) places[at(id)] = Place::host;
    }
  }
  for (size_t i = order.size(); i-- > 0;) {
    const Node& node = graph.node(order[i]);
    if (!only_moves_data(node.op)) continue;
    const auto users = graph.users(node.id);
    if (std::all_of(users.begin(), users.end(),
                    [&](NodeId u) { return places[at(u)] == Place::host; })) {
      places[at(node.id)] = Place::host;
    }
  }
  for (NodeId id : order) {
    if (is_constant(graph, id)) places[at(id)] = Place::host;
  }
  return places;
}

Division divide(const Graph& graph, const std::vector<Place>& places, Sharing sharing) {
  const std::vector<NodeId> order = graph.order();
  const std::vector<int32_t> levels = levels_of(graph, order, places);
  Components components(places.size());
  std::map<std::pair<NodeId, int32_t>, NodeId> reader_of;  // by value read and level
  for (NodeId id : order) {
    if (places[at(id)] != Place::chip) continue;
    const int32_t level = levels[at(id)];
    for (NodeId input : graph.node(id).inputs) {
      if (is_constant(graph, input)) continue;
      if (places[at(input)] == Place::chip && levels[at(input)] == level) {
        components.join(at(input), at(id));
      } else if (sharing == Sharing::reads) {
        // Who reads the same value runs in the same call: it crosses the link once.
        components.join(at(reader_of.try_emplace({input, level}, id).first->second), at(id));
      }
    }
  }
  Division division;
  std::map<std::pair<int32_t, size_t>, size_t> segment_of;  // by level, then by component
  for (NodeId id : order) {
    if (places[at(id)] == Place::chip)
      segment_of.try_emplace({levels[at(id)], components.find(at(id))}, 0);
  }
  for (auto& [key, index] : segment_of) {
    index = division.segments.size();
    division.segments.push_back({});
    division.segments.back().name = fmt::format("seg{:02}", index);
  }
  for (NodeId id : order) {
    if (places[at(id)] != Place::chip) continue;
    division.segments[segment_of.at({levels[at(id)], components.find(at(id))})].nodes.push_back(id);
  }
  for (ChipSegment& segment : division.segments) complete(graph, segment);
  // Within a level, host steps wait for no segment of it, and segments for none of each other.
  const int32_t last = order.empty() ? 0 : *std::max_element(levels.begin(), levels.end());
  for (int32_t level = 0; level <= last; ++level) {
    for (NodeId id : order) {
      const bool needed = !is_constant(graph, id) || needed_on_host(graph, id, places);
      if (places[at(id)] == Place::host && levels[at(id)] == level && needed) {
        division.steps.push_back(HostStep{id});
      }
    }
    for (const auto& [key, index] : segment_of) {
      if (key.first == level) division.steps.push_back(SegmentStep{static_cast<int32_t>(index)});
    }
  }
  return division;
}

}  // namespace tessera
