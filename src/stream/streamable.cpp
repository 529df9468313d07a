// Which networks can run on a stream, and why another cannot.
#include <fmt/format.h>

#include "graph/slot.h"
#include "stream/step_graph.h"
#include "tessera/compiler/analysis.h"

namespace tessera::stream {
namespace {

bool needs_whole_sequence(const Dependence& dependence) {
  return dependence.any &&
         (dependence.whole_sequence || !dependence.local || dependence.repeats_ends);
}

Error refuse(const Node& node, std::string_view what, std::string_view hint) {
  return TESSERA_ERROR(kUnsupported, fmt::format("node '{}' ({})", node.name, op_name(node.op)),
                       fmt::format("{}: the network cannot run on a stream", what),
                       std::string(hint));
}

constexpr std::string_view kWindows = "separate windows of the recording instead";

// A slice that keeps one frame which is not the last: a place in the sequence, not a delay.
bool picks_a_place(const Graph& network, const Node& node) {
  const auto* slice = std::get_if<Slice>(&node.op);
  if (slice == nullptr || slice->axis != Axis::w || node.shape.w != 1) return false;
  const int64_t frames = network.node(node.inputs[0]).shape.w;
  return frames > 1 && slice->end < frames;
}

Error refuse(const Node& node) {
  const auto* norm = std::get_if<Norm>(&node.op);
  const auto* statistics = std::get_if<NormStatistics>(&node.op);
  if (norm != nullptr || statistics != nullptr) {
    const NormKind kind = norm != nullptr ? norm->kind : statistics->kind;
    return refuse(node,
                  fmt::format("is a {} norm, whose statistics are known at the end of the sequence",
                              to_string(kind)),
                  "build a package with frozen norms (BuildOptions::norm) and stream that, or "
                  "separate windows of the recording instead");
  }
  if (std::holds_alternative<Pad>(node.op))
    return refuse(node, "repeats frames from inside at the ends of the sequence", kWindows);
  return refuse(node, "mixes all frames of the sequence", kWindows);
}

}  // namespace

Result<void> check_streamable(const Graph& network) {
  if (network.inputs().size() != 1) {
    return TESSERA_ERROR(kUnsupported, "network",
                         fmt::format("has {} inputs; a stream has one", network.inputs().size()),
                         "");
  }
  const std::vector<Dependence> dependence = dependence_on(network, network.inputs()[0]);
  for (NodeId id : network.order()) {
    const Node& node = network.node(id);
    if (needs_whole_sequence(dependence[slot(id)])) return refuse(node);
    if (dependence[slot(id)].any && picks_a_place(network, node))
      return refuse(node, "keeps one frame at a place of the sequence", kWindows);
  }
  for (const GraphOutput& output : network.outputs()) {
    if (dependence[slot(output.node)].any) continue;
    return TESSERA_ERROR(kUnsupported, fmt::format("output '{}'", output.name),
                         "does not depend on the input", "");
  }
  return {};
}

OutputEnd output_end(const Graph& network, NodeId output) {
  OutputEnd end{output, 0};
  for (;;) {
    const Node& node = network.node(end.value);
    if (const auto* slice = std::get_if<Slice>(&node.op);
        slice != nullptr && slice->axis == Axis::w && slice->step == 1) {
      end.shift -= slice->begin;
    } else if (const auto* pad = std::get_if<Pad>(&node.op);
               pad != nullptr && pad->mode == PadMode::zero && pad->padding.top == 0 &&
               pad->padding.bottom == 0) {
      end.shift += pad->padding.left;
    } else {
      return end;
    }
    end.value = node.inputs[0];
  }
}

}  // namespace tessera::stream
