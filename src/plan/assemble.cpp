#include "plan/assemble.h"

#include <fmt/format.h>

#include "plan/channel_blocks.h"
#include "plan/cost.h"
#include "plan/placement.h"
#include "plan/segments.h"
#include "plan/tiling.h"

namespace tessera {
namespace {

int64_t host_macs(const Plan& plan) {
  int64_t total = 0;
  for (const Step& step : plan.steps) {
    const auto* host = std::get_if<HostStep>(&step);
    if (host == nullptr) continue;
    const Node& node = plan.graph.node(host->node);
    total += macs(node.op, plan.graph.operand_shapes(node.id), node.shape);
  }
  return total;
}

Error other_segments(const PlanRecipe& recipe, std::string what) {
  return TESSERA_ERROR(kMismatch, fmt::format("plan for '{}'", recipe.target), std::move(what),
                       "plan this network anew");
}

}  // namespace

Result<Plan> assemble_plan(const Graph& legal, const Target& target, PlanRecipe recipe,
                           const SegmentTiler& tile) {
  Plan plan;
  plan.recipe = std::move(recipe);
  plan.recipe.segments.clear();
  plan.graph = legal;
  const int64_t block = plan.recipe.block_channels;
  if (block > 0) {
    TESSERA_TRY(plan.graph, split_channel_blocks(legal, block));
  }
  const std::vector<Placement> places = place_nodes(
      plan.graph,
      {plan.recipe.encoder_on_chip, plan.recipe.masks_on_chip, block > 0, plan.recipe.on_host});
  Division division = divide(plan.graph, places,
                             {block > 0 ? Sharing::none : Sharing::reads, plan.recipe.dilation,
                              plan.recipe.kernels_read_host});
  plan.steps = std::move(division.steps);
  plan.verdict = Verdict::fits;
  for (ChipSegment& segment : division.segments) {
    TESSERA_TRY_VOID(tile(plan.graph, segment));
    plan.verdict = worse(plan.verdict, segment.verdict);
    plan.cost += segment.cost;
    plan.recipe.segments.push_back({segment.name, segment.tiling, segment.verdict});
    plan.segments.push_back(std::move(segment));
  }
  const ContextEstimate contexts = estimate_contexts(plan, target);
  plan.contexts = contexts.contexts;
  plan.cost.switch_s = contexts.switch_s;
  plan.host_macs = host_macs(plan);
  return plan;
}

Result<Plan> replay_plan(const Graph& legal, const Target& target, const PlanRecipe& recipe) {
  size_t next = 0;
  const auto tile = [&](const Graph& graph, ChipSegment& segment) -> Result<void> {
    if (next == recipe.segments.size() || recipe.segments[next].name != segment.name) {
      return other_segments(recipe, fmt::format("has no segment '{}'", segment.name));
    }
    segment.tiling = recipe.segments[next].tiling;
    segment.verdict = recipe.segments[next].verdict;
    ++next;
    if (Result<void> tiled = tile_segment(graph, segment); !tiled) {
      return other_segments(recipe, tiled.error().to_string());
    }
    segment.cost = segment_cost(segment, target);
    return {};
  };
  TESSERA_TRY(Plan plan, assemble_plan(legal, target, recipe, tile));
  if (next != recipe.segments.size()) {
    return other_segments(
        recipe, fmt::format("has {} segments, the network {}", recipe.segments.size(), next));
  }
  return plan;
}

}  // namespace tessera
