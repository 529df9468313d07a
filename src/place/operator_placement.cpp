#include "place/operator_placement.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "target/memory_ledger.h"

namespace tessera {
namespace {

// Values that do not lie in the shared memory take none of it.
bool values_share_memory(const Target& target) {
  return target.unit("arena_port") == 1;
}

Result<PlacedPiece> place_piece(const Piece& piece, int64_t calls, const Target& target) {
  const auto memory_bytes = static_cast<int64_t>(target.unit("sram_bytes"));
  const MemoryLedger ledger = make_memory_ledger(piece.graph, target);
  PlacedPiece placed;
  placed.name = piece.name;
  placed.calls = calls;
  for (const OperatorLine& line : ledger.lines) {
    const Node& node = piece.graph.node(line.node);
    const int64_t bytes = values_share_memory(target) ? line.live_bytes : 0;
    if (bytes > memory_bytes) {
      return TESSERA_ERROR(
          kUnsupported, fmt::format("piece '{}', operator '{}'", piece.name, node.name),
          fmt::format("needs {} bytes for values, the shared memory has {}", bytes, memory_bytes),
          "build with narrower tiles (PlanOptions::tile_frames) or channel blocks "
          "(PlanOptions::block_channels)");
    }
    const auto cycles = static_cast<int64_t>(std::llround(line.cycles));
    placed.cycles += cycles;
    placed.layers.push_back(
        {node.name, node.name, LayerKind::operation, 0, 0, {bytes}, line.weight_bytes, cycles});
  }
  return placed;
}

}  // namespace

Result<ChipPlacement> place_operators(const Plan& plan, const Target& target) {
  ChipPlacement placement;
  placement.target = target.name;
  placement.unit_names = {"memory_bytes"};
  placement.cluster = {static_cast<int64_t>(target.unit("sram_bytes"))};
  placement.utilisation_cap = 1;
  PlacedContext context;
  context.clusters = {{0}};
  for (const Step& step : plan.steps) {
    const auto* run = std::get_if<SegmentStep>(&step);
    if (run == nullptr) continue;
    const ChipSegment& segment = plan.segments[static_cast<size_t>(run->segment)];
    for (size_t i = 0; i < segment.pieces.size(); ++i) {
      const auto calls = std::count_if(
          segment.calls.begin(), segment.calls.end(),
          [&](const PieceCall& call) { return call.piece == static_cast<int32_t>(i); });
      TESSERA_TRY(PlacedPiece piece, place_piece(segment.pieces[i], calls, target));
      for (const PlacedLayer& layer : piece.layers) {
        // Operators use the memory one after another.
        context.clusters[0][0] = std::max(context.clusters[0][0], layer.units[0]);
        context.weight_bytes += layer.weight_bytes;
      }
      context.pieces.push_back(piece.name);
      placement.pieces.push_back(std::move(piece));
    }
  }
  placement.contexts.push_back(std::move(context));
  return placement;
}

}  // namespace tessera
