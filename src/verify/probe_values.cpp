#include "verify/probe_values.h"

#include "graph/subgraph.h"
#include "tessera/session.h"

namespace tessera {

Result<std::map<NodeId, std::vector<float>>> probe_values(const Graph& graph, Backend& backend,
                                                          const Encodings* encodings,
                                                          std::span<const NodeId> nodes,
                                                          std::span<const ConstValues> inputs) {
  TESSERA_TRY(const Graph probed, with_outputs(graph, nodes));
  TESSERA_TRY(Session session, Session::create(probed, backend, encodings));
  TESSERA_TRY(std::vector<std::vector<float>> outputs, session.run(inputs));
  std::map<NodeId, std::vector<float>> values;
  for (size_t i = 0; i < nodes.size(); ++i) values[nodes[i]] = std::move(outputs[i]);
  return values;
}

}  // namespace tessera
