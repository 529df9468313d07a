// The search behind make_plan(): channel blocks outside, then layout and tile width per segment.
#include <algorithm>
#include <limits>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "plan/assemble.h"
#include "plan/cost.h"
#include "plan/fallback.h"
#include "plan/partition.h"
#include "plan/phases.h"
#include "plan/tiling.h"

namespace tessera {
namespace {

// Rows of stripes are multiples of eight, the width the chip's memory rounds to: nothing is wasted.
constexpr int64_t kStripes = 8;
constexpr int64_t kMaxStripes = 512;
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

// Widths to try for a sequence of `frames`, the widest first: few calls.
std::vector<int64_t> widths(int64_t frames, const PlanOptions& options) {
  if (options.tile_frames > 0) return {std::min(options.tile_frames, frames)};
  std::vector<int64_t> list;
  for (int64_t width = kWidestTile; width >= 1; width /= 2) {
    if (width < 2 * frames) list.push_back(std::min(width, frames));
    if (width > 1 && width * 3 / 4 < frames) list.push_back(width * 3 / 4);
  }
  return list;
}

// The phases that spare the chip a dilation it is not known to have.
int64_t phases_for(const Graph& graph, const ChipSegment& segment, const Target& target) {
  const int64_t dilation = common_dilation(graph, segment.nodes);
  return target.limit("dilation").judge(dilation) == Verdict::fits ? 1 : dilation;
}

std::vector<Tiling> candidates(int64_t frames, int64_t phases, const PlanOptions& options) {
  std::vector<Tiling> tilings;
  const int64_t longest = phase_frames(frames, phases, 0);
  for (int64_t width : widths(longest, options)) {
    const int64_t tiles = std::min(frames, phases) * ((longest + width - 1) / width);
    if (options.layout != LayoutChoice::stripes) tilings.push_back({Layout::row, width, 1, phases});
    if (options.layout == LayoutChoice::row) continue;
    for (int64_t stripes = kStripes; stripes <= kMaxStripes; stripes *= 2) {
      tilings.push_back({Layout::stripes, width, stripes, phases});
      if (stripes >= tiles) break;
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

// What no tiling of this shape can undercut: every call costs, and every value crosses the link
// once at least.
double least_seconds(const Graph& graph, const ChipSegment& segment, const Tiling& tiling,
                     const Target& target) {
  const int64_t frames = graph.node(segment.writes.front()).shape.w;
  const int64_t longest = phase_frames(frames, tiling.phases, 0);
  const int64_t tiles = std::min(frames, tiling.phases) * (longest / tiling.tile_frames);
  const int64_t calls = (tiles + tiling.stripes - 1) / tiling.stripes;
  int64_t bytes = 0;
  for (NodeId id : segment.reads) bytes += graph.node(id).shape.size();
  for (NodeId id : segment.writes) bytes += graph.node(id).shape.size();
  return static_cast<double>(calls) * target.cost("call") +
         static_cast<double>(bytes) / target.cost("link");
}

Choice choose_among(const Graph& graph, const ChipSegment& bare, const Target& target,
                    const PlanOptions& options) {
  Choice choice;
  const int64_t frames = graph.node(bare.writes.front()).shape.w;
  for (const Tiling& tiling : candidates(frames, phases_for(graph, bare, target), options)) {
    const bool have_one = choice.found && choice.segment.verdict == Verdict::fits;
    if (have_one && least_seconds(graph, bare, tiling, target) >= choice.segment.cost.seconds()) {
      continue;
    }
    ChipSegment segment = bare;
    segment.tiling = tiling;
    if (Result<void> tiled = tile_segment(graph, segment); !tiled) {
      choice.error = std::move(tiled).error();
      continue;
    }
    segment.cost = segment_cost(segment, target);
    // The verdict is the dear part: ask only where the answer could matter.
    if (have_one && segment.cost.seconds() >= choice.segment.cost.seconds()) continue;
    segment.verdict = segment_verdict(segment, target);
    if (!choice.found || better(segment, choice.segment)) choice.segment = std::move(segment);
    choice.found = true;
  }
  return choice;
}

// Where stripes are asked for and none fit a segment, it lies in rows: see notes_of_layout().
Choice choose_tiling(const Graph& graph, const ChipSegment& bare, const Target& target,
                     PlanOptions options) {
  Choice choice = choose_among(graph, bare, target, options);
  const bool fits = choice.found && choice.segment.verdict == Verdict::fits;
  if (fits || options.layout != LayoutChoice::stripes) return choice;
  options.layout = LayoutChoice::row;
  Choice rows = choose_among(graph, bare, target, options);
  const bool rows_are_better =
      rows.found && (!choice.found || rows.segment.verdict < choice.segment.verdict);
  return rows_are_better ? rows : choice;
}

// Segments that could not have the layout asked for.
std::vector<Note> notes_of_layout(const Plan& plan, const PlanOptions& options) {
  std::vector<Note> notes;
  if (options.layout != LayoutChoice::stripes) return notes;
  for (const ChipSegment& segment : plan.segments) {
    if (segment.tiling.layout == Layout::stripes) continue;
    notes.push_back(
        {NoteSeverity::info, fmt::format("{} lies in rows: no stripes of it fit", segment.name)});
  }
  return notes;
}

// Whether the search is free to give the host what does not fit.
bool searches(const PlanOptions& options) {
  return options.tile_frames == 0 && options.block_channels == 0;
}

// A segment that no tile can hold keeps no pieces; a free search gives the host its nodes then.
Result<Plan> plan_blocks(const Graph& legal, const PlanRecipe& recipe, const Target& target,
                         const PlanOptions& options) {
  std::map<std::string, ChipSegment> known;  // by segment_key: its tiling, verdict and cost
  return assemble_plan(legal, target, recipe,
                       [&](const Graph& graph, ChipSegment& segment) -> Result<void> {
                         const std::string key = segment_key(graph, segment);
                         const auto found = known.find(key);
                         if (found != known.end()) {
                           segment.tiling = found->second.tiling;
                           segment.verdict = found->second.verdict;
                           segment.cost = found->second.cost;
                           return tile_segment(graph, segment);
                         }
                         Choice choice = choose_tiling(graph, segment, target, options);
                         if (!choice.found && searches(options)) {
                           segment.verdict = Verdict::does_not_fit;
                           return {};
                         }
                         if (!choice.found) return std::move(choice.error);
                         segment = std::move(choice.segment);
                         known.emplace(key, segment);
                         return {};
                       });
}

// Whether some tile of the plan computes frames of its neighbours.
bool halo_inside(const Plan& plan) {
  return std::any_of(plan.segments.begin(), plan.segments.end(), [&](const ChipSegment& segment) {
    return std::any_of(segment.nodes.begin(), segment.nodes.end(), [&](NodeId id) {
      const auto* conv = plan.graph.get_if<Conv>(id);
      if (conv == nullptr || conv->weight.dim(3) == 1) return false;
      const NodeId operand = plan.graph.node(id).inputs[0];
      return std::find(segment.reads.begin(), segment.reads.end(), operand) == segment.reads.end();
    });
  });
}

// Segments whose halos the host gathers; where one length is enough, the better of these and of
// longer ones whose tiles overlap inside.
Result<Plan> plan_either(const Graph& legal, PlanRecipe recipe, const Target& target,
                         const PlanOptions& options) {
  Result<Plan> longer = plan_blocks(legal, recipe, target, options);
  if (longer && !halo_inside(*longer)) return longer;
  recipe.kernels_read_host = true;
  Result<Plan> shorter = plan_blocks(legal, recipe, target, options);
  if (!longer || !shorter) return longer ? std::move(longer) : std::move(shorter);
  if (longer->verdict != shorter->verdict) {
    return longer->verdict < shorter->verdict ? std::move(longer) : std::move(shorter);
  }
  if (!options.fixed_length) return shorter;
  return longer->cost.seconds() <= shorter->cost.seconds() ? std::move(longer) : std::move(shorter);
}

bool has_frame_constants(const Graph& graph) {
  const std::vector<NodeId> order = graph.order();
  return std::any_of(order.begin(), order.end(), [&](NodeId id) {
    return graph.get_if<Constant>(id) != nullptr && graph.node(id).shape.w > 1;
  });
}

// Constants of several frames are read, so that the pieces serve every length; where one length is
// enough, the better of this and of pieces that hold them.
Result<Plan> plan_constants(const Graph& legal, PlanRecipe recipe, const Target& target,
                            const PlanOptions& options) {
  if (!has_frame_constants(legal)) return plan_either(legal, recipe, target, options);
  Result<Plan> inside = plan_either(legal, recipe, target, options);
  recipe.frame_constants_read = true;
  Result<Plan> read = plan_either(legal, recipe, target, options);
  if (!inside || !read) return read ? std::move(read) : std::move(inside);
  if (read->verdict != inside->verdict) {
    return read->verdict < inside->verdict ? std::move(read) : std::move(inside);
  }
  const bool cheaper = inside->cost.seconds() < read->cost.seconds();
  return options.fixed_length && cheaper ? std::move(inside) : std::move(read);
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

std::string text_of(const Obstacle& obstacle) {
  const Violation& v = obstacle.violation;
  return fmt::format("rule {}: {} ({})", v.rule, v.value, v.limit);
}

// The refusal of the narrowest plan: which piece, which rule, which number.
Error no_cut_fits(const Plan& plan, const Target& target, bool searched) {
  const std::optional<Obstacle> obstacle = first_obstacle(plan, target);
  const std::string next = searched
                               ? "'tessera check' lists every rule that the network breaks"
                               : "leave PlanOptions::tile_frames and PlanOptions::block_channels "
                                 "out: what no cut remedies goes to the host";
  if (!obstacle) {
    return TESSERA_ERROR(kUnsupported, "plan", fmt::format("no cut fits '{}'", target.name), next);
  }
  const std::string channels = plan.recipe.block_channels > 0
                                   ? fmt::format("{}", plan.recipe.block_channels)
                                   : std::string("all");
  return TESSERA_ERROR(
      kUnsupported,
      fmt::format("piece '{}', node '{}'", obstacle->piece, obstacle->violation.node_name),
      fmt::format("no cut fits '{}': the smallest piece, {} channels by {} frames, breaks {}",
                  target.name, channels, obstacle->tile_frames, text_of(*obstacle)),
      next);
}

PlanRecipe recipe_for(const Graph& legal, const Target& target, const PlanOptions& options) {
  PlanRecipe recipe;
  recipe.target = target.name;
  recipe.block_channels = options.block_channels;
  recipe.encoder_on_chip = options.encoder_on_chip;
  recipe.masks_on_chip = options.masks_on_chip;
  recipe.dilation = target.limit("dilation").pass.value_or(1);
  recipe.on_host = beyond_cutting(legal, target);
  recipe.kept_by_host = options.kept_by_host;
  return recipe;
}

// Whether narrower convolutions could help: other rules break whatever the width.
bool blocks_may_cure(const Plan& plan, const Target& target) {
  const std::optional<Obstacle> obstacle = first_obstacle(plan, target);
  return obstacle && obstacle->violation.has_remedy("block_channels");
}

// Whole convolutions, or the widest blocks that fit. `whole` keeps the former where they do not.
Result<Plan> plan_with_blocks(const Graph& legal, PlanRecipe recipe, const Target& target,
                              const PlanOptions& options, std::optional<Plan>& whole) {
  TESSERA_TRY(Plan plan, plan_constants(legal, recipe, target, options));
  if (plan.verdict == Verdict::fits) return plan;
  whole = plan;
  for (size_t i = 0; i < std::size(kBlockChoices) && options.block_channels == 0; ++i) {
    if (!blocks_may_cure(plan, target)) break;
    recipe.block_channels = kBlockChoices[i];
    Result<Plan> narrower = plan_constants(legal, recipe, target, options);
    if (!narrower && narrower.error().code == ErrorCode::kResourceLimit) break;  // too many pieces
    TESSERA_TRY(plan, std::move(narrower));
  }
  return plan;
}

}  // namespace

Result<Plan> make_plan(const Graph& legal, const Target& target, const PlanOptions& options) {
  if (options.tile_frames < 0) return bad_option("tile frames", options.tile_frames);
  if (options.block_channels < 0) return bad_option("block channels", options.block_channels);
  PlanRecipe recipe = recipe_for(legal, target, options);
  while (true) {
    TESSERA_TRY_VOID(settle_fallbacks(legal, recipe));
    std::optional<Plan> whole;
    TESSERA_TRY(Plan plan, plan_with_blocks(legal, recipe, target, options, whole));
    if (plan.verdict == Verdict::fits) {
      for (Note& note : notes_of_layout(plan, options)) plan.notes.push_back(std::move(note));
      return plan;
    }
    // Every round moves a node at least, so that there is a last one.
    if (!searches(options) || !keep_what_no_cut_cures(*whole, target, recipe)) {
      return no_cut_fits(plan, target, searches(options));
    }
  }
}

Result<Plan> make_uncut_plan(const Graph& legal, const Target& target, const PlanOptions& options) {
  PlanRecipe recipe = recipe_for(legal, target, options);
  recipe.block_channels = 0;
  recipe.dilation = std::numeric_limits<int64_t>::max();
  return assemble_plan(
      legal, target, recipe, [&](const Graph& graph, ChipSegment& segment) -> Result<void> {
        segment.tiling = {Layout::row, graph.node(segment.writes.front()).shape.w, 1, 1};
        TESSERA_TRY_VOID(tile_segment(graph, segment));
        segment.verdict = segment_verdict(segment, target);
        segment.cost = segment_cost(segment, target);
        return {};
      });
}

std::string blocking_violation(const Plan& plan, const Target& target) {
  const std::optional<Obstacle> obstacle = first_obstacle(plan, target);
  if (!obstacle) return "";
  return fmt::format("piece '{}', node '{}': {}", obstacle->piece, obstacle->violation.node_name,
                     text_of(*obstacle));
}

}  // namespace tessera
