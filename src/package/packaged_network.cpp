// Package::network(): the packaged network for any length, from the packaged model and recipe.
#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text_bytes.h"
#include "package/encodings_file.h"
#include "package/entries.h"
#include "package/packaged_network.h"
#include "package/plan_json.h"
#include "rewrite/legalize.h"
#include "tessera/compiler/tune.h"
#include "tessera/package.h"

namespace tessera {
namespace {

constexpr int64_t kMaxTiles = int64_t{1} << 24;
constexpr int64_t kMinCallFrames = int64_t{1} << 17;

Result<ImportedModel> import_packaged(const Package& package, int64_t length) {
  const PackageModel& model = package.manifest().model;
  const auto files = std::make_shared<ModelFiles>();
  for (const PackageModel::File& file : model.files) {
    TESSERA_TRY(const auto bytes, package.read(file.entry));
    (*files)[file.name].assign(bytes.begin(), bytes.end());
  }
  ImportOptions options;
  options.length_samples = length;
  options.model_args = model.arguments;
  options.sensor = model.sensor;
  return import_model(files, model.files.front().name, options);
}

// The graph that runs always follows from the model; at the length that was built, what the package
// says of it must be the same, weight by weight.
Result<Graph> legal_graph(const Package& package, const ImportedModel& model,
                          const RewriteParameters& parameters) {
  Graph graph = model.graph;
  TESSERA_TRY(const RewriteLog log, legalize(graph, parameters));
  if (model.length_samples != package.manifest().model.length_samples) return graph;
  TESSERA_TRY(const auto text, package.read(entries::kLegal));
  if (text_of(text) == entries::legal_text(graph)) return graph;
  return TESSERA_ERROR(kMismatch, std::string(entries::kLegal),
                       "is not what rewriting the package's own model gives",
                       "build the package again");
}

// Whether a hostile recipe asks for more tiles, or longer ones, than there is any use for. For the
// most frames that a length can have: its samples.
Result<void> check_tiling(const PlanRecipe& recipe, int64_t length) {
  for (const PlanRecipe::Segment& segment : recipe.segments) {
    const Tiling& tiling = segment.tiling;
    const int64_t tiles = (length + tiling.tile_frames - 1) / tiling.tile_frames + tiling.phases;
    const int64_t call_frames = tiling.tile_frames * tiling.stripes;
    if (tiles <= kMaxTiles && call_frames <= std::max(kMinCallFrames, 2 * length)) continue;
    return TESSERA_ERROR(kResourceLimit, fmt::format("plan.json: segment '{}'", segment.name),
                         fmt::format("{} tiles of {} frames for {} samples are beyond all use",
                                     tiles, tiling.tile_frames, length),
                         "build the package again");
  }
  return {};
}

// Every piece of the plan is one that the package holds.
Result<void> check_pieces(const Package& package, const Plan& plan, int64_t length) {
  std::set<std::string, std::less<>> held;
  for (const PackageEntry& entry : package.manifest().entries) {
    if (entry.kind == "piece") held.insert(entry.hash);
  }
  for (const ChipSegment& segment : plan.segments) {
    for (const Piece& piece : segment.pieces) {
      TESSERA_TRY(const auto file, entries::piece_file(piece));
      if (held.contains(content_hash(file))) continue;
      if (length == package.manifest().model.length_samples) {
        return TESSERA_ERROR(kMismatch, entries::of_piece(piece),
                             "is not what the package's own graph and plan give",
                             "build the package again");
      }
      return TESSERA_ERROR(
          kMismatch, fmt::format("piece '{}'", piece.name),
          fmt::format("inputs of {} samples need a piece that this package does not hold", length),
          fmt::format("build it again with ImportOptions::length_samples {}", length));
    }
  }
  return {};
}

// Whether the chip gets weights.
bool has_convolution(const Plan& plan) {
  return std::any_of(plan.segments.begin(), plan.segments.end(), [&](const ChipSegment& segment) {
    return std::any_of(segment.nodes.begin(), segment.nodes.end(),
                       [&](NodeId id) { return plan.graph.get_if<Conv>(id) != nullptr; });
  });
}

// Encodings of the plan's own nodes. Those of a piece hold more than it has; those of a whole
// network must not, or part of it would run in float unseen.
Result<Encodings> read_encodings(std::span<const uint8_t> text, const Plan& plan) {
  const Graph& planned = plan.graph;
  TESSERA_TRY(Encodings encodings, parse_encodings(text));
  const auto refused = [](const std::string& message) {
    return TESSERA_ERROR(kMismatch, std::string(entries::kEncodings), message,
                         "build the package again");
  };
  if (encodings.values.empty() && !plan.segments.empty()) return refused("holds no values");
  if (encodings.weights.empty() && has_convolution(plan)) return refused("holds no weights");
  const auto is_there = [&](const auto& entry) { return planned.find(entry.first) != kNoNode; };
  for (const auto& entry : encodings.values) {
    if (!is_there(entry))
      return refused(fmt::format("speaks of a value '{}', which the network has not", entry.first));
  }
  for (const auto& entry : encodings.weights) {
    if (!is_there(entry))
      return refused(
          fmt::format("speaks of weights of '{}', which the network has not", entry.first));
  }
  TESSERA_TRY_VOID(check_encodings(planned, encodings));
  return encodings;
}

// Fills `network` in the order of its members, as far as it gets.
Result<void> assemble(const Package& package, int64_t length, PackagedNetwork& network) {
  TESSERA_TRY(network.model, package.model(length));
  TESSERA_TRY(const RewriteParameters parameters, packaged_parameters(package));
  TESSERA_TRY(network.approximated, approximated_network(network.model.graph, parameters));
  TESSERA_TRY(network.legal, legal_graph(package, network.model, parameters));
  TESSERA_TRY(const Target target, packaged_target(package));
  TESSERA_TRY(const auto recipe_text, package.read(entries::kPlan));
  TESSERA_TRY(const PlanRecipe recipe, parse_recipe(recipe_text));
  TESSERA_TRY_VOID(check_tiling(recipe, length));
  TESSERA_TRY(network.plan, replay_plan(network.legal, target, recipe));
  TESSERA_TRY_VOID(check_pieces(package, network.plan, length));
  if (const auto text = package.read(entries::kEncodings)) {
    TESSERA_TRY(network.encodings, read_encodings(*text, network.plan));
  }
  return {};
}

// The fewest samples that the packaged plan serves, where `too_short` are too few and `enough` are
// not: some plans need more frames than the network itself. None if a few more do not help, or if
// the plan serves single lengths only.
std::optional<int64_t> shortest_length(const Package& package, int64_t too_short, int64_t enough) {
  constexpr int64_t kFurthest = 1 << 12;  // what more would help against is another fault
  const auto serves = [&](int64_t length) {
    PackagedNetwork network;
    return assemble(package, length, network).has_value();
  };
  int64_t fails = too_short;
  int64_t works = 0;
  for (int64_t step = 1; works == 0; step *= 2) {
    if (step > kFurthest || fails >= enough) return std::nullopt;
    const int64_t next = std::min(too_short + step, enough);
    (serves(next) ? works : fails) = next;
  }
  while (works - fails > 1) {
    const int64_t middle = fails + (works - fails) / 2;
    (serves(middle) ? works : fails) = middle;
  }
  if (!serves(works + 1) || !serves(2 * works)) return std::nullopt;
  return works;
}

}  // namespace

Result<Target> packaged_target(const Package& package) {
  const std::string name = entries::of_target(package.manifest().target);
  TESSERA_TRY(const auto text, package.read(name));
  return parse_target(text_of(text), name);
}

Result<RewriteParameters> packaged_parameters(const Package& package) {
  RewriteParameters parameters;
  if (package.manifest().options.norm == to_string(NormMode::frozen)) {
    TESSERA_TRY(const auto text, package.read(entries::kFrozenNorms));
    TESSERA_TRY(parameters.calibrated, parse_frozen_norms(text));
  }
  if (const auto text = package.read(entries::kChannelBases)) {
    TESSERA_TRY(parameters.channel_bases, parse_channel_bases(*text));
  }
  return parameters;
}

Result<ImportedModel> Package::model(std::optional<int64_t> length_samples) const {
  return import_packaged(*this, length_samples.value_or(manifest().model.length_samples));
}

Result<Graph> Package::approximated(const Graph& imported) const {
  TESSERA_TRY(const RewriteParameters parameters, packaged_parameters(*this));
  return approximated_network(imported, parameters);
}

Result<PackagedNetwork> Package::network(std::optional<int64_t> length_samples) const {
  const int64_t built = manifest().model.length_samples;
  const int64_t length = length_samples.value_or(built);
  PackagedNetwork network;
  const Result<void> assembled = assemble(*this, length, network);
  if (assembled) return network;
  Error error = assembled.error();
  const bool is_legal = !network.legal.outputs().empty();
  if (is_legal && !network.encodings && length < built) {
    if (const auto least = shortest_length(*this, length, built)) {
      return TESSERA_ERROR(
          kInvalidArgument, content_->subject,
          fmt::format("an input of {} samples is shorter than the {} that the package's plan needs",
                      length, *least),
          fmt::format("give at least {} samples", *least));
    }
  }
  error.subject = error.subject.empty() ? content_->subject
                                        : fmt::format("{}: {}", content_->subject, error.subject);
  return error;
}

}  // namespace tessera
