#include "compile/vela_compile.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/json_fields.h"
#include "base/text_bytes.h"
#include "compile/network_name.h"
#include "package/entries.h"
#include "package/manifest.h"
#include "package/packaged_network.h"
#include "target/chip_demand.h"
#include "tessera/compiler/export.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxCompiledBytes = uint64_t{2} << 30;
constexpr std::string_view kVelaRecord = "vela/compile.json";
constexpr std::string_view kFormat = "vela.tflite";

Json figures_json(const vela::VelaFigures& figures) {
  Json operators = Json::array();
  for (const vela::ScheduledOperator& one : figures.operators) {
    operators.push_back({{"op", one.original},
                         {"scheduled", one.scheduled},
                         {"value", one.value},
                         {"on_npu", one.on_npu},
                         {"cycles", one.cycles},
                         {"macs", one.macs}});
  }
  return {{"seconds", figures.seconds},
          {"cycles", figures.cycles},
          {"npu_cycles", figures.npu_cycles},
          {"macs", figures.macs},
          {"sram_bytes", figures.sram_bytes},
          {"dram_bytes", figures.dram_bytes},
          {"on_chip_flash_bytes", figures.on_chip_flash_bytes},
          {"off_chip_flash_bytes", figures.off_chip_flash_bytes},
          {"operators", std::move(operators)}};
}

Json cpu_json(const std::vector<vela::CpuOperator>& operators) {
  Json rows = Json::array();
  for (const vela::CpuOperator& one : operators) {
    rows.push_back(
        {{"op", one.op}, {"value", one.value}, {"reason", one.reason}, {"rule", one.rule}});
  }
  return rows;
}

Json vela_record(const VelaCompiled& compiled, const VelaCompileOptions& options) {
  const vela::VelaConfiguration& configuration = options.compiler.configuration;
  Json pieces = Json::array();
  for (const VelaCompiled::Piece& piece : compiled.pieces) {
    const vela::VelaResult& result = piece.result;
    Json row = {{"piece", piece.name},          {"network", result.name},
                {"compiled", result.succeeded}, {"kind", vela::to_string(result.kind)},
                {"refusal", result.refusal},    {"on_cpu", cpu_json(result.cpu_operators)},
                {"calls", piece.calls},         {"call_s_by_the_target", piece.modelled_s}};
    if (result.figures) row["estimated_by_vela"] = figures_json(*result.figures);
    pieces.push_back(std::move(row));
  }
  return {{"compiler", fmt::format("vela {}", options.version)},
          {"figures", "estimates of the vendor's compiler, not measured on a chip"},
          {"accelerator", configuration.accelerator},
          {"system_config", configuration.system_config},
          {"memory_mode", configuration.memory_mode},
          {"sram_bytes", configuration.sram_bytes},
          {"pieces", std::move(pieces)}};
}

bool was_compiled_before(const PackageEntry& entry) {
  return entry.name == kVelaRecord || entry.kind == entries::kind_of_artifact(kFormat);
}

Result<std::vector<uint8_t>> with_compiled_files(const Package& package,
                                                 const VelaCompiled& compiled,
                                                 const VelaCompileOptions& options) {
  std::vector<PackageContent> contents;
  for (const PackageEntry& entry : package.manifest().entries) {
    if (was_compiled_before(entry)) continue;
    TESSERA_TRY(const auto bytes, package.read(entry.name));
    contents.push_back({entry.name, entry.kind, {bytes.begin(), bytes.end()}});
  }
  for (const VelaCompiled::Piece& piece : compiled.pieces) {
    if (!piece.result.succeeded) continue;
    TESSERA_TRY(auto bytes, read_file(piece.result.compiled, kMaxCompiledBytes));
    contents.push_back({entries::of_artifact(piece.name, kFormat),
                        entries::kind_of_artifact(kFormat), std::move(bytes)});
  }
  const std::string record = print_json(vela_record(compiled, options));
  const auto bytes = bytes_of(record);
  contents.push_back({std::string(kVelaRecord), "compile", {bytes.begin(), bytes.end()}});
  return write_package(package.manifest(), contents);
}

Error not_in_integers() {
  return TESSERA_ERROR(kInvalidArgument, "BuildOptions::integers",
                       "are not set: Vela compiles networks of integers",
                       "set BuildOptions::integers and calibration");
}

// Writes the piece's file and says how it is called.
Result<vela::VelaCase> vela_case_of(const Piece& piece, const Encodings& encodings,
                                    const fs::path& folder, std::set<std::string>& taken) {
  vela::VelaCase one;
  one.name = network_name(piece.name, taken);
  one.network = folder / (one.name + ".tflite");
  TESSERA_TRY(const auto bytes, export_tflite(piece.graph, encodings));
  TESSERA_TRY_VOID(write_file_atomically(one.network, bytes, {.force = true}));
  return one;
}

int64_t piece_calls(const ChipSegment& segment, size_t piece) {
  return std::count_if(segment.calls.begin(), segment.calls.end(), [&](const PieceCall& call) {
    return call.piece == static_cast<int32_t>(piece);
  });
}

}  // namespace

int64_t VelaCompiled::refused() const {
  return std::count_if(pieces.begin(), pieces.end(),
                       [](const Piece& piece) { return !piece.result.succeeded; });
}

double VelaCompiled::estimated_s() const {
  double seconds = 0;
  for (const Piece& piece : pieces) {
    if (piece.result.figures)
      seconds += static_cast<double>(piece.calls) * piece.result.figures->seconds;
  }
  return seconds;
}

double VelaCompiled::modelled_s() const {
  double seconds = 0;
  for (const Piece& piece : pieces) {
    if (piece.result.figures) seconds += static_cast<double>(piece.calls) * piece.modelled_s;
  }
  return seconds;
}

Result<VelaCompiled> compile_with_vela(const Package& package, const VelaCompileOptions& options) {
  TESSERA_TRY(const PackagedNetwork network, package.network());
  if (!network.encodings) return not_in_integers();
  TESSERA_TRY(const Target target, packaged_target(package));
  TESSERA_TRY_VOID(ensure_directory(options.folder));
  VelaCompiled compiled;
  std::vector<vela::VelaCase> cases;
  std::set<std::string> taken;
  for (const ChipSegment& segment : network.plan.segments) {
    for (size_t i = 0; i < segment.pieces.size(); ++i) {
      const Piece& piece = segment.pieces[i];
      TESSERA_TRY(vela::VelaCase one,
                  vela_case_of(piece, *network.encodings, options.folder, taken));
      cases.push_back(std::move(one));
      compiled.pieces.push_back(
          {piece.name, piece_calls(segment, i), compute_seconds(piece.graph, target), {}});
    }
  }
  auto results = vela::run_vela_cases(cases, options.compiler, options.version, options.jobs);
  for (size_t i = 0; i < results.size(); ++i) {
    TESSERA_TRY(compiled.pieces[i].result, std::move(results[i]));
  }
  if (compiled.refused() < static_cast<int64_t>(compiled.pieces.size())) {
    TESSERA_TRY(compiled.package, with_compiled_files(package, compiled, options));
  }
  return compiled;
}

}  // namespace tessera
