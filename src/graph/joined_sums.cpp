#include "graph/joined_sums.h"

#include <algorithm>
#include <map>
#include <set>

namespace tessera {
namespace {

// The part of a value that a node is.
ValuePart part_of(const Graph& graph, NodeId id) {
  const auto* slice = graph.get_if<Slice>(id);
  if (slice == nullptr || slice->axis != Axis::c || slice->step != 1)
    return {id, 0, graph.node(id).shape.c};
  return {graph.node(id).inputs[0], slice->begin, slice->end};
}

class Search {
 public:
  Search(const Graph& graph, const SumConditions& conditions)
      : graph_(graph), conditions_(conditions) {
    for (NodeId id : graph.order()) {
      if (is_plain_sum(id)) sums_.insert(id);
    }
  }

  // A sum that one of its values does not allow takes away the leave of those that read it.
  std::vector<JoinedParts> run() {
    for (bool changed = true; changed;) {
      const size_t before = sums_.size();
      std::erase_if(sums_, [&](NodeId sum) { return !is_allowed(sum); });
      changed = sums_.size() != before;
    }
    for (NodeId id : graph_.order()) {
      if (!sums_.contains(id)) continue;
      const size_t own = place_of(part_of(graph_, id));
      for (NodeId input : graph_.node(id).inputs) join(own, place_of(part_of(graph_, input)));
    }
    return groups();
  }

 private:
  bool is_plain_sum(NodeId id) const {
    if (graph_.get_if<Add>(id) == nullptr || !conditions_.joins(id)) return false;
    const std::vector<NodeId>& inputs = graph_.node(id).inputs;
    return std::all_of(inputs.begin(), inputs.end(), [&](NodeId input) {
      return graph_.get_if<Constant>(input) == nullptr &&
             graph_.node(input).shape == graph_.node(id).shape;
    });
  }

  bool is_allowed(NodeId sum) const {
    const std::vector<NodeId>& inputs = graph_.node(sum).inputs;
    return allows_part(sum) && std::all_of(inputs.begin(), inputs.end(),
                                           [&](NodeId input) { return allows_part(input); });
  }

  bool allows_part(NodeId id) const {
    const ValuePart part = part_of(graph_, id);
    const bool made_apart = conditions_.made_per_channel(graph_.node(part.node));
    if (part.node == id) return (sums_.contains(id) || made_apart) && all_readers_agree(id);
    // Other parts of the same value may be anything, if they share no channel with this one.
    return !sums_.contains(part.node) && made_apart && all_readers_agree(id) &&
           read_by_disjoint_slices(graph_, part.node);
  }

  bool all_readers_agree(NodeId value) const {
    const auto users = graph_.users(value);
    return std::all_of(users.begin(), users.end(), [&](NodeId u) {
      return sums_.contains(u) || conditions_.reads_per_channel(graph_.node(u));
    });
  }

  size_t place_of(const ValuePart& part) {
    const auto [found, added] = places_.try_emplace({part.node, part.begin}, parts_.size());
    if (added) {
      parts_.push_back(part);
      parent_.push_back(found->second);
    }
    return found->second;
  }

  size_t root_of(size_t place) const {
    while (parent_[place] != place) place = parent_[place];
    return place;
  }

  void join(size_t a, size_t b) {
    const size_t first = std::min(root_of(a), root_of(b));
    parent_[root_of(a)] = first;
    parent_[root_of(b)] = first;
  }

  std::vector<JoinedParts> groups() const {
    std::map<size_t, JoinedParts> by_root;
    for (size_t place = 0; place < parts_.size(); ++place)
      by_root[root_of(place)].push_back(parts_[place]);
    std::vector<JoinedParts> groups;
    groups.reserve(by_root.size());
    for (auto& [root, parts] : by_root) groups.push_back(std::move(parts));
    return groups;
  }

  const Graph& graph_;
  const SumConditions& conditions_;
  std::set<NodeId> sums_;
  std::map<std::pair<NodeId, int64_t>, size_t> places_;
  std::vector<ValuePart> parts_;
  std::vector<size_t> parent_;
};

}  // namespace

std::vector<JoinedParts> joined_by_sums(const Graph& graph, const SumConditions& conditions) {
  return Search(graph, conditions).run();
}

bool read_by_disjoint_slices(const Graph& graph, NodeId node) {
  std::vector<const Slice*> slices;
  for (NodeId user : graph.users(node)) {
    const auto* slice = graph.get_if<Slice>(user);
    if (slice == nullptr || slice->axis != Axis::c) return false;
    for (const Slice* other : slices) {
      if (slice->begin < other->end && other->begin < slice->end) return false;
    }
    slices.push_back(slice);
  }
  return !slices.empty();
}

std::vector<NodeId> readers_of(const Graph& graph, const ValuePart& part) {
  std::vector<NodeId> readers;
  for (NodeId user : graph.users(part.node)) {
    const auto* slice = graph.get_if<Slice>(user);
    if (slice == nullptr) {
      readers.push_back(user);
    } else if (slice->begin == part.begin && slice->end == part.end) {
      const auto behind = graph.users(user);
      readers.insert(readers.end(), behind.begin(), behind.end());
    }
  }
  return readers;
}

}  // namespace tessera
