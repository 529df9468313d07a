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

Result<std::map<NodeId, std::vector<float>>> probe_plan(const Plan& plan, const Devices& devices,
                                                        const Encodings* encodings,
                                                        std::span<const NodeId> nodes,
                                                        std::span<const ConstValues> inputs) {
  TESSERA_TRY(const auto stitched,
              StitchedExecutable::load(plan, devices, encodings, HostSteps::one_by_one));
  std::map<NodeId, std::vector<float>> values;
  for (NodeId id : nodes) values[id];
  stitched->observe([&](const Node& node, ConstValues shown) {
    const auto wanted = values.find(node.id);
    if (wanted != values.end()) wanted->second.assign(shown.begin(), shown.end());
  });
  const Graph& graph = plan.graph;
  std::vector<std::vector<float>> outputs;
  for (const GraphOutput& output : graph.outputs())
    outputs.emplace_back(static_cast<size_t>(graph.node(output.node).shape.size()));
  const std::vector<Values> targets(outputs.begin(), outputs.end());
  TESSERA_TRY_VOID(stitched->run(inputs, targets));
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto wanted = values.find(graph.outputs()[i].node);
    if (wanted != values.end()) wanted->second = std::move(outputs[i]);
  }
  return values;
}

}  // namespace tessera
