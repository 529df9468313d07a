#include "plan/cost.h"

#include <algorithm>
#include <cmath>

#include "target/chip_demand.h"

namespace tessera {
namespace {

int64_t values_of(const Graph& graph, const std::vector<NodeId>& nodes) {
  int64_t values = 0;
  for (NodeId id : nodes) values += graph.node(id).shape.size();
  return values;
}

int64_t macs_of(const Graph& graph) {
  int64_t total = 0;
  for (NodeId id : graph.order()) {
    total += macs(graph.node(id).op, graph.operand_shapes(id), graph.node(id).shape);
  }
  return total;
}

std::vector<NodeId> output_nodes(const Graph& graph) {
  std::vector<NodeId> nodes;
  for (const GraphOutput& output : graph.outputs()) nodes.push_back(output.node);
  return nodes;
}

}  // namespace

Cost& Cost::operator+=(const Cost& other) {
  calls += other.calls;
  bytes_in += other.bytes_in;
  bytes_out += other.bytes_out;
  idle_bytes += other.idle_bytes;
  macs += other.macs;
  compute_s += other.compute_s;
  link_s += other.link_s;
  call_s += other.call_s;
  switch_s += other.switch_s;
  return *this;
}

Cost segment_cost(const ChipSegment& segment, const Target& target) {
  std::vector<int64_t> calls(segment.pieces.size(), 0);
  for (const PieceCall& call : segment.calls) ++calls[static_cast<size_t>(call.piece)];
  Cost cost;
  for (size_t i = 0; i < segment.pieces.size(); ++i) {
    const Graph& graph = segment.pieces[i].graph;
    const std::vector<NodeId> inputs(graph.inputs().begin(), graph.inputs().end());
    cost.calls += calls[i];
    cost.bytes_in += calls[i] * values_of(graph, inputs);
    cost.bytes_out += calls[i] * values_of(graph, output_nodes(graph));
    cost.macs += calls[i] * macs_of(graph);
    cost.compute_s += static_cast<double>(calls[i]) * compute_seconds(graph, target);
  }
  cost.link_s = static_cast<double>(cost.bytes_in + cost.bytes_out) / target.cost("link");
  cost.call_s = static_cast<double>(cost.calls) * target.cost("call");
  return cost;
}

Cost cost_with_wide_values(const Plan& plan, const Target& target,
                           const std::function<bool(NodeId)>& is_wide) {
  Cost cost = plan.cost;
  for (const ChipSegment& segment : plan.segments) {
    for (const PieceCall& call : segment.calls) {
      const Graph& piece = segment.pieces[static_cast<size_t>(call.piece)].graph;
      const auto values_at = [&](NodeId id) { return piece.node(id).shape.size(); };
      for (size_t i = 0; i < segment.reads.size(); ++i)
        if (is_wide(segment.reads[i])) cost.bytes_in += values_at(piece.inputs()[i]);
      for (size_t i = 0; i < segment.writes.size(); ++i)
        if (is_wide(segment.writes[i])) cost.bytes_out += values_at(piece.outputs()[i].node);
    }
  }
  // Idle frames are as wide as the others on the average.
  const auto narrow = static_cast<double>(plan.cost.bytes_in + plan.cost.bytes_out);
  if (narrow > 0) {
    cost.idle_bytes = std::llround(static_cast<double>(plan.cost.idle_bytes) *
                                   static_cast<double>(cost.bytes_in + cost.bytes_out) / narrow);
  }
  cost.link_s =
      static_cast<double>(cost.bytes_in + cost.bytes_out + cost.idle_bytes) / target.cost("link");
  return cost;
}

Verdict segment_verdict(const ChipSegment& segment, const Target& target) {
  Verdict verdict = Verdict::fits;
  for (const Piece& piece : segment.pieces) {
    verdict = worse(verdict, check(piece.graph, target).verdict);
    if (verdict == Verdict::does_not_fit) break;
  }
  return verdict;
}

}  // namespace tessera
