#include "tessera/compiler/chip_placement.h"

#include <algorithm>
#include <functional>
#include <map>

#include "place/allocator.h"
#include "place/operator_placement.h"
#include "place/physical_network.h"

namespace tessera {
namespace {

constexpr int32_t kMaxContexts = 10'000;

// Cycles in which the host can send and fetch what one call takes and gives.
int64_t link_cycles(const Graph& graph, const Target& target) {
  int64_t bytes = 0;
  for (NodeId id : graph.inputs()) bytes += graph.node(id).shape.size();
  for (const GraphOutput& output : graph.outputs()) bytes += graph.node(output.node).shape.size();
  const double cycles = static_cast<double>(bytes) / target.cost("link") * target.unit("clock");
  return static_cast<int64_t>(std::min(cycles, 1e15));
}

std::vector<Allocation> allocations_of(const Plan& plan, const Target& target) {
  std::vector<Allocation> pieces;
  for (const Step& step : plan.steps) {
    const auto* run = std::get_if<SegmentStep>(&step);
    if (run == nullptr) continue;
    const ChipSegment& segment = plan.segments[static_cast<size_t>(run->segment)];
    for (size_t i = 0; i < segment.pieces.size(); ++i) {
      Allocation piece;
      piece.piece = segment.pieces[i].name;
      piece.calls = std::count_if(
          segment.calls.begin(), segment.calls.end(),
          [&](const PieceCall& call) { return call.piece == static_cast<int32_t>(i); });
      piece.enough_cycles = link_cycles(segment.pieces[i].graph, target);
      piece.network = physical_network(segment.pieces[i].graph, target);
      pieces.push_back(std::move(piece));
    }
  }
  return pieces;
}

void add(const UnitCounts& units, UnitCounts& sum) {
  std::transform(units.begin(), units.end(), sum.begin(), sum.begin(), std::plus<>());
}

PlacedPiece placed(const Allocation& allocation, const Allocator& allocator) {
  PlacedPiece piece;
  piece.name = allocation.piece;
  piece.calls = allocation.calls;
  std::map<int32_t, std::vector<ClusterUnits>> units;  // by context
  for (size_t i = 0; i < allocation.network.layers.size(); ++i) {
    const PhysicalLayer& layer = allocation.network.layers[i];
    const int32_t context = allocation.context[i];
    const auto found = units.find(context);
    const auto& all =
        found != units.end()
            ? found->second
            : units.emplace(context, allocator.layer_units(allocation, context)).first->second;
    piece.layers.push_back({layer.name, layer.node, layer.kind, context, allocation.cluster[i],
                            counts_of(all[i]), layer.weight_bytes, allocation.cycles(i)});
    piece.cycles = std::max(piece.cycles, allocation.cycles(i));
  }
  return piece;
}

}  // namespace

std::string_view to_string(LayerKind kind) {
  return kind == LayerKind::operation ? "operation" : "shortcut";
}

Result<ChipPlacement> place_on_chip(const Plan& plan, const Target& target) {
  if (target.architecture == Architecture::sequential) return place_operators(plan, target);
  std::vector<Allocation> allocations = allocations_of(plan, target);
  const Chip chip = chip_of(target);
  ChipPlacement placement;
  placement.target = target.name;
  placement.utilisation_cap = chip.cap_single;
  // A single context may fill more of the chip than each of several.
  Allocator allocator(chip, chip.cap_single);
  if (!allocator.place(allocations, 1)) {
    placement.utilisation_cap = chip.cap_multi;
    allocator = Allocator(chip, chip.cap_multi);
    TESSERA_TRY_VOID(allocator.place(allocations, kMaxContexts));
  }
  allocator.speed_up(allocations);
  placement.unit_names = unit_names();
  placement.cluster = counts_of(allocator.cluster_has());
  placement.contexts.resize(static_cast<size_t>(allocator.contexts()));
  for (PlacedContext& context : placement.contexts) {
    context.clusters.assign(static_cast<size_t>(chip.clusters), counts_of({}));
  }
  for (const Allocation& allocation : allocations) {
    PlacedPiece piece = placed(allocation, allocator);
    for (const PlacedLayer& layer : piece.layers) {
      PlacedContext& context = placement.contexts[static_cast<size_t>(layer.context)];
      add(layer.units, context.clusters[static_cast<size_t>(layer.cluster)]);
      context.weight_bytes += layer.weight_bytes;
      if (context.pieces.empty() || context.pieces.back() != piece.name) {
        context.pieces.push_back(piece.name);
      }
    }
    placement.pieces.push_back(std::move(piece));
  }
  return placement;
}

}  // namespace tessera
