#include "tessera/compiler/graph.h"

#include <algorithm>

namespace tessera {

std::string_view to_string(DerivedKind kind) {
  switch (kind) {
    case DerivedKind::value: return "value";
    case DerivedKind::taps: return "taps";
    case DerivedKind::statistics: return "statistics";
    case DerivedKind::joined: return "joined";
  }
  return "";
}

std::string_view to_string(GraphForm form) {
  switch (form) {
    case GraphForm::importing: return "importing";
    case GraphForm::imported: return "imported";
    case GraphForm::rewriting: return "rewriting";
    case GraphForm::legal: return "legal";
  }
  return "?";
}

const Node& Graph::node(NodeId id) const {
  TESSERA_CHECK(index_of(id) >= 0 && index_of(id) < id_limit(), "node id belongs to this graph");
  return nodes_[static_cast<size_t>(index_of(id))];
}

NodeId Graph::find(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? kNoNode : found->second;
}

std::span<const NodeId> Graph::users(NodeId id) const {
  TESSERA_CHECK(index_of(id) >= 0 && index_of(id) < id_limit(), "node id belongs to this graph");
  return users_[static_cast<size_t>(index_of(id))];
}

bool Graph::is_output(NodeId id) const {
  return std::any_of(outputs_.begin(), outputs_.end(),
                     [id](const GraphOutput& o) { return o.node == id; });
}

const Tensor* Graph::basis_of(std::string_view value) const {
  for (const ChangedBasis& basis : changed_bases_) {
    if (std::find(basis.values.begin(), basis.values.end(), value) != basis.values.end())
      return &basis.matrix;
  }
  return nullptr;
}

std::vector<Shape> Graph::operand_shapes(NodeId id) const {
  std::vector<Shape> shapes;
  for (NodeId input : node(id).inputs) shapes.push_back(node(input).shape);
  return shapes;
}

std::vector<NodeId> Graph::order() const {
  // Kahn's algorithm with the lowest id first: creation order wherever operands allow it.
  std::vector<int32_t> missing(nodes_.size(), 0);
  std::vector<NodeId> ready;  // min-heap on id
  std::vector<NodeId> result;
  const auto later = [](NodeId a, NodeId b) { return index_of(a) > index_of(b); };
  for (const Node& n : nodes_) {
    if (n.removed) continue;
    missing[static_cast<size_t>(index_of(n.id))] = static_cast<int32_t>(n.inputs.size());
    if (n.inputs.empty()) ready.push_back(n.id);
  }
  std::make_heap(ready.begin(), ready.end(), later);
  while (!ready.empty()) {
    std::pop_heap(ready.begin(), ready.end(), later);
    const NodeId id = ready.back();
    ready.pop_back();
    result.push_back(id);
    for (NodeId user : users(id)) {
      if (--missing[static_cast<size_t>(index_of(user))] == 0) {
        ready.push_back(user);
        std::push_heap(ready.begin(), ready.end(), later);
      }
    }
  }
  return result;
}

}  // namespace tessera
