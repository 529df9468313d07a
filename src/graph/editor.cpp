#include <algorithm>

#include <fmt/format.h>

#include "tessera/compiler/graph.h"

namespace tessera {

GraphEditor::GraphEditor(Graph& graph, std::string rule) : graph_(graph), rule_(std::move(rule)) {}

Result<NodeId> GraphEditor::add(Op op, std::vector<NodeId> inputs, std::string name,
                                std::string source) {
  const NodeId id{graph_.id_limit()};
  if (name.empty()) name = fmt::format("{}_{}", op_kind_name(op), index_of(id));
  std::vector<Shape> shapes;
  for (NodeId input : inputs) {
    TESSERA_CHECK(!graph_.node(input).removed, "operands are live nodes");
    shapes.push_back(graph_.node(input).shape);
  }
  Result<Shape> shape = infer_shape(op, shapes);
  if (!shape) {
    Error error = std::move(shape).error();
    error.subject = fmt::format("node '{}' ({})", name, op_name(op));
    return error;
  }
  Node node;
  node.id = id;
  node.name = unique_name(std::move(name));
  node.shape = *shape;
  node.origin = {std::move(source), rule_};
  node.inputs = std::move(inputs);
  node.op = std::move(op);
  const bool is_input = std::holds_alternative<Input>(node.op);
  graph_.names_.emplace(node.name, id);
  graph_.nodes_.push_back(std::move(node));
  graph_.users_.emplace_back();
  for (NodeId input : graph_.node(id).inputs) add_user(input, id);
  if (is_input) graph_.inputs_.push_back(id);
  ++edits_;
  return id;
}

Result<void> GraphEditor::replace(NodeId id, Op op, std::vector<NodeId> inputs) {
  Node& node = graph_.nodes_[static_cast<size_t>(index_of(id))];
  TESSERA_CHECK(!node.removed, "a replaced node is live");
  const std::string subject = fmt::format("node '{}' ({})", node.name, op_name(op));
  if (std::holds_alternative<Input>(op) || std::holds_alternative<Input>(node.op)) {
    return TESSERA_ERROR(kInvalidModel, subject, "a graph's input is neither replaced nor made",
                         "add a node and redirect the readers");
  }
  std::vector<Shape> shapes;
  for (NodeId input : inputs) {
    if (depends_on(input, id))
      return TESSERA_ERROR(kInvalidModel, subject, "would read its own result", "");
    shapes.push_back(graph_.node(input).shape);
  }
  Result<Shape> shape = infer_shape(op, shapes);
  if (!shape) {
    Error error = std::move(shape).error();
    error.subject = subject;
    return error;
  }
  if (*shape != node.shape) {
    return TESSERA_ERROR(kInvalidModel, subject,
                         fmt::format("replacement gives {}, the node's users read {}",
                                     to_string(*shape), to_string(node.shape)),
                         "");
  }
  for (NodeId input : node.inputs) drop_user(input, id);
  node.op = std::move(op);
  node.inputs = std::move(inputs);
  node.origin.rule = rule_;
  for (NodeId input : node.inputs) add_user(input, id);
  ++edits_;
  return {};
}

Result<void> GraphEditor::redirect(NodeId from, NodeId to, NodeId except) {
  if (from == to) return {};
  const Node& source = graph_.node(from);
  const Node& target = graph_.node(to);
  if (source.shape != target.shape) {
    return TESSERA_ERROR(kInvalidModel, fmt::format("node '{}'", source.name),
                         fmt::format("has shape {}, its substitute '{}' has {}",
                                     to_string(source.shape), target.name, to_string(target.shape)),
                         "");
  }
  const std::vector<NodeId> users(graph_.users(from).begin(), graph_.users(from).end());
  for (NodeId user : users) {
    if (user != except && depends_on(to, user)) {
      return TESSERA_ERROR(
          kInvalidModel, fmt::format("node '{}'", target.name),
          fmt::format("depends on '{}', which would read it", graph_.node(user).name), "");
    }
  }
  for (NodeId user : users) {
    if (user == except) continue;
    for (NodeId& input : graph_.nodes_[static_cast<size_t>(index_of(user))].inputs) {
      if (input != from) continue;
      input = to;
      drop_user(from, user);
      add_user(to, user);
    }
  }
  for (GraphOutput& output : graph_.outputs_) {
    if (output.node == from) output.node = to;
  }
  ++edits_;
  return {};
}

void GraphEditor::derive(NodeId id, DerivedFrom derived) {
  graph_.nodes_[static_cast<size_t>(index_of(id))].origin.derived = std::move(derived);
}

void GraphEditor::rename(NodeId id, std::string name) {
  Node& node = graph_.nodes_[static_cast<size_t>(index_of(id))];
  if (node.name == name) return;
  graph_.names_.erase(node.name);
  node.name = unique_name(std::move(name));
  graph_.names_.emplace(node.name, id);
}

void GraphEditor::add_output(std::string name, NodeId node) {
  TESSERA_CHECK(!graph_.node(node).removed, "an output is a live node");
  graph_.outputs_.push_back({std::move(name), node});
  ++edits_;
}

void GraphEditor::clear_outputs() {
  graph_.outputs_.clear();
}

Result<void> GraphEditor::record_basis(ChangedBasis basis) {
  const std::vector<int64_t>& dims = basis.matrix.dims();
  if (dims.size() != 2 || dims[0] != dims[1]) {
    return TESSERA_ERROR(kInvalidModel, "basis",
                         fmt::format("{} is no square matrix", dims_to_string(dims)), "");
  }
  for (const std::string& value : basis.values) {
    if (graph_.basis_of(value) == nullptr) continue;
    return TESSERA_ERROR(kInvalidModel, fmt::format("basis of '{}'", value), "was changed before",
                         "");
  }
  graph_.changed_bases_.push_back(std::move(basis));
  ++edits_;
  return {};
}

std::vector<std::string> GraphEditor::remove_dead() {
  std::vector<bool> needed(graph_.nodes_.size(), false);
  std::vector<NodeId> stack(graph_.inputs_);
  for (const GraphOutput& output : graph_.outputs_) stack.push_back(output.node);
  while (!stack.empty()) {
    const NodeId id = stack.back();
    stack.pop_back();
    if (needed[static_cast<size_t>(index_of(id))]) continue;
    needed[static_cast<size_t>(index_of(id))] = true;
    for (NodeId input : graph_.node(id).inputs) stack.push_back(input);
  }
  std::vector<std::string> names;
  for (Node& node : graph_.nodes_) {
    if (node.removed || needed[static_cast<size_t>(index_of(node.id))]) continue;
    names.push_back(node.name);
    graph_.names_.erase(node.name);
    for (NodeId input : node.inputs) drop_user(input, node.id);
    node.removed = true;
    node.inputs.clear();
    node.op = Add{};  // releases the weights
    ++edits_;
  }
  return names;
}

Result<void> GraphEditor::enter(GraphForm form) {
  TESSERA_TRY_VOID(validate(graph_, form));
  graph_.form_ = form;
  return {};
}

void GraphEditor::add_user(NodeId of, NodeId user) {
  graph_.users_[static_cast<size_t>(index_of(of))].push_back(user);
}

void GraphEditor::drop_user(NodeId of, NodeId user) {
  std::vector<NodeId>& users = graph_.users_[static_cast<size_t>(index_of(of))];
  const auto found = std::find(users.begin(), users.end(), user);
  TESSERA_CHECK(found != users.end(), "users and operands agree");
  users.erase(found);
}

bool GraphEditor::depends_on(NodeId node, NodeId on) const {
  std::vector<bool> seen(graph_.nodes_.size(), false);
  std::vector<NodeId> stack{node};
  while (!stack.empty()) {
    const NodeId id = stack.back();
    stack.pop_back();
    if (id == on) return true;
    if (seen[static_cast<size_t>(index_of(id))]) continue;
    seen[static_cast<size_t>(index_of(id))] = true;
    for (NodeId input : graph_.node(id).inputs) stack.push_back(input);
  }
  return false;
}

std::string GraphEditor::unique_name(std::string wanted) const {
  if (!graph_.names_.contains(wanted)) return wanted;
  for (int suffix = 1;; ++suffix) {
    std::string candidate = fmt::format("{}.{}", wanted, suffix);
    if (!graph_.names_.contains(candidate)) return candidate;
  }
}

}  // namespace tessera
