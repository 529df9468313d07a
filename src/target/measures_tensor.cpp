// Measures of tensors and of the unit ledger: asked at every node.
#include <fmt/format.h>

#include <algorithm>

#include "target/measures.h"

namespace tessera {
namespace {

// Calls f(shape, "its output of" | "its input of") for the tensors that touch a node.
template <typename F>
void each_tensor(const Graph& graph, const Node& node, F f) {
  for (NodeId input : node.inputs) f(graph.node(input).shape, "its input of");
  f(node.shape, "its output of");
}

Measurement widest(const Graph& graph, const Node& node, int64_t (*size)(const Shape&)) {
  Measurement most;
  each_tensor(graph, node, [&](const Shape& shape, std::string_view where) {
    const int64_t number = size(shape);
    if (number <= most.number) return;
    most.number = number;
    most.where = fmt::format("{} {}", where, to_string(shape));
  });
  return most;
}

const LedgerLine* line_of(const Ledger& ledger, NodeId node) {
  const auto found = std::find_if(ledger.lines.begin(), ledger.lines.end(),
                                  [&](const LedgerLine& line) { return line.node == node; });
  return found == ledger.lines.end() ? nullptr : &*found;
}

}  // namespace

Measurement widest_row(const Graph& graph, const Node& node) {
  return widest(graph, node, [](const Shape& shape) { return shape.c * shape.w; });
}

std::optional<Measurement> measure_batch(const CheckSubject& subject, const Node& node) {
  // Once, where samples come in.
  if (!std::holds_alternative<Input>(node.op)) return std::nullopt;
  return Measurement{subject.options.batch, "", "the samples of one call", ""};
}

std::optional<Measurement> measure_rank(const CheckSubject&, const Node& node) {
  const auto* softmax = std::get_if<Softmax>(&node.op);
  const bool grouped = softmax != nullptr && softmax->sources > 1;
  if (!grouped) return Measurement{4, "", "its tensors", ""};
  return Measurement{5, "", "the view [batch, source, channel, height, width] it needs", ""};
}

std::optional<Measurement> measure_dimension(const CheckSubject& subject, const Node& node) {
  return widest(subject.graph, node, [](const Shape& shape) {
    return std::max({shape.c, shape.h, shape.w});
  });
}

std::optional<Measurement> measure_row(const CheckSubject& subject, const Node& node) {
  return widest_row(subject.graph, node);
}

std::optional<Measurement> measure_cluster_memory(const CheckSubject& subject, const Node& node) {
  const LedgerLine* line = line_of(*subject.ledger, node.id);
  if (line == nullptr) return std::nullopt;
  const int64_t estimate = ceil_div(line->estimate.l3_cuts, line->parts + line->helpers);
  return Measurement{
      line->least.l3_cuts, "",
      fmt::format("buffers of {} and {} bytes of weights",
                  to_string(subject.graph.node(line->out).shape), line->weight_bytes),
      "", estimate};
}

std::optional<Measurement> measure_input_ports(const CheckSubject& subject, const Node&) {
  const auto inputs = static_cast<int64_t>(subject.graph.inputs().size());
  const int64_t each = ceil_div(inputs, chip_of(subject.target).clusters);
  return Measurement{each, "", fmt::format("{} inputs", inputs), ""};
}

std::optional<Measurement> measure_output_ports(const CheckSubject& subject, const Node&) {
  const auto outputs = static_cast<int64_t>(subject.graph.outputs().size());
  const int64_t each = ceil_div(outputs, chip_of(subject.target).clusters);
  return Measurement{each, "", fmt::format("{} outputs", outputs), ""};
}

std::optional<Measurement> measure_contexts(const CheckSubject& subject, const Node&) {
  const Ledger& ledger = *subject.ledger;
  return Measurement{ledger.contexts_at_least, "",
                     fmt::format("{} physical layers with {} compute units", ledger.physical_layers,
                                 ledger.estimate.sc),
                     "", ledger.contexts};
}

}  // namespace tessera
