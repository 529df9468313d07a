#include "verify/value_pairs.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "graph/canonical.h"
#include "verify/value_correspondence.h"

namespace tessera {
namespace {

bool computes(const Op& op) {
  return !std::holds_alternative<Input>(op) && !std::holds_alternative<Constant>(op);
}

std::vector<NodeId> computing(const Graph& graph) {
  std::vector<NodeId> nodes;
  for (NodeId id : graph.order()) {
    if (computes(graph.node(id).op)) nodes.push_back(id);
  }
  return nodes;
}

// Nodes of both in canonical order, where these are of the same kinds and sizes throughout.
std::optional<std::vector<ValuePair>> by_structure(const Graph& a, const Graph& b) {
  const auto of_a = canonical_order(a);
  const auto of_b = canonical_order(b);
  if (!of_a || !of_b) return std::nullopt;
  const std::vector<NodeId> left = computing(*of_a);
  const std::vector<NodeId> right = computing(*of_b);
  if (left.size() != right.size()) return std::nullopt;
  std::vector<ValuePair> pairs;
  for (size_t i = 0; i < left.size(); ++i) {
    const Node& x = of_a->node(left[i]);
    const Node& y = of_b->node(right[i]);
    if (op_name(x.op) != op_name(y.op) || x.shape != y.shape) return std::nullopt;
    pairs.push_back({{a.find(x.name)}, {}, "", b.find(y.name)});
  }
  return pairs;
}

// Values with the same part in a Conv-TasNet.
std::vector<ValuePair> by_role(const Graph& a, const Graph& b) {
  std::map<std::string, NodeId> found;
  for (const auto& [id, roles] : conv_tasnet_roles(a)) {
    for (const std::string& role : roles) found.emplace(role, id);
  }
  std::vector<ValuePair> pairs;
  const auto roles_of_b = conv_tasnet_roles(b);
  for (NodeId id : computing(b)) {
    const auto roles = roles_of_b.find(id);
    if (roles == roles_of_b.end()) continue;
    for (const std::string& role : roles->second) {
      const auto same = found.find(role);
      if (same == found.end() || a.node(same->second).shape != b.node(id).shape) continue;
      pairs.push_back({{same->second}, {}, "", id});
      break;
    }
  }
  return pairs;
}

void list_unpaired(const Graph& graph, const std::set<NodeId>& paired, const Graph& other,
                   std::vector<NotCompared>& list) {
  for (NodeId id : computing(graph)) {
    if (paired.contains(id)) continue;
    const Node& node = graph.node(id);
    const bool named = other.find(node.name) != kNoNode;
    list.push_back({node.name, op_name(node.op),
                    named ? "another value has its name" : "the other has no such value"});
  }
}

// Rewriting keeps names: every node of `derived` that has a counterpart in `original`.
std::vector<ValuePair> by_name(const Graph& original, const Graph& derived,
                               std::vector<NotCompared>& derived_only) {
  std::vector<ValuePair> pairs;
  const auto counterparts = match_values(original, derived);
  for (NodeId id : computing(derived)) {
    const auto found = counterparts.find(id);
    if (found == counterparts.end()) continue;
    if (const auto* same = std::get_if<Counterpart>(&found->second)) {
      pairs.push_back({same->sources, same->ops, same->how, id});
    } else {
      const Node& node = derived.node(id);
      derived_only.push_back(
          {node.name, op_name(node.op), std::get<NoCounterpart>(found->second).reason});
    }
  }
  return pairs;
}

std::set<NodeId> sources_of(const std::vector<ValuePair>& pairs) {
  std::set<NodeId> sources;
  for (const ValuePair& pair : pairs) sources.insert(pair.sources.begin(), pair.sources.end());
  return sources;
}

std::set<NodeId> nodes_of(const std::vector<ValuePair>& pairs) {
  std::set<NodeId> nodes;
  for (const ValuePair& pair : pairs) nodes.insert(pair.node);
  return nodes;
}

}  // namespace

ValuePairs pair_values(const Graph& a, const Graph& b) {
  ValuePairs found;
  if (a.form() == GraphForm::imported && b.form() == GraphForm::imported) {
    // Names of two files need not mean the same.
    found.matched_by = "structure";
    if (auto pairs = by_structure(a, b)) {
      found.pairs = std::move(*pairs);
    } else {
      found.matched_by = "role";
      found.pairs = by_role(a, b);
    }
    list_unpaired(a, sources_of(found.pairs), b, found.a_only);
    list_unpaired(b, nodes_of(found.pairs), a, found.b_only);
    return found;
  }
  found.matched_by = "name";
  found.swapped = a.form() != GraphForm::imported && b.form() == GraphForm::imported;
  const Graph& original = found.swapped ? b : a;
  const Graph& derived = found.swapped ? a : b;
  auto& derived_only = found.swapped ? found.a_only : found.b_only;
  auto& original_only = found.swapped ? found.b_only : found.a_only;
  found.pairs = by_name(original, derived, derived_only);
  list_unpaired(original, sources_of(found.pairs), derived, original_only);
  return found;
}

}  // namespace tessera
