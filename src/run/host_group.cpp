#include "run/host_group.h"

#include <algorithm>
#include <map>

namespace tessera {
namespace {

bool holds(const std::vector<NodeId>& list, NodeId id) {
  return std::find(list.begin(), list.end(), id) != list.end();
}

}  // namespace

Result<HostGroup> make_host_group(const Graph& graph, const std::vector<NodeId>& nodes) {
  HostGroup group;
  GraphEditor editor(group.graph, "make_host_group");
  std::map<NodeId, NodeId> made;
  if (std::all_of(nodes.begin(), nodes.end(), [&](NodeId id) {
        return graph.get_if<Constant>(id) != nullptr && !graph.is_output(id);
      }))
    return group;
  for (NodeId id : nodes) {
    for (NodeId input : graph.node(id).inputs) {
      if (holds(nodes, input) || holds(group.reads, input)) continue;
      const Node& source = graph.node(input);
      if (const auto* constant = std::get_if<Constant>(&source.op)) {
        if (made.contains(input)) continue;
        TESSERA_TRY(made[input], editor.add(*constant, {}, source.name, source.origin.source));
        continue;
      }
      TESSERA_TRY(made[input],
                  editor.add(Input{source.shape}, {}, source.name, source.origin.source));
      group.reads.push_back(input);
    }
  }
  for (NodeId id : nodes) {
    const Node& node = graph.node(id);
    std::vector<NodeId> operands;
    for (NodeId input : node.inputs) operands.push_back(made.at(input));
    TESSERA_TRY(made[id], editor.add(node.op, std::move(operands), node.name, node.origin.source));
    if (std::holds_alternative<Constant>(node.op) && !graph.is_output(id)) continue;
    const auto users = graph.users(id);
    if (graph.is_output(id) ||
        std::any_of(users.begin(), users.end(), [&](NodeId u) { return !holds(nodes, u); })) {
      group.writes.push_back(id);
      editor.add_output(node.name, made[id]);
    }
  }
  TESSERA_TRY_VOID(editor.enter(graph.stage()));
  return group;
}

}  // namespace tessera
