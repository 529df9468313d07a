#include "package/plan_json.h"

#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/json_fields.h"

namespace tessera {
namespace {

// Far beyond what a search chooses, and small enough that no arithmetic on them overflows.
constexpr int64_t kMaxPlanned = int64_t{1} << 24;
constexpr int64_t kMaxStripes = int64_t{1} << 16;
constexpr std::string_view kPlanName = "plan.json";

Json recipe_json(const PlanRecipe& recipe) {
  Json segments = Json::array();
  for (const PlanRecipe::Segment& segment : recipe.segments) {
    segments.push_back({{"name", segment.name},
                        {"layout", to_string(segment.tiling.layout)},
                        {"tile_frames", segment.tiling.tile_frames},
                        {"stripes", segment.tiling.stripes},
                        {"phases", segment.tiling.phases},
                        {"verdict", to_string(segment.verdict)}});
  }
  return {{"target", recipe.target},
          {"block_channels", recipe.block_channels},
          {"encoder_on_chip", recipe.encoder_on_chip},
          {"masks_on_chip", recipe.masks_on_chip},
          {"dilation", recipe.dilation},
          {"kernels_read_host", recipe.kernels_read_host},
          {"frame_constants_read", recipe.frame_constants_read},
          {"on_host", recipe.on_host},
          {"kept_by_host", recipe.kept_by_host},
          {"padded_by_host", recipe.padded_by_host},
          {"segments", std::move(segments)}};
}

// What plans of earlier versions have not is empty.
Result<void> read_fallbacks(const JsonFields& fields, PlanRecipe& recipe) {
  if (fields.has("frame_constants_read")) {
    TESSERA_TRY(recipe.frame_constants_read, fields.boolean("frame_constants_read"));
  }
  if (fields.has("kept_by_host")) {
    TESSERA_TRY(recipe.kept_by_host, fields.texts("kept_by_host"));
  }
  if (fields.has("padded_by_host")) {
    TESSERA_TRY(recipe.padded_by_host, fields.words("padded_by_host"));
  }
  return {};
}

Json cost_json(const Cost& cost) {
  return {
      {"calls", cost.calls},           {"bytes_in", cost.bytes_in}, {"bytes_out", cost.bytes_out},
      {"idle_bytes", cost.idle_bytes}, {"macs", cost.macs},         {"compute_s", cost.compute_s},
      {"link_s", cost.link_s},         {"call_s", cost.call_s},     {"switch_s", cost.switch_s}};
}

Json names_json(const Graph& graph, const std::vector<NodeId>& nodes) {
  Json names = Json::array();
  for (NodeId id : nodes) names.push_back(graph.node(id).name);
  return names;
}

Json segments_json(const Plan& plan) {
  Json segments = Json::array();
  for (const ChipSegment& segment : plan.segments) {
    Json pieces = Json::array();
    for (const Piece& piece : segment.pieces) pieces.push_back(piece.name);
    segments.push_back({{"name", segment.name},
                        {"nodes", names_json(plan.graph, segment.nodes)},
                        {"reads", names_json(plan.graph, segment.reads)},
                        {"writes", names_json(plan.graph, segment.writes)},
                        {"pieces", std::move(pieces)},
                        {"estimated", cost_json(segment.cost)}});
  }
  return segments;
}

template <typename Word>
std::optional<Word> find_word(std::string_view text, std::span<const Word> words) {
  for (Word word : words) {
    if (to_string(word) == text) return word;
  }
  return std::nullopt;
}

constexpr std::array kPlanLayouts{Layout::row, Layout::stripes};
constexpr std::array kVerdicts{Verdict::fits, Verdict::unknown, Verdict::does_not_fit};

Result<PlanRecipe::Segment> read_segment(const JsonFields& fields) {
  PlanRecipe::Segment segment;
  TESSERA_TRY(segment.name, fields.text("name"));
  TESSERA_TRY(const std::string layout, fields.text("layout"));
  TESSERA_TRY(const std::string verdict, fields.text("verdict"));
  const auto known_layout = find_word<Layout>(layout, kPlanLayouts);
  if (!known_layout) return fields.error("layout", fmt::format("is '{}', no layout", layout));
  const auto known_verdict = find_word<Verdict>(verdict, kVerdicts);
  if (!known_verdict) return fields.error("verdict", fmt::format("is '{}', no verdict", verdict));
  segment.tiling.layout = *known_layout;
  segment.verdict = *known_verdict;
  TESSERA_TRY(segment.tiling.tile_frames, fields.integer("tile_frames", 1, kMaxPlanned));
  TESSERA_TRY(segment.tiling.stripes, fields.integer("stripes", 1, kMaxStripes));
  TESSERA_TRY(segment.tiling.phases, fields.integer("phases", 1, kMaxPlanned));
  return segment;
}

Json units_json(const std::vector<std::string>& names, const UnitCounts& counts) {
  Json json = Json::object();
  for (size_t i = 0; i < names.size(); ++i) json[names[i]] = counts[i];
  return json;
}

Json layer_json(const std::vector<std::string>& unit_names, const PlacedLayer& layer) {
  return {{"name", layer.name},
          {"node", layer.node},
          {"kind", to_string(layer.kind)},
          {"context", layer.context},
          {"cluster", layer.cluster},
          {"units", units_json(unit_names, layer.units)},
          {"weight_bytes", layer.weight_bytes},
          {"cycles", layer.cycles}};
}

}  // namespace

std::string print_plan(const Plan& plan) {
  Json host = Json::array();
  for (const Step& step : plan.steps) {
    const auto* run = std::get_if<HostStep>(&step);
    if (run == nullptr) continue;
    host.push_back({{"node", plan.graph.node(run->node).name}, {"reason", run->reason}});
  }
  return print_json({{"recipe", recipe_json(plan.recipe)},
                     {"verdict", to_string(plan.verdict)},
                     {"contexts", plan.contexts},
                     {"host_macs", plan.host_macs},
                     {"estimated", cost_json(plan.cost)},
                     {"segments", segments_json(plan)},
                     {"host", std::move(host)}});
}

Result<PlanRecipe> parse_recipe(std::span<const uint8_t> text) {
  const std::string name(kPlanName);
  TESSERA_TRY(const Json json, parse_json(text, name));
  TESSERA_TRY(const JsonFields document, JsonFields::of(json, name));
  TESSERA_TRY(const JsonFields fields, document.object("recipe"));
  PlanRecipe recipe;
  TESSERA_TRY(recipe.target, fields.text("target"));
  TESSERA_TRY(recipe.block_channels, fields.integer("block_channels", 0, kMaxPlanned));
  TESSERA_TRY(recipe.encoder_on_chip, fields.boolean("encoder_on_chip"));
  TESSERA_TRY(recipe.masks_on_chip, fields.boolean("masks_on_chip"));
  TESSERA_TRY(recipe.dilation, fields.integer("dilation", 0, kMaxPlanned));
  TESSERA_TRY(recipe.kernels_read_host, fields.boolean("kernels_read_host"));
  TESSERA_TRY(recipe.on_host, fields.texts("on_host"));
  TESSERA_TRY_VOID(read_fallbacks(fields, recipe));
  TESSERA_TRY(const std::vector<JsonFields> segments, fields.objects("segments"));
  for (const JsonFields& row : segments) {
    TESSERA_TRY(PlanRecipe::Segment segment, read_segment(row));
    recipe.segments.push_back(std::move(segment));
  }
  return recipe;
}

std::string print_placement(const ChipPlacement& placement) {
  Json contexts = Json::array();
  for (const PlacedContext& context : placement.contexts) {
    Json clusters = Json::array();
    for (const UnitCounts& units : context.clusters) {
      clusters.push_back(units_json(placement.unit_names, units));
    }
    contexts.push_back({{"pieces", context.pieces},
                        {"weight_bytes", context.weight_bytes},
                        {"clusters", std::move(clusters)}});
  }
  Json pieces = Json::array();
  for (const PlacedPiece& piece : placement.pieces) {
    Json layers = Json::array();
    for (const PlacedLayer& layer : piece.layers)
      layers.push_back(layer_json(placement.unit_names, layer));
    pieces.push_back({{"name", piece.name},
                      {"calls", piece.calls},
                      {"cycles", piece.cycles},
                      {"layers", std::move(layers)}});
  }
  return print_json({{"target", placement.target},
                     {"compiler", "builtin"},
                     {"cluster", units_json(placement.unit_names, placement.cluster)},
                     {"utilisation_cap", placement.utilisation_cap},
                     {"contexts", std::move(contexts)},
                     {"pieces", std::move(pieces)}});
}

}  // namespace tessera
