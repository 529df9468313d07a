#include "plan/assemble.h"

#include <set>

#include <fmt/format.h>

#include "plan/channel_blocks.h"
#include "plan/cost.h"
#include "plan/fallback.h"
#include "plan/host_padding.h"
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

Result<Graph> planned_graph(const Graph& legal, const PlanRecipe& recipe) {
  Graph graph = legal;
  if (!recipe.padded_by_host.empty()) {
    TESSERA_TRY(graph, lay_padding_before(legal, recipe.padded_by_host));
  }
  if (recipe.block_channels == 0) return graph;
  std::set<std::string> whole;
  for (const auto& entry : recipe.on_host) whole.insert(entry.first);
  for (const auto& entry : recipe.kept_by_host) whole.insert(entry.first);
  return split_channel_blocks(graph, recipe.block_channels, whole);
}

std::vector<Assignment> place_by(const PlanRecipe& recipe, const Graph& planned) {
  PartitionOptions options{recipe.encoder_on_chip, recipe.masks_on_chip, recipe.block_channels > 0,
                           recipe.on_host, recipe.kept_by_host};
  for (const std::string& conv : recipe.padded_by_host) {
    options.kept_by_host.emplace(padding_name(conv), "lays zeros so that phases meet");
  }
  return partition_nodes(planned, options);
}

Division divide_by(const PlanRecipe& recipe, const Graph& planned,
                   const std::vector<Assignment>& places) {
  return divide(planned, places,
                {recipe.block_channels > 0 ? Sharing::none : Sharing::reads, recipe.dilation,
                 recipe.kernels_read_host, recipe.frame_constants_read});
}

Result<Plan> assemble_plan(const Graph& legal, const Target& target, PlanRecipe recipe,
                           const SegmentTiler& tile) {
  Plan plan;
  plan.recipe = std::move(recipe);
  plan.recipe.segments.clear();
  TESSERA_TRY(plan.graph, planned_graph(legal, plan.recipe));
  Division division = divide_by(plan.recipe, plan.graph, place_by(plan.recipe, plan.graph));
  plan.steps = std::move(division.steps);
  plan.verdict = Verdict::fits;
  for (ChipSegment& segment : division.segments) {
    TESSERA_TRY_VOID(tile(plan.graph, segment));
    plan.verdict = worse(plan.verdict, segment.verdict);
    plan.cost += segment.cost;
    plan.recipe.segments.push_back({segment.name, segment.tiling, segment.verdict});
    plan.segments.push_back(std::move(segment));
  }
  const FileEstimate files = estimate_files(plan, target);
  plan.contexts = files.contexts;
  plan.cost = files.cost;
  plan.host_macs = host_macs(plan);
  plan.notes = notes_of(plan.recipe);
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
