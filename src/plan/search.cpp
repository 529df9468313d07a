// The search behind make_plan(): channel blocks outside, then layout and tile width per segment.
#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "plan/channel_blocks.h"
#include "plan/cost.h"
#include "plan/segments.h"
#include "plan/tiling.h"

namespace tessera {
namespace {

// Side by side in a row of eight, the width the chip's memory rounds to: nothing is wasted.
constexpr int64_t kStripes = 8;
constexpr int64_t kWidestTile = 4096;
constexpr int64_t kBlockChoices[] = {512, 256, 128, 64, 32, 16, 8, 4, 2, 1};

std::string window_key(const Extent& stride, const Extent& dilation, const Padding& padding) {
  return fmt::format("({},{},{},{},{},{},{},{})", stride.h, stride.w, dilation.h, dilation.w,
                     padding.top, padding.bottom, padding.left, padding.right);
}

// Attributes of the ops whose windows and shapes depend on them.
std::string attribute_key(const Op& op) {
  if (const auto* conv = std::get_if<Conv>(&op)) {
    return window_key(conv->stride, conv->dilation, conv->padding) +
           fmt::format("g{}", conv->groups);
  }
  if (const auto* conv = std::get_if<ConvTranspose>(&op)) {
    return window_key(conv->stride, conv->dilation, conv->crop) + fmt::format("g{}", conv->groups);
  }
  if (const auto* pool = std::get_if<Pool>(&op)) {
    return window_key(pool->stride, pool->kernel, pool->padding);
  }
  if (const auto* pad = std::get_if<Pad>(&op)) return window_key({}, {}, pad->padding);
  if (const auto* slice = std::get_if<Slice>(&op)) {
    return fmt::format("({},{},{},{})", to_string(slice->axis), slice->begin, slice->end,
                       slice->step);
  }
  return "";
}

Error bad_option(std::string name, int64_t value) {
  return TESSERA_ERROR(kInvalidArgument, std::move(name), fmt::format("{} has no meaning", value),
                       "choose at least 1, or 0 to have it searched");
}

// Candidate tilings, from the widest tile to the narrowest: few calls first.
std::vector<Tiling> candidates(int64_t frames, const PlanOptions& options) {
  std::vector<int64_t> widths;
  if (options.tile_frames > 0) {
    widths.push_back(std::min(options.tile_frames, frames));
  } else {
    for (int64_t width = kWidestTile; width >= 1; width /= 2) {
      if (width < 2 * frames) widths.push_back(std::min(width, frames));
      if (width > 1 && width * 3 / 4 < frames) widths.push_back(width * 3 / 4);
    }
  }
  std::vector<Tiling> tilings;
  for (int64_t width : widths) {
    if (options.layout != LayoutChoice::stripes) tilings.push_back({Layout::row, width, 1});
    if (options.layout != LayoutChoice::row) {
      // A stripe is a tile of its own: together they are as wide as one row tile of this width.
      const int64_t each =
          options.tile_frames > 0 ? width : std::max<int64_t>(1, (width + kStripes - 1) / kStripes);
      tilings.push_back({Layout::stripes, each, kStripes});
    }
  }
  return tilings;
}

// What tiling and verdict depend on: equal for segments that differ in their weights' values only.
std::string segment_key(const Graph& graph, const ChipSegment& segment) {
  std::string key;
  const auto name_of = [&](NodeId id) {
    for (size_t i = 0; i < segment.nodes.size(); ++i) {
      if (segment.nodes[i] == id) return static_cast<int64_t>(i);
    }
    const auto read = std::find(segment.reads.begin(), segment.reads.end(), id);
    return -1 - (read - segment.reads.begin());
  };
  for (NodeId id : segment.reads) key += to_string(graph.node(id).shape);
  for (NodeId id : segment.nodes) {
    const Node& node = graph.node(id);
    key += fmt::format("|{}{}", op_name(node.op), to_string(node.shape));
    for (NodeId input : node.inputs) key += fmt::format(",{}", name_of(input));
    for (const NamedWeight& weight : weights_of(node.op))
      key += dims_to_string(weight.tensor->dims());
    key += attribute_key(node.op);
  }
  for (NodeId id : segment.writes) key += fmt::format(">{}", name_of(id));
  return key;
}

// The segment under the cheapest tiling with the best verdict. Of two equal ones the earlier wins.
struct Choice {
  ChipSegment segment;
  Error error;  // of the last tiling that could not be made, where none could
  bool found = false;
};

bool better(const ChipSegment& a, const ChipSegment& b) {
  if (a.verdict != b.verdict) return a.verdict < b.verdict;
  return a.cost.seconds() < b.cost.seconds();
}

Choice choose_tiling(const Graph& graph, const ChipSegment& bare, const Target& target,
                     const PlanOptions& options) {
  Choice choice;
  const int64_t frames = graph.node(bare.writes.front()).shape.w;
  for (const Tiling& tiling : candidates(frames, options)) {
    ChipSegment segment = bare;
    segment.tiling = tiling;
    if (Result<void> tiled = tile_segment(graph, segment); !tiled) {
      choice.error = std::move(tiled).error();
      continue;
    }
    segment.cost = segment_cost(segment, target);
    // The verdict is the dear part: ask only where the answer could matter.
    if (choice.found && choice.segment.verdict == Verdict::fits &&
        segment.cost.seconds() >= choice.segment.cost.seconds()) {
      continue;
    }
    segment.verdict = segment_verdict(segment, target);
    if (!choice.found || better(segment, choice.segment)) choice.segment = std::move(segment);
    choice.found = true;
  }
  return choice;
}

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

Result<Plan> plan_blocks(const Graph& legal, int64_t block, const Target& target,
                         const PlanOptions& options) {
  Plan plan;
  plan.target = target.name;
  plan.block_channels = block;
  plan.graph = legal;
  PlacementOptions placement{options.encoder_on_chip, options.masks_on_chip, block > 0};
  if (block > 0) {
    TESSERA_TRY(plan.graph, split_channel_blocks(legal, block));
  }
  Division division = divide(plan.graph, place_nodes(plan.graph, placement),
                             block > 0 ? Sharing::none : Sharing::reads);
  plan.steps = std::move(division.steps);
  plan.verdict = Verdict::fits;
  std::map<std::string, ChipSegment> known;  // by segment_key: its tiling, verdict and cost
  for (ChipSegment& segment : division.segments) {
    const std::string key = segment_key(plan.graph, segment);
    const auto found = known.find(key);
    if (found == known.end()) {
      Choice choice = choose_tiling(plan.graph, segment, target, options);
      if (!choice.found) return std::move(choice.error);
      segment = std::move(choice.segment);
      known.emplace(key, segment);
    } else {
      segment.tiling = found->second.tiling;
      segment.verdict = found->second.verdict;
      segment.cost = found->second.cost;
      TESSERA_TRY_VOID(tile_segment(plan.graph, segment));
    }
    plan.verdict = worse(plan.verdict, segment.verdict);
    plan.cost += segment.cost;
    plan.segments.push_back(std::move(segment));
  }
  const ContextEstimate contexts = estimate_contexts(plan, target);
  plan.contexts = contexts.contexts;
  plan.cost.switch_s = contexts.switch_s;
  plan.host_macs = host_macs(plan);
  return plan;
}

// The first violation that keeps a plan from fitting, and the piece that has it.
struct Obstacle {
  std::string piece;
  int64_t tile_frames = 0;
  Violation violation;
};

std::optional<Obstacle> first_obstacle(const Plan& plan, const Target& target) {
  for (const ChipSegment& segment : plan.segments) {
    if (segment.verdict == Verdict::fits) continue;
    for (const Piece& piece : segment.pieces) {
      const CheckReport report = check(piece.graph, target);
      for (const Violation& violation : report.violations) {
        if (violation.verdict != report.verdict) continue;
        return Obstacle{piece.name, segment.tiling.tile_frames, violation};
      }
    }
  }
  return std::nullopt;
}

// The refusal of the narrowest plan: which piece, which rule, which number.
Error no_cut_fits(const Plan& plan, const Target& target) {
  const std::optional<Obstacle> obstacle = first_obstacle(plan, target);
  if (!obstacle) {
    return TESSERA_ERROR(kUnsupported, "plan", fmt::format("no cut fits '{}'", target.name), "");
  }
  const Violation& v = obstacle->violation;
  const std::string channels =
      plan.block_channels > 0 ? fmt::format("{}", plan.block_channels) : std::string("all");
  return TESSERA_ERROR(
      kUnsupported, fmt::format("piece '{}', node '{}'", obstacle->piece, v.node_name),
      fmt::format("no cut fits '{}': the smallest piece, {} channels by {} frames, breaks rule {}: "
                  "{} ({})",
                  target.name, channels, obstacle->tile_frames, v.rule, v.value, v.limit),
      fmt::format("cure: {}", v.cure));
}

// Whether narrower convolutions could help: other rules break whatever the width.
bool blocks_may_cure(const Plan& plan, const Target& target) {
  const std::optional<Obstacle> obstacle = first_obstacle(plan, target);
  return obstacle && obstacle->violation.cure.find("block_channels") != std::string::npos;
}

}  // namespace

Result<Plan> make_plan(const Graph& legal, const Target& target, const PlanOptions& options) {
  if (options.tile_frames < 0) return bad_option("tile frames", options.tile_frames);
  if (options.block_channels < 0) return bad_option("block channels", options.block_channels);
  if (options.block_channels > 0) {
    TESSERA_TRY(Plan plan, plan_blocks(legal, options.block_channels, target, options));
    if (plan.verdict == Verdict::fits) return plan;
    return no_cut_fits(plan, target);
  }
  TESSERA_TRY(Plan plan, plan_blocks(legal, 0, target, options));
  for (size_t i = 0; i < std::size(kBlockChoices) && blocks_may_cure(plan, target); ++i) {
    Result<Plan> narrower = plan_blocks(legal, kBlockChoices[i], target, options);
    if (!narrower && narrower.error().code == ErrorCode::kResourceLimit) break;  // too many pieces
    TESSERA_TRY(plan, std::move(narrower));
  }
  if (plan.verdict != Verdict::fits) return no_cut_fits(plan, target);
  return plan;
}

}  // namespace tessera
