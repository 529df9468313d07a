#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "tessera/compiler/graph.h"

namespace tessera {
namespace {

// Which ops each form permits; rows follow Op's alternatives.
struct Permission {
  bool importing;
  bool imported;
  bool rewriting;
  bool legal;
};
constexpr std::array<Permission, kOpKinds> kPermitted = {{
    {true, true, true, true},    // input
    {true, true, true, true},    // constant
    {true, true, true, true},    // conv
    {true, true, true, true},    // conv_transpose
    {true, true, true, true},    // affine
    {true, true, true, false},   // norm: a legal graph says what each norm computes where
    {true, true, true, true},    // unary
    {true, true, true, true},    // softmax
    {true, true, true, true},    // add
    {true, true, true, true},    // mul
    {true, true, true, true},    // binary
    {true, true, true, true},    // concat
    {true, true, true, true},    // slice
    {true, true, true, true},    // pad
    {true, true, true, true},    // pool
    {true, true, true, true},    // global_pool
    {true, true, true, true},    // gemm
    {true, true, true, true},    // reduce: networks that truly reduce stay as they are
    {true, true, true, true},    // cumulative_sum
    {false, false, true, true},  // overlap_add
    {false, false, true, true},  // norm_statistics
    {false, false, true, true},  // scale_shift
}};

bool permitted(const Op& op, GraphForm form) {
  const Permission& row = kPermitted[op.index()];
  switch (form) {
    case GraphForm::importing: return row.importing;
    case GraphForm::imported: return row.imported;
    case GraphForm::rewriting: return row.rewriting;
    case GraphForm::legal: return row.legal;
  }
  return false;
}

Error broken(const Node& node, std::string message) {
  return TESSERA_ERROR(kInvalidModel, fmt::format("node '{}' ({})", node.name, op_name(node.op)),
                       std::move(message), "");
}

Result<void> validate_node(const Graph& graph, const Node& node, GraphForm form) {
  if (!permitted(node.op, form)) {
    return broken(node, fmt::format("{} is not permitted at stage '{}'", op_kind_name(node.op),
                                    to_string(form)));
  }
  if (graph.find(node.name) != node.id) return broken(node, "its name is not its own");
  for (NodeId input : node.inputs) {
    if (graph.node(input).removed) return broken(node, "reads a removed node");
  }
  const std::vector<Shape> shapes = graph.operand_shapes(node.id);
  Result<Shape> shape = infer_shape(node.op, shapes);
  if (!shape) return broken(node, shape.error().message);
  if (*shape != node.shape) {
    return broken(node, fmt::format("records shape {}, inference gives {}", to_string(node.shape),
                                    to_string(*shape)));
  }
  return {};
}

// Every operand knows its readers, and nothing else counts as one.
Result<void> verify_users(const Graph& graph) {
  std::vector<std::vector<NodeId>> readers(static_cast<size_t>(graph.id_limit()));
  for (int32_t i = 0; i < graph.id_limit(); ++i) {  // in order of id, so each list is sorted
    for (NodeId input : graph.node(NodeId{i}).inputs)
      readers[static_cast<size_t>(index_of(input))].push_back(NodeId{i});
  }
  for (int32_t i = 0; i < graph.id_limit(); ++i) {
    const auto recorded = graph.users(NodeId{i});
    std::vector<NodeId> users(recorded.begin(), recorded.end());
    std::sort(users.begin(), users.end());
    if (users != readers[static_cast<size_t>(i)])
      return broken(graph.node(NodeId{i}), "its recorded users are not its readers");
  }
  return {};
}

// Input nodes and the list of inputs are the same. Only a host step of a plan, cut out of a legal
// graph, may have none: it makes a constant.
Result<void> validate_inputs(const Graph& graph, GraphForm form) {
  std::vector<NodeId> found;
  bool constant = false;
  for (int32_t i = 0; i < graph.id_limit(); ++i) {
    const Node& node = graph.node(NodeId{i});
    if (node.removed) continue;
    if (std::holds_alternative<Input>(node.op)) found.push_back(node.id);
    constant = constant || std::holds_alternative<Constant>(node.op);
  }
  if (!std::equal(found.begin(), found.end(), graph.inputs().begin(), graph.inputs().end()))
    return TESSERA_ERROR(kInvalidModel, "graph", "its inputs are not its input nodes", "");
  if (found.empty() && !(constant && form == GraphForm::legal))
    return TESSERA_ERROR(kInvalidModel, "graph", "has no input", "");
  return {};
}

}  // namespace

Result<void> validate(const Graph& graph, GraphForm form) {
  size_t live = 0;
  for (int32_t i = 0; i < graph.id_limit(); ++i) {
    const Node& node = graph.node(NodeId{i});
    if (node.removed) continue;
    ++live;
    TESSERA_TRY_VOID(validate_node(graph, node, form));
  }
  TESSERA_TRY_VOID(verify_users(graph));
  if (graph.order().size() != live)
    return TESSERA_ERROR(kInvalidModel, "graph", "contains a cycle", "");
  TESSERA_TRY_VOID(validate_inputs(graph, form));
  if (graph.outputs().empty()) return TESSERA_ERROR(kInvalidModel, "graph", "has no output", "");
  for (const GraphOutput& output : graph.outputs()) {
    if (graph.node(output.node).removed) {
      return TESSERA_ERROR(kInvalidModel, fmt::format("output '{}'", output.name),
                           "reads a removed node", "");
    }
  }
  return {};
}

}  // namespace tessera
