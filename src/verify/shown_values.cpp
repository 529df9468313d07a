#include "verify/shown_values.h"

#include "tessera/session.h"

namespace tessera {

Result<std::map<NodeId, std::vector<float>>> show_values(const Graph& graph, Backend& backend,
                                                         const Encodings* encodings,
                                                         std::span<const NodeId> nodes,
                                                         std::span<const ConstValues> inputs) {
  Graph tapped = graph;
  GraphEditor editor(tapped, "show_values");
  editor.clear_outputs();
  for (NodeId id : nodes) editor.add_output(graph.node(id).name, id);
  editor.remove_dead();
  TESSERA_TRY(Session session, Session::create(tapped, backend, encodings));
  TESSERA_TRY(std::vector<std::vector<float>> outputs, session.run(inputs));
  std::map<NodeId, std::vector<float>> values;
  for (size_t i = 0; i < nodes.size(); ++i) values[nodes[i]] = std::move(outputs[i]);
  return values;
}

}  // namespace tessera
