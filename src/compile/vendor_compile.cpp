#include "compile/vendor_compile.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/json_fields.h"
#include "base/npy.h"
#include "base/text_bytes.h"
#include "compile/network_name.h"
#include "compile/piece_samples.h"
#include "package/entries.h"
#include "package/manifest.h"
#include "package/packaged_network.h"
#include "tessera/compiler/export.h"
#include "tessera/file.h"
#include "vendor/hailo/log/failure_record.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxArtifactBytes = uint64_t{2} << 30;
constexpr std::string_view kRecord = "hailo/compile.json";

std::vector<int64_t> stacked_dims(const InputSamples& samples) {
  return {samples.count, samples.shape.h, samples.shape.w, samples.shape.c};
}

// One array as .npy; several as .npz, by the names that the parser gives to inputs.
Result<fs::path> write_samples(const std::vector<InputSamples>& inputs, const std::string& network,
                               const fs::path& folder) {
  if (inputs.size() == 1) {
    const fs::path path = folder / (network + ".npy");
    TESSERA_TRY_VOID(write_npy(path, stacked_dims(inputs[0]), inputs[0].values, {.force = true}));
    return path;
  }
  std::vector<LayerSamples> layers;
  for (size_t i = 0; i < inputs.size(); ++i)
    layers.push_back({fmt::format("{}/input_layer{}", network, i + 1), &inputs[i]});
  const fs::path path = folder / (network + ".npz");
  TESSERA_TRY_VOID(write_layer_samples(layers, path));
  return path;
}

Result<hailo::DfcCase> case_of(const Piece& piece, const std::vector<InputSamples>& samples,
                               const std::optional<Encodings>& encodings,
                               const VendorCompileOptions& options, std::set<std::string>& taken) {
  hailo::DfcCase one;
  one.name = network_name(piece.name, taken);
  one.script = options.script;
  one.script.calibration_count = samples.empty() ? 0 : samples[0].count;
  one.script.batch = 1;
  one.onnx = options.folder / (one.name + ".onnx");
  ExportOptions form;
  form.four_axes = true;
  TESSERA_TRY(const auto bytes, export_onnx(piece.graph, form));
  TESSERA_TRY_VOID(write_file_atomically(one.onnx, bytes, {.force = true}));
  TESSERA_TRY(one.calibration, write_samples(samples, one.name, options.folder));
  for (const NodeId id : piece.graph.inputs()) {
    const Node& node = piece.graph.node(id);
    one.inputs.push_back({node.name, {1, node.shape.c, node.shape.h, node.shape.w}});
  }
  std::map<NodeId, std::string> output_names;
  for (const GraphOutput& output : piece.graph.outputs()) {
    one.end_nodes.push_back(output.name);
    output_names.emplace(output.node, output.name);
  }
  for (const NodeId id : piece.graph.order()) {
    const auto encoding = encodings ? encoding_of(piece.graph, id, *encodings) : std::nullopt;
    if (!encoding || encoding->bits != 16) continue;
    const auto output = output_names.find(id);
    one.wide_nodes.push_back(output == output_names.end() ? piece.graph.node(id).name
                                                          : output->second);
  }
  return one;
}

Json joined_record(const std::vector<JoinedPieces>& groups) {
  Json rows = Json::array();
  for (const JoinedPieces& group : groups) {
    rows.push_back({{"pieces", group.pieces},
                    {"networks", group.networks},
                    {"family", group.result.told.family},
                    {"reason", group.reason},
                    {"script", group.result.script}});
  }
  return rows;
}

Json record_of(const VendorCompiled& compiled, const VendorCompileOptions& options) {
  Json pieces = Json::array();
  for (const VendorCompiled::Piece& piece : compiled.pieces) {
    const hailo::DfcResult& result = piece.result;
    double seconds = 0;
    for (const hailo::DfcStep& step : result.steps) seconds += step.seconds;
    pieces.push_back({{"piece", piece.name},
                      {"network", result.name},
                      {"compiled", result.succeeded},
                      {"family", result.told.family},
                      {"refusal", result.refusal},
                      {"first_failing_layers", result.told.layers},
                      {"contexts", result.told.number("contexts")},
                      {"seconds", seconds},
                      {"script", result.script}});
  }
  return {{"compiler", options.version},
          {"hw_arch", options.compiler.hw_arch},
          {"pieces", std::move(pieces)},
          {"joined", joined_record(compiled.joined)},
          {"not_joined", joined_record(compiled.not_joined)}};
}

// Both artifacts of a piece, or none; the HEF may be one that it shares.
Result<void> add_artifacts(const VendorCompiled::Piece& piece, bool shares_file,
                           std::vector<PackageContent>& contents) {
  TESSERA_TRY(auto har, read_file(piece.result.har, kMaxArtifactBytes));
  contents.push_back(
      {entries::of_artifact(piece.name, "har"), entries::kind_of_artifact("har"), std::move(har)});
  if (shares_file) return {};
  TESSERA_TRY(auto hef, read_file(piece.result.hef, kMaxArtifactBytes));
  contents.push_back(
      {entries::of_artifact(piece.name, "hef"), entries::kind_of_artifact("hef"), std::move(hef)});
  return {};
}

Result<std::vector<JoinedArtifact>> joined_artifacts(const VendorCompiled& compiled) {
  std::vector<JoinedArtifact> artifacts;
  for (const JoinedPieces& group : compiled.joined) {
    JoinedArtifact& artifact = artifacts.emplace_back();
    artifact.format = "hef";
    for (size_t i = 0; i < group.pieces.size(); ++i)
      artifact.networks.emplace(group.pieces[i], group.networks[i]);
    TESSERA_TRY(artifact.bytes, read_file(group.result.hef, kMaxArtifactBytes));
  }
  return artifacts;
}

bool shares_file(const VendorCompiled& compiled, const std::string& piece) {
  return std::any_of(compiled.joined.begin(), compiled.joined.end(), [&](const auto& group) {
    return std::find(group.pieces.begin(), group.pieces.end(), piece) != group.pieces.end();
  });
}

bool is_of_earlier_compile(const PackageEntry& entry) {
  return entry.name == kRecord || entry.kind == entries::kind_of_artifact("har") ||
         entry.kind == entries::kind_of_artifact("hef") || entry.kind == entries::kJoinedKind ||
         entry.kind == entries::kJoinedFileKind;
}

Result<std::vector<uint8_t>> with_artifacts(const Package& package, const VendorCompiled& compiled,
                                            const VendorCompileOptions& options) {
  std::vector<PackageContent> contents;
  for (const PackageEntry& entry : package.manifest().entries) {
    if (is_of_earlier_compile(entry)) continue;
    TESSERA_TRY(const auto bytes, package.read(entry.name));
    contents.push_back({entry.name, entry.kind, {bytes.begin(), bytes.end()}});
  }
  for (const VendorCompiled::Piece& piece : compiled.pieces) {
    if (!piece.result.succeeded) continue;
    TESSERA_TRY_VOID(add_artifacts(piece, shares_file(compiled, piece.name), contents));
  }
  TESSERA_TRY(const std::vector<JoinedArtifact> joined, joined_artifacts(compiled));
  entries::add_joined(joined, contents);
  const std::string record = print_json(record_of(compiled, options));
  const auto bytes = bytes_of(record);
  contents.push_back({std::string(kRecord), "compile", {bytes.begin(), bytes.end()}});
  return write_package(package.manifest(), contents);
}

}  // namespace

int64_t VendorCompiled::refused() const {
  return std::count_if(pieces.begin(), pieces.end(),
                       [](const Piece& piece) { return !piece.result.succeeded; });
}

namespace {

int64_t file_bytes(const fs::path& path) {
  std::error_code unknown;
  const uintmax_t bytes = fs::file_size(path, unknown);
  return unknown ? 0 : static_cast<int64_t>(bytes);
}

// Pieces share files where that helps, which the plan's cost with files of the real sizes tells.
Result<void> share(const Plan& plan, const Target& target, const std::vector<CompiledPiece>& pieces,
                   const VendorCompileOptions& options, VendorCompiled& compiled) {
  std::vector<CompiledFile> alone;
  for (const VendorCompiled::Piece& piece : compiled.pieces)
    alone.push_back({{piece.name}, file_bytes(piece.result.hef)});
  compiled.cost_alone = cost_with_files(plan, target, alone);
  const auto run = [&](const std::vector<hailo::DfcCase>& cases) {
    return hailo::run_dfc_cases(cases, options.compiler, options.version, options.jobs);
  };
  TESSERA_TRY(
      JoinOutcome outcome,
      join_pieces(pieces, share_files(plan, target, options.sharing, alone), run, options.folder));
  compiled.joined = std::move(outcome.joined);
  compiled.not_joined = std::move(outcome.not_joined);
  std::erase_if(alone, [&](const auto& file) { return shares_file(compiled, file.pieces[0]); });
  for (const JoinedPieces& group : compiled.joined)
    alone.push_back({group.pieces, file_bytes(group.result.hef)});
  compiled.cost = cost_with_files(plan, target, alone);
  return {};
}

}  // namespace

Result<VendorCompiled> compile_by_vendor(const Package& package,
                                         std::span<const std::vector<float>> windows,
                                         const VendorCompileOptions& options) {
  TESSERA_TRY(const PackagedNetwork network, package.network());
  TESSERA_TRY_VOID(ensure_directory(options.folder));
  TESSERA_TRY(const auto backend, make_backend("cpu", {}));
  TESSERA_TRY(const PieceSamples samples, gather_piece_samples(network.plan, *backend, windows,
                                                               options.samples, options.on_window));
  std::vector<hailo::DfcCase> cases;
  std::vector<CompiledPiece> named;
  std::set<std::string> taken;
  for (const ChipSegment& segment : network.plan.segments) {
    for (const Piece& piece : segment.pieces) {
      TESSERA_TRY(hailo::DfcCase one,
                  case_of(piece, samples.at(piece.name), network.encodings, options, taken));
      cases.push_back(std::move(one));
      named.push_back({piece.name, nullptr, &samples.at(piece.name)});
    }
  }
  for (size_t i = 0; i < cases.size(); ++i) named[i].network = &cases[i];
  auto results = hailo::run_dfc_cases(cases, options.compiler, options.version, options.jobs);
  VendorCompiled compiled;
  for (size_t i = 0; i < results.size(); ++i) {
    TESSERA_TRY(hailo::DfcResult result, std::move(results[i]));
    compiled.pieces.push_back({named[i].name, std::move(result)});
  }
  if (compiled.refused() == 0) {
    TESSERA_TRY(const Target target, packaged_target(package));
    TESSERA_TRY_VOID(share(network.plan, target, named, options, compiled));
  }
  if (compiled.refused() < static_cast<int64_t>(compiled.pieces.size())) {
    TESSERA_TRY(compiled.package, with_artifacts(package, compiled, options));
  }
  return compiled;
}

}  // namespace tessera
