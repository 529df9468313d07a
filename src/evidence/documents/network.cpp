#include "evidence/documents.h"

#include <cmath>

namespace tessera::documents {

Json of(const Dependence& seen) {
  return {{"field", seen.field()},
          {"look_ahead", seen.look_ahead()},
          {"whole_sequence", seen.whole_sequence},
          {"unbounded_past", seen.unbounded_past},
          {"causal", seen.causal()}};
}

Json of(const Port& port) {
  return {{"name", port.name}, {"shape", {port.shape.c, port.shape.h, port.shape.w}}};
}

Json layers(const Graph& graph, const Costs& costs) {
  Json rows = Json::array();
  for (const NodeCost& row : costs.nodes) {
    const Node& node = graph.node(row.id);
    Json inputs = Json::array();
    for (const NodeId input : node.inputs) inputs.push_back(graph.node(input).name);
    rows.push_back({{"name", node.name},
                    {"op", op_name(node.op)},
                    {"inputs", std::move(inputs)},
                    {"shape", {node.shape.c, node.shape.h, node.shape.w}},
                    {"parameters", row.parameters},
                    {"macs", row.macs},
                    {"source", node.origin.source}});
  }
  return rows;
}

namespace {

Json events(const std::vector<RuleEvent>& list) {
  Json array = Json::array();
  for (const RuleEvent& event : list)
    array.push_back({{"node", event.node}, {"op", event.op}, {"text", event.text}});
  return array;
}

}  // namespace

Json of(const RewriteLog& log) {
  Json document{{"exact", log.exact},
                {"legal", log.not_legal.empty()},
                {"nodes_before", log.nodes_before},
                {"nodes_after", log.nodes_after},
                {"macs_before", log.macs_before},
                {"macs_after", log.macs_after}};
  if (!log.not_legal.empty()) document["not_legal"] = log.not_legal;
  document["outputs_changed"] = Json::array();
  for (const OutputChange& change : log.outputs) {
    document["outputs_changed"].push_back({{"name", change.name},
                                           {"before", to_string(change.before)},
                                           {"after", to_string(change.after)}});
  }
  document["rules"] = Json::array();
  for (const RuleReport& report : log.rules) {
    Json rule{{"name", report.rule->name},           {"class", to_string(report.rule->exactness)},
              {"milliseconds", report.milliseconds}, {"changed", events(report.changed)},
              {"declined", events(report.declined)}, {"removed", Json::array()}};
    for (const RemovedNode& node : report.removed)
      rule["removed"].push_back({{"node", node.name}, {"op", node.op}, {"macs", node.macs}});
    if (report.cost_db) {
      rule["output_snr_db"] = number(*report.cost_db);
    }
    document["rules"].push_back(std::move(rule));
  }
  return document;
}

Json rewrite_rules() {
  Json rules = Json::array();
  for (const ListedRule& entry : tessera::rewrite_rules()) {
    rules.push_back({{"name", entry.rule->name},
                     {"class", to_string(entry.rule->exactness)},
                     {"runs", to_string(entry.use)},
                     {"summary", entry.rule->summary},
                     {"reason", entry.reason}});
  }
  return {{"rules", std::move(rules)}};
}

}  // namespace tessera::documents
