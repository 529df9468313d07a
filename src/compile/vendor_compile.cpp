#include "compile/vendor_compile.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/archive.h"
#include "base/json_fields.h"
#include "base/npy.h"
#include "base/text_bytes.h"
#include "compile/piece_samples.h"
#include "package/entries.h"
#include "package/manifest.h"
#include "tessera/compiler/export.h"
#include "tessera/file.h"
#include "vendor/hailo/log/failure_record.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxArtifactBytes = uint64_t{2} << 30;
constexpr std::string_view kRecord = "hailo/compile.json";

// Letters, digits and '_', not used before.
std::string network_name(std::string_view piece, std::set<std::string>& taken) {
  std::string name;
  for (const char c : piece) name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  std::string unique = name;
  for (int i = 2; !taken.insert(unique).second; ++i) unique = fmt::format("{}_{}", name, i);
  return unique;
}

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
  std::vector<std::vector<uint8_t>> files;
  for (const InputSamples& one : inputs) files.push_back(format_npy(stacked_dims(one), one.values));
  std::vector<ArchiveEntry> entries;
  for (size_t i = 0; i < files.size(); ++i) {
    entries.push_back({fmt::format("{}/input_layer{}.npy", network, i + 1), files[i]});
  }
  TESSERA_TRY(const auto bytes, write_archive(entries));
  const fs::path path = folder / (network + ".npz");
  TESSERA_TRY_VOID(write_file_atomically(path, bytes, {.force = true}));
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
          {"pieces", std::move(pieces)}};
}

// Both artifacts of a piece, or none.
Result<void> add_artifacts(const VendorCompiled::Piece& piece,
                           std::vector<PackageContent>& contents) {
  TESSERA_TRY(auto har, read_file(piece.result.har, kMaxArtifactBytes));
  TESSERA_TRY(auto hef, read_file(piece.result.hef, kMaxArtifactBytes));
  contents.push_back(
      {entries::of_artifact(piece.name, "har"), entries::kind_of_artifact("har"), std::move(har)});
  contents.push_back(
      {entries::of_artifact(piece.name, "hef"), entries::kind_of_artifact("hef"), std::move(hef)});
  return {};
}

bool is_of_earlier_compile(const PackageEntry& entry) {
  return entry.name == kRecord || entry.kind == entries::kind_of_artifact("har") ||
         entry.kind == entries::kind_of_artifact("hef");
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
    if (piece.result.succeeded) TESSERA_TRY_VOID(add_artifacts(piece, contents));
  }
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

Result<VendorCompiled> compile_by_vendor(const Package& package,
                                         std::span<const std::vector<float>> windows,
                                         const VendorCompileOptions& options) {
  TESSERA_TRY(const PackagedNetwork network, package.network());
  TESSERA_TRY_VOID(ensure_directory(options.folder));
  TESSERA_TRY(const auto backend, make_backend("cpu", {}));
  TESSERA_TRY(const PieceSamples samples, gather_piece_samples(network.plan, *backend, windows,
                                                               options.samples, options.on_window));
  std::vector<hailo::DfcCase> cases;
  std::vector<std::string> names;
  std::set<std::string> taken;
  for (const ChipSegment& segment : network.plan.segments) {
    for (const Piece& piece : segment.pieces) {
      TESSERA_TRY(hailo::DfcCase one,
                  case_of(piece, samples.at(piece.name), network.encodings, options, taken));
      cases.push_back(std::move(one));
      names.push_back(piece.name);
    }
  }
  auto results = hailo::run_dfc_cases(cases, options.compiler, options.version, options.jobs);
  VendorCompiled compiled;
  for (size_t i = 0; i < results.size(); ++i) {
    TESSERA_TRY(hailo::DfcResult result, std::move(results[i]));
    compiled.pieces.push_back({names[i], std::move(result)});
  }
  if (compiled.refused() < static_cast<int64_t>(compiled.pieces.size())) {
    TESSERA_TRY(compiled.package, with_artifacts(package, compiled, options));
  }
  return compiled;
}

}  // namespace tessera
