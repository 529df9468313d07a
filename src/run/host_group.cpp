#include "run/host_group.h"

#include <algorithm>

#include "graph/subgraph.h"

namespace tessera {
namespace {

bool holds(const std::vector<NodeId>& list, NodeId id) {
  return std::find(list.begin(), list.end(), id) != list.end();
}

}  // namespace

Result<HostGroup> make_host_group(const Graph& graph, const std::vector<NodeId>& nodes) {
  HostGroup group;
  GraphEditor editor(group.graph, "make_host_group");
  SubgraphCopy copy(graph, editor);
  if (std::all_of(nodes.begin(), nodes.end(), [&](NodeId id) {
        return graph.get_if<Constant>(id) != nullptr && !graph.is_output(id);
      }))
    return group;
  for (NodeId id : nodes) {
    for (NodeId input : graph.node(id).inputs) {
      if (holds(nodes, input) || holds(group.reads, input)) continue;
      if (graph.get_if<Constant>(input) != nullptr) {
        if (!copy.contains(input)) TESSERA_TRY_VOID(copy.add(input));
        continue;
      }
      TESSERA_TRY_VOID(copy.add_input(input));
      group.reads.push_back(input);
    }
  }
  for (NodeId id : nodes) {
    const Node& node = graph.node(id);
    TESSERA_TRY_VOID(copy.add(id));
    if (std::holds_alternative<Constant>(node.op) && !graph.is_output(id)) continue;
    const auto users = graph.users(id);
    if (graph.is_output(id) ||
        std::any_of(users.begin(), users.end(), [&](NodeId u) { return !holds(nodes, u); })) {
      group.writes.push_back(id);
      copy.add_output(id);
    }
  }
  TESSERA_TRY_VOID(editor.enter(graph.form()));
  return group;
}

}  // namespace tessera
