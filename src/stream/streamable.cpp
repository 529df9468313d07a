// Which networks can run on a stream, and why another cannot.
#include <optional>

#include <fmt/format.h>

#include "graph/slot.h"
#include "graph/subgraph.h"
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
                  kind == NormKind::global
                      ? "take the statistics of what came so far (StreamingOptions::global_norms), "
                        "freeze the norms behind the first in a package (BuildOptions::norm), or "
                        "separate windows of the recording instead"
                      : kWindows);
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

namespace {

std::optional<Op> with_running_norm(const Op& op) {
  if (const auto* norm = std::get_if<Norm>(&op); norm && norm->kind == NormKind::global) {
    Norm running = *norm;
    running.kind = NormKind::cumulative;
    return running;
  }
  if (const auto* statistics = std::get_if<NormStatistics>(&op);
      statistics && statistics->kind == NormKind::global) {
    NormStatistics running = *statistics;
    running.kind = NormKind::cumulative;
    return running;
  }
  return std::nullopt;
}

}  // namespace

int64_t global_norms_of(const Graph& network) {
  int64_t count = 0;
  for (NodeId id : network.order()) count += with_running_norm(network.node(id).op) ? 1 : 0;
  return count;
}

Result<Graph> with_running_norms(const Graph& network) {
  Graph result;
  GraphEditor editor(result, "running_norms");
  SubgraphCopy copy(network, editor);
  for (NodeId input : network.inputs()) TESSERA_TRY_VOID(copy.add(input));
  for (NodeId id : network.order()) {
    if (network.get_if<Input>(id) != nullptr) continue;
    if (auto op = with_running_norm(network.node(id).op)) {
      TESSERA_TRY_VOID(copy.add(id, std::move(*op)));
    } else {
      TESSERA_TRY_VOID(copy.add(id));
    }
  }
  copy.add_outputs();
  TESSERA_TRY_VOID(editor.enter(network.form()));
  return result;
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
