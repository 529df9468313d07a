#include "verify/intermediates.h"

#include <algorithm>

#include "plan/tiling.h"

namespace tessera {
namespace {

// Gives the convolutions of `to` the weights that those of the same name have in `from`.
Result<void> copy_weights(const Graph& from, Graph& to) {
  GraphEditor editor(to, "expose_intermediates");
  for (NodeId id : to.order()) {
    const auto* conv = to.get_if<Conv>(id);
    const NodeId same = from.find(to.node(id).name);
    const auto* played = same == kNoNode ? nullptr : from.get_if<Conv>(same);
    if (conv == nullptr || played == nullptr || conv->weight.dims() != played->weight.dims())
      continue;
    Conv copy = *conv;
    copy.weight = played->weight;
    copy.bias = played->bias;
    TESSERA_TRY_VOID(editor.replace(id, std::move(copy), to.node(id).inputs));
  }
  return {};
}

Result<ChipSegment> opened(const Graph& graph, const ChipSegment& segment,
                           const std::function<bool(NodeId)>& wanted) {
  ChipSegment open = segment;
  const int64_t frames = graph.node(segment.writes.front()).shape.w;
  for (NodeId id : segment.nodes) {
    const bool written =
        std::find(segment.writes.begin(), segment.writes.end(), id) != segment.writes.end();
    if (!written && graph.node(id).shape.w == frames && wanted(id)) open.writes.push_back(id);
  }
  TESSERA_TRY_VOID(tile_segment(graph, open));
  for (size_t i = 0; i < open.pieces.size(); ++i) {
    const size_t played = segment.pieces.size() == open.pieces.size() ? i : 0;
    TESSERA_TRY_VOID(copy_weights(segment.pieces[played].graph, open.pieces[i].graph));
  }
  return open;
}

}  // namespace

Plan expose_intermediates(const Plan& plan, const std::function<bool(NodeId)>& wanted) {
  Plan open = plan;
  for (ChipSegment& segment : open.segments) {
    if (Result<ChipSegment> made = opened(plan.graph, segment, wanted)) segment = std::move(*made);
  }
  return open;
}

}  // namespace tessera
