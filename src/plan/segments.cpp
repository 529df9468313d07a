#include "plan/segments.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "graph/slot.h"
#include "plan/phases.h"

namespace tessera {
namespace {

bool is_constant(const Graph& graph, NodeId id) {
  return graph.get_if<Constant>(id) != nullptr;
}

bool is_frame_constant(const Node& node) {
  return std::holds_alternative<Constant>(node.op) && node.shape.w > 1;
}

bool spans_frames(const Op& op) {
  const auto* conv = std::get_if<Conv>(&op);
  return conv != nullptr && conv->weight.dim(3) > 1;
}

// Sets of chip nodes that grow into segments.
class Components {
 public:
  Components(const Graph& graph, const DivisionOptions& options)
      : graph_(graph), options_(options) {
    const auto count = static_cast<size_t>(graph.id_limit());
    parent_.resize(count);
    std::iota(parent_.begin(), parent_.end(), 0u);
    dilations_.resize(count);
    frames_.resize(count);
    members_.resize(count);
    for (NodeId id : graph.order()) {
      members_[slot(id)] = {id};
      frames_[slot(id)] = graph.node(id).shape.w;
      const Op& op = graph.node(id).op;
      if (spans_frames(op)) dilations_[slot(id)] = {std::get<Conv>(op).dilation.w};
    }
  }

  size_t find(size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }

  // Whether all these nodes can be in one segment.
  bool agree(const std::vector<NodeId>& nodes) {
    std::set<int64_t> dilations;
    for (NodeId id : nodes) {
      const size_t root = find(slot(id));
      dilations.insert(dilations_[root].begin(), dilations_[root].end());
      if (frames_[root] != frames_[find(slot(nodes.front()))]) return false;
    }
    if (dilations.empty() || *dilations.rbegin() <= options_.dilation) return true;
    return dilations.size() == 1 && run_in_phases(nodes, *dilations.begin());
  }

  void join(NodeId a, NodeId b) {
    const size_t first = std::min(find(slot(a)), find(slot(b)));
    const size_t second = std::max(find(slot(a)), find(slot(b)));
    if (first == second) return;
    parent_[second] = first;
    dilations_[first].merge(dilations_[second]);
    members_[first].insert(members_[first].end(), members_[second].begin(), members_[second].end());
    members_[second].clear();
  }

 private:
  // Whether the sets of these nodes run in that many phases. One that alone does not is no reason
  // against another with it.
  bool run_in_phases(const std::vector<NodeId>& nodes, int64_t phases) {
    std::set<size_t> roots;
    for (NodeId id : nodes) roots.insert(find(slot(id)));
    if (roots.size() == 1) return true;
    return std::all_of(roots.begin(), roots.end(), [&](size_t root) {
      const std::vector<NodeId>& set = members_[root];
      return std::all_of(set.begin(), set.end(), [&](NodeId id) { return stays(id, phases); });
    });
  }

  // A node in its phase, with the constants that come with it.
  bool stays(NodeId id, int64_t phases) const {
    const Node& node = graph_.node(id);
    const bool constants_stay =
        options_.frame_constants_read ||
        std::none_of(node.inputs.begin(), node.inputs.end(),
                     [&](NodeId input) { return is_frame_constant(graph_.node(input)); });
    return constants_stay && leaves_its_phase(graph_, node, phases).empty();
  }

  const Graph& graph_;
  const DivisionOptions options_;
  std::vector<size_t> parent_;
  std::vector<std::set<int64_t>> dilations_;  // of a root: those of its set
  std::vector<int64_t> frames_;               // of a root: of every node in its set
  std::vector<std::vector<NodeId>> members_;  // of a root: its set
};

// Gives every chip node its component and every node its level: how many steps must lie before it.
// Segments of one level wait for none of each other, host steps of a level for none of its
// segments.
class Divider {
 public:
  Divider(const Graph& graph, const std::vector<Assignment>& places, const DivisionOptions& options)
      : graph_(graph),
        places_(places),
        options_(options),
        order_(graph.order()),
        components_(graph, options),
        levels_(places.size(), 0) {}

  Division run() {
    for (NodeId id : order_) on_chip(id) ? enter(id) : wait(id);
    Division division;
    const auto segment_of = make_segments(division);
    const int32_t last = order_.empty() ? 0 : *std::max_element(levels_.begin(), levels_.end());
    for (int32_t level = 0; level <= last; ++level) {
      for (NodeId id : order_) {
        if (on_chip(id) || levels_[slot(id)] != level) continue;
        if (is_constant(graph_, id) && !needed_on_host(id)) continue;
        division.steps.emplace_back(HostStep{id, places_[slot(id)].reason});
      }
      for (const auto& [key, index] : segment_of) {
        if (key.first == level)
          division.steps.emplace_back(SegmentStep{static_cast<int32_t>(index)});
      }
    }
    return division;
  }

 private:
  // Whether a value is a constant that becomes part of the segments that use it.
  bool is_inside(NodeId id) const {
    if (!is_constant(graph_, id)) return false;
    return !options_.frame_constants_read || !is_frame_constant(graph_.node(id));
  }

  bool on_chip(NodeId id) const { return places_[slot(id)].place == Place::chip; }

  // A host step waits for the segments it reads from.
  void wait(NodeId id) {
    for (NodeId input : graph_.node(id).inputs) {
      levels_[slot(id)] =
          std::max(levels_[slot(id)], levels_[slot(input)] + (on_chip(input) ? 1 : 0));
    }
  }

  // A chip node joins the segments it reads from, unless they do not go together: then it begins
  // one behind them.
  void enter(NodeId id) {
    int32_t level = 0;
    for (NodeId input : graph_.node(id).inputs) level = std::max(level, levels_[slot(input)]);
    std::vector<NodeId> together{id};
    for (NodeId input : graph_.node(id).inputs) {
      if (on_chip(input) && levels_[slot(input)] == level) together.push_back(input);
    }
    const bool reads_chip = together.size() > 1;
    const bool apart = options_.kernels_read_host && reads_chip && spans_frames(graph_.node(id).op);
    if (apart || !components_.agree(together)) {
      together.resize(1);
      ++level;
    }
    levels_[slot(id)] = level;
    for (NodeId other : together) components_.join(id, other);
    if (options_.sharing == Sharing::none) return;
    for (NodeId input : graph_.node(id).inputs) {
      if (is_inside(input)) continue;
      if (on_chip(input) && levels_[slot(input)] == level) continue;
      const NodeId reader = reader_of_.try_emplace({input, level}, id).first->second;
      if (components_.agree({reader, id})) components_.join(reader, id);
    }
  }

  // Segments by level, then in the order of their first nodes.
  std::map<std::pair<int32_t, size_t>, size_t> make_segments(Division& division) {
    std::map<std::pair<int32_t, size_t>, size_t> segment_of;
    for (NodeId id : order_) {
      if (on_chip(id)) segment_of.try_emplace({levels_[slot(id)], components_.find(slot(id))}, 0);
    }
    for (auto& [key, index] : segment_of) {
      index = division.segments.size();
      division.segments.push_back({});
      division.segments.back().name = fmt::format("seg{:02}", index);
    }
    for (NodeId id : order_) {
      if (!on_chip(id)) continue;
      const size_t index = segment_of.at({levels_[slot(id)], components_.find(slot(id))});
      division.segments[index].nodes.push_back(id);
    }
    for (ChipSegment& segment : division.segments) complete(segment);
    return segment_of;
  }

  // Reads and writes of a segment whose nodes are known; constants join the segments that use them.
  void complete(ChipSegment& segment) const {
    const std::set<NodeId> own(segment.nodes.begin(), segment.nodes.end());
    const auto inside = [&](NodeId id) { return own.contains(id); };
    std::set<NodeId> seen;
    std::vector<NodeId> nodes;
    for (NodeId id : segment.nodes) {
      for (NodeId input : graph_.node(id).inputs) {
        if (inside(input) || !seen.insert(input).second) continue;
        (is_inside(input) ? nodes : segment.reads).push_back(input);
      }
      nodes.push_back(id);
      const auto users = graph_.users(id);
      if (graph_.is_output(id) || !std::all_of(users.begin(), users.end(), inside)) {
        segment.writes.push_back(id);
      }
    }
    segment.nodes = std::move(nodes);
  }

  bool needed_on_host(NodeId constant) const {
    const auto users = graph_.users(constant);
    return graph_.is_output(constant) || !is_inside(constant) ||
           std::any_of(users.begin(), users.end(), [&](NodeId u) { return !on_chip(u); });
  }

  const Graph& graph_;
  const std::vector<Assignment>& places_;
  const DivisionOptions options_;
  const std::vector<NodeId> order_;
  Components components_;
  std::vector<int32_t> levels_;
  std::map<std::pair<NodeId, int32_t>, NodeId> reader_of_;  // by value read and level
};

}  // namespace

Division divide(const Graph& graph, const std::vector<Assignment>& places,
                const DivisionOptions& options) {
  return Divider(graph, places, options).run();
}

}  // namespace tessera
