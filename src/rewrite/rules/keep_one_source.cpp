#include <fmt/format.h>

#include "rewrite/rules/rules.h"

namespace tessera::rules {
namespace {

// Ops between the joined sources and an output: they fit the length.
bool fits_length(const Op& op) {
  const auto* slice = std::get_if<Slice>(&op);
  return std::holds_alternative<Pad>(op) || (slice != nullptr && slice->axis == Axis::w);
}

// The nodes from an output up to the one that joins the sources, which comes last; empty if there
// is none.
std::vector<NodeId> path_to_join(const Graph& graph, NodeId output) {
  std::vector<NodeId> path{output};
  while (fits_length(graph.node(path.back()).op)) path.push_back(graph.node(path.back()).inputs[0]);
  const auto* concat = graph.get_if<Concat>(path.back());
  if (concat == nullptr || concat->axis != Axis::c || graph.node(path.back()).inputs.size() < 2)
    return {};
  return path;
}

bool keep_one_source_concerns(const Graph& graph, NodeId node) {
  if (graph.get_if<Concat>(node) == nullptr) return false;
  for (const GraphOutput& output : graph.outputs()) {
    const std::vector<NodeId> path = path_to_join(graph, output.node);
    if (!path.empty() && path.back() == node) return true;
  }
  return false;
}

Result<Outcome> apply_keep_one_source(GraphEditor& editor, NodeId node,
                                      const RewriteParameters& parameters) {
  const Graph& graph = editor.graph();
  const std::vector<NodeId> sources = graph.node(node).inputs;
  const auto count = static_cast<int64_t>(sources.size());
  if (parameters.source < 0 || parameters.source >= count)
    return Outcome{Declined{
        fmt::format("source {} is asked for, there are {} (from 0)", parameters.source, count)}};
  std::vector<GraphOutput> outputs(graph.outputs().begin(), graph.outputs().end());
  for (GraphOutput& output : outputs) {
    const std::vector<NodeId> path = path_to_join(graph, output.node);
    if (path.empty() || path.back() != node) continue;
    NodeId value = sources[static_cast<size_t>(parameters.source)];
    for (auto step = path.rbegin() + 1; step != path.rend(); ++step) {
      const Node fit = graph.node(*step);
      TESSERA_TRY(value, editor.add(fit.op, {value}, fit.name, fit.origin.source));
    }
    output.node = value;
  }
  editor.clear_outputs();
  for (GraphOutput& output : outputs) editor.add_output(std::move(output.name), output.node);
  return Outcome{Changed{
      fmt::format("source {} of {} (from 0) is the only output", parameters.source, count)}};
}

}  // namespace

constinit const Rule keep_one_source{
    "keep_one_source",
    "Keeps one of the separated sources (source) and drops what only the others need.",
    Exactness::approximate, keep_one_source_concerns, apply_keep_one_source};

}  // namespace tessera::rules
