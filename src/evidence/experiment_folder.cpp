#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/archive.h"
#include "base/noise.h"
#include "base/npy.h"
#include "evidence/experiment.h"
#include "evidence/fit/unclear_families.h"
#include "tessera/compiler/export.h"
#include "tessera/file.h"
#include "vendor/hailo/dfc/run_script.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxSamples = 64;  // that the compiler recommends at least
constexpr int64_t kMaxCalibrationFloats = 1 << 20;
constexpr uint64_t kMaxTableBytes = uint64_t{1} << 20;
constexpr std::string_view kColumns = "case\tquestion\tlimit\tnumber\texpected\tinputs\n";

// The steps in order, as run.sh names their logs.
constexpr std::array kSteps = {"parse", "optimize", "compile"};

std::string readme_of(const Target& target, const std::vector<ExperimentCase>& cases) {
  std::string text = fmt::format(
      "# Experiments for {}\n\nEach case is the smallest network whose outcome decides a question "
      "that the target file "
      "leaves open.\n\n1. On a machine with the vendor's compiler: `./run.sh`\n2. Bring the folder "
      "back: "
      "`tessera target experiment --read FOLDER`\n\n| case | what it asks |\n|---|---|\n",
      target.name);
  for (const ExperimentCase& one : cases)
    text += fmt::format("| `{}` | {} |\n", one.name, one.question);
  return text;
}

// Activations of 16 bits everywhere; else what the compiler does by itself.
std::string script_of(const ExperimentCase& one, int64_t samples) {
  std::string text =
      fmt::format("model_optimization_config(calibration, calibset_size={})\n", samples);
  if (!one.int16) return text;
  for (const char* layers : {"conv*", "ew_add*"}) {
    const bool sums = std::string_view(layers) == "ew_add*";
    if (!sums || one.graph.find("sum") != kNoNode)
      text += fmt::format("quantization_param({{{}}}, precision_mode=a16_w16)\n", layers);
  }
  return text;
}

// How many samples of a network's inputs are written.
int64_t samples_of(const Graph& graph) {
  int64_t floats = 0;
  for (NodeId id : graph.inputs()) floats += graph.node(id).shape.size();
  return std::clamp<int64_t>(kMaxCalibrationFloats / floats, 2, kMaxSamples);
}

// Noise, [N, H, W, C].
NpyArray noise_of(const Shape& shape, int64_t samples) {
  NpyArray array{{samples, shape.h, shape.w, shape.c}, {}, "<f4"};
  array.values.resize(static_cast<size_t>(samples * shape.size()));
  Noise noise;
  for (float& value : array.values) value = noise.next();
  return array;
}

// An array, or one for each input layer as the compiler names them.
Result<void> write_calibration(const ExperimentCase& one, int64_t samples, const fs::path& folder,
                               WriteOptions write) {
  const auto inputs = one.graph.inputs();
  if (inputs.size() == 1) {
    const NpyArray array = noise_of(one.graph.node(inputs[0]).shape, samples);
    return write_npy(folder / "calibration.npy", array.dims, array.values, write);
  }
  std::vector<std::vector<uint8_t>> files;
  std::vector<ArchiveEntry> entries;
  for (NodeId id : inputs) {
    const NpyArray array = noise_of(one.graph.node(id).shape, samples);
    files.push_back(format_npy(array.dims, array.values));
  }
  for (size_t i = 0; i < files.size(); ++i)
    entries.push_back({fmt::format("{}/input_layer{}.npy", one.name, i + 1), files[i]});
  TESSERA_TRY(const std::vector<uint8_t> archive, write_archive(entries));
  return write_file_atomically(folder / "calibration.npz", archive, write);
}

Result<void> write_case(const ExperimentCase& one, const fs::path& folder, WriteOptions write) {
  TESSERA_TRY_VOID(ensure_directory(folder));
  ExportOptions options;
  options.four_axes = true;
  TESSERA_TRY_VOID(export_onnx(one.graph, folder / "network.onnx", options, write));
  const int64_t samples = samples_of(one.graph);
  TESSERA_TRY_VOID(write_file_atomically(folder / "script.alls", script_of(one, samples), write));
  return write_calibration(one, samples, folder, write);
}

std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields;
  while (true) {
    const size_t end = line.find('\t');
    fields.emplace_back(line.substr(0, end));
    if (end == std::string_view::npos) return fields;
    line.remove_prefix(end + 1);
  }
}

ExperimentOutcome outcome_of(const hailo::LogExplanation& told, bool last_step, bool succeeded) {
  if (succeeded) return last_step ? ExperimentOutcome::passes : ExperimentOutcome::unclear;
  return is_unclear_family(told.family) || told.outcome != hailo::LogOutcome::fail
             ? ExperimentOutcome::unclear
             : ExperimentOutcome::fails;
}

// The last step that ran decides.
Result<void> read_case(const fs::path& results, ExperimentRow& row) {
  for (const char* step : kSteps) {
    const fs::path log = results / fmt::format("{}.{}.log", row.name, step);
    const fs::path code = results / fmt::format("{}.{}.code", row.name, step);
    std::error_code ignored;
    if (!fs::exists(log, ignored) || !fs::exists(code, ignored)) break;
    TESSERA_TRY(row.told, hailo::explain_log_file(log));
    TESSERA_TRY(const std::vector<uint8_t> text, read_file(code, kMaxTableBytes));
    const bool succeeded = std::string(text.begin(), text.end()) == "0\n";
    row.outcome = outcome_of(row.told, step == kSteps.back(), succeeded);
    if (!succeeded) break;
  }
  return {};
}

std::string toml_of(const ExperimentReport& report) {
  std::string text;
  for (const ExperimentRow& row : report.rows) {
    const bool decided =
        row.outcome == ExperimentOutcome::passes || row.outcome == ExperimentOutcome::fails;
    if (row.limit.empty() || !decided) continue;
    text += fmt::format(
        "  [[limits.{}.data_points]]\n  value = {}\n  outcome = \"{}\"\n  source = \"outcomes: "
        "experiment {}{}{}\"\n\n",
        row.limit, row.number, to_string(row.outcome), row.name,
        row.told.version.empty() ? "" : ", " + row.told.version,
        row.outcome == ExperimentOutcome::passes ? "" : ", " + row.told.family);
  }
  return text;
}

}  // namespace

std::string_view to_string(ExperimentOutcome outcome) {
  switch (outcome) {
    case ExperimentOutcome::not_run: return "not run";
    case ExperimentOutcome::passes: return "passes";
    case ExperimentOutcome::fails: return "fails";
    case ExperimentOutcome::unclear: return "unclear";
  }
  return "";
}

Result<void> write_experiment(const Target& target, const std::vector<ExperimentCase>& cases,
                              const fs::path& folder, bool force) {
  TESSERA_TRY_VOID(ensure_directory(folder));
  std::error_code ignored;
  if (!force && !fs::is_empty(folder, ignored)) {
    return TESSERA_ERROR(kAlreadyExists, folder.string(), "is not empty",
                         "give a new folder, or WriteOptions::force to replace what is there");
  }
  const WriteOptions write{.force = force};
  std::string table = fmt::format("# target {}\n{}", target.name, kColumns);
  for (const ExperimentCase& one : cases) {
    TESSERA_TRY_VOID(write_case(one, folder / one.name, write));
    table += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", one.name, one.question, one.limit, one.number,
                         to_string(check(one.graph, target).verdict), one.graph.inputs().size());
  }
  TESSERA_TRY_VOID(write_file_atomically(folder / "README.md", readme_of(target, cases), write));
  const fs::path script = folder / "run.sh";
  TESSERA_TRY_VOID(write_file_atomically(script, hailo::experiment_run_script(target.name), write));
  fs::permissions(script, fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                  fs::perm_options::add, ignored);
  // Last: a folder that holds it is whole.
  return write_file_atomically(folder / "cases.tsv", table, write);
}

Result<ExperimentReport> read_experiment(const fs::path& folder) {
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(folder / "cases.tsv", kMaxTableBytes));
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto corrupt = [&](int64_t line, const std::string& what) {
    return TESSERA_ERROR(kCorrupt, fmt::format("{}:{}", (folder / "cases.tsv").string(), line),
                         what, "give a folder that 'tessera target experiment' wrote");
  };
  ExperimentReport report;
  for (int64_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (number == 1) {
      if (!line.starts_with("# target ")) return corrupt(number, "does not name a target");
      report.target = line.substr(9);
      continue;
    }
    const std::vector<std::string> fields = fields_of(line);
    if (fields.size() != 6) return corrupt(number, "has other columns than an experiment's");
    if (number == 2) continue;
    ExperimentRow row{fields[0], fields[1], fields[2], 0, fields[4], {}, {}};
    const bool is_name =
        !row.name.empty() && std::all_of(row.name.begin(), row.name.end(), [](char c) {
          return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
        });
    const bool is_number = !fields[3].empty() && fields[3].size() < 16 &&
                           std::all_of(fields[3].begin(), fields[3].end(),
                                       [](char c) { return c >= '0' && c <= '9'; });
    if (!is_name || !is_number) return corrupt(number, "is not a case of an experiment");
    row.number = std::stoll(fields[3]);
    TESSERA_TRY_VOID(read_case(folder / "results", row));
    report.rows.push_back(std::move(row));
  }
  report.toml = toml_of(report);
  return report;
}

}  // namespace tessera
