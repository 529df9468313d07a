#include "evidence/fit/compile_evidence.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_fields.h"
#include "evidence/experiment.h"
#include "evidence/target_evidence.h"
#include "tessera/compiler/import.h"
#include "tessera/file.h"
#include "vendor/hailo/hef/hef.h"
#include "vendor/hailo/hef/hef_names.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxHefBytes = uint64_t{1} << 30;
constexpr uint64_t kMaxJsonBytes = uint64_t{16} << 20;
constexpr std::string_view kBuiltin = "builtin";

// A target that knows nothing: every rule then tells what it has measured.
Target without_answers(const Target& target) {
  Target blind = target;
  for (auto& [key, limit] : blind.limits) {
    limit.pass.reset();
    limit.fail.reset();
    limit.data_points.clear();
  }
  for (auto& [key, support] : blind.support) {
    support.supported.clear();
    support.unsupported.clear();
  }
  return blind;
}

Error other_target(const std::string& subject, const std::string& name, const Target& target) {
  return TESSERA_ERROR(kMismatch, subject,
                       fmt::format("is evidence of {}, not of {}", name, target.name),
                       "fit each target by compiles for it");
}

// --- recorded outcomes ----------------------------------------------------------------------

Result<EvidenceSet> from_outcomes(const fs::path& path, const Target& target) {
  TESSERA_TRY(const std::vector<CompileOutcome> outcomes, read_outcomes(path));
  EvidenceSet found;
  for (const CompileOutcome& outcome : outcomes) {
    const std::string source = fmt::format("{}: {}", path.filename().string(), outcome.name);
    if (!outcome.counts()) {
      found.left_out.push_back(
          fmt::format("{}: {}", source, outcome.use == "yes" ? "was not decided" : outcome.use));
      continue;
    }
    if (!outcome.graph) {
      found.left_out.push_back(source + ": its network is not recorded");
      continue;
    }
    CompileEvidence one = evidence_of(*outcome.graph, target);
    one.source = source;
    one.passed = outcome.compiled == "PASS";
    found.compiles.push_back(std::move(one));
  }
  return found;
}

// --- experiments ----------------------------------------------------------------------------

Result<EvidenceSet> from_experiment(const fs::path& path, const Target& target) {
  TESSERA_TRY(const ExperimentReport report, read_experiment(path));
  if (report.target != target.name) return other_target(path.string(), report.target, target);
  EvidenceSet found;
  for (const ExperimentRow& row : report.rows) {
    const std::string source = fmt::format("{}: {}", path.filename().string(), row.name);
    const bool decided =
        row.outcome == ExperimentOutcome::passes || row.outcome == ExperimentOutcome::fails;
    if (!decided || row.limit.empty()) {
      found.left_out.push_back(
          fmt::format("{}: {}", source, decided ? "asks about no limit" : to_string(row.outcome)));
      continue;
    }
    CompileEvidence one;
    one.source = source;
    one.passed = row.outcome == ExperimentOutcome::passes;
    one.numbers[row.limit] = row.number;
    found.compiles.push_back(std::move(one));
  }
  return found;
}

// --- compiled files -------------------------------------------------------------------------

void raise(CompileEvidence& evidence, const char* key, uint64_t number) {
  constexpr uint64_t kMost = uint64_t{1} << 40;
  int64_t& largest = evidence.numbers[key];
  largest = std::max(largest, static_cast<int64_t>(std::min(number, kMost)));
}

// A layer on a cluster is one that the allocator took.
void add_layer(const hailo::HefMappedLayer& layer, CompileEvidence& evidence) {
  const bool on_chip = std::any_of(layer.places.begin(), layer.places.end(),
                                   [](const hailo::HefPlace& place) { return place.in_cluster(); });
  if (!on_chip) return;
  for (const auto* side : {&layer.inputs, &layer.outputs}) {
    for (const hailo::HefDims& dims : *side)
      raise(evidence, "row_bytes", dims.width * dims.features);
  }
  const std::string type = hailo::hef_layer_type_name(layer.type);
  if (type != "conv" && type != "depthwise") return;
  for (const hailo::HefDims& dims : layer.kernels)
    raise(evidence, "kernel", std::max(dims.height, dims.width));
  for (const hailo::HefDims& dims : layer.strides)
    raise(evidence, "stride", std::max(dims.height, dims.width));
  for (const hailo::HefDims& dims : layer.dilations)
    raise(evidence, "dilation", std::max(dims.height, dims.width));
}

Result<EvidenceSet> from_hef(const fs::path& path, const Target& target) {
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kMaxHefBytes));
  Result<hailo::Hef> read = hailo::read_hef(bytes);
  if (!read || !read->intact()) {
    return TESSERA_ERROR(
        kCorrupt, path.string(),
        read ? "is damaged: nothing in it is evidence" : read.error().message,
        fmt::format("look at it with 'tessera hef inspect {}', and give a whole file",
                    path.string()));
  }
  const std::string chip(hailo::hef_chip_name(read->arch));
  if (chip != target.name)
    return other_target(path.string(), chip.empty() ? hailo::hef_arch_name(read->arch) : chip,
                        target);
  EvidenceSet found;
  if (read->mapping.layers.empty()) {
    found.left_out.push_back(fmt::format("{}: holds no allocation", path.filename().string()));
    return found;
  }
  CompileEvidence one;
  one.source = fmt::format("{}: allocation of {}", path.filename().string(), read->sdk_version);
  one.passed = true;
  std::set<uint64_t> contexts;
  for (const hailo::HefMappedLayer& layer : read->mapping.layers) {
    add_layer(layer, one);
    contexts.insert(layer.context);
  }
  raise(one, "contexts", contexts.size());
  for (auto entry = one.numbers.begin(); entry != one.numbers.end();) {
    entry = target.has(TargetSection::limits, entry->first) && entry->second > 0
                ? std::next(entry)
                : one.numbers.erase(entry);
  }
  found.compiles.push_back(std::move(one));
  return found;
}

// --- runs -----------------------------------------------------------------------------------

Result<Json> read_json(const fs::path& path) {
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kMaxJsonBytes));
  Json json = Json::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (!json.is_object())
    return TESSERA_ERROR(kCorrupt, path.string(), "is not a JSON object",
                         "give a folder that 'tessera sweep' wrote");
  return json;
}

std::string text_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// One case of a run; nullopt: no evidence, and why is said.
Result<std::optional<CompileEvidence>> from_case(const fs::path& folder, const std::string& source,
                                                 const Target& target,
                                                 std::vector<std::string>& left_out) {
  TESSERA_TRY(const Json result, read_json(folder / "result.json"));
  const std::string hef = text_at(result, "hef");
  const auto leave_out = [&](const std::string& why) -> Result<std::optional<CompileEvidence>> {
    left_out.push_back(fmt::format("{}: {}", source, why));
    return std::optional<CompileEvidence>();
  };
  if (hef != "passed" && hef != "failed") return leave_out("was not compiled");
  const auto failure = result.find("failure");
  const std::string family =
      failure != result.end() && failure->is_object() ? text_at(*failure, "family") : "";
  if (hef == "failed" && says_nothing_about_network(family))
    return leave_out("failed by " + family);
  const Result<ImportedModel> network = import_model(folder / "network.onnx");
  if (!network) return leave_out("its network cannot be read: " + network.error().message);
  CompileEvidence one = evidence_of(network->graph, target);
  one.source = source;
  one.passed = hef == "passed";
  return std::optional(std::move(one));
}

Result<EvidenceSet> from_run(const fs::path& path, const Target& target) {
  TESSERA_TRY(const Json run, read_json(path / "run.json"));
  const auto part = [&](const char* name, const char* key) {
    const auto found = run.find(name);
    return found != run.end() && found->is_object() ? text_at(*found, key) : std::string();
  };
  const std::string compiler = part("compiler", "name");
  if (compiler == kBuiltin || compiler.empty()) {
    return TESSERA_ERROR(kInvalidArgument, path.string(),
                         compiler.empty()
                             ? "does not say which compiler decided"
                             : "was decided by the builtin compiler, which asks the target itself",
                         "give runs of a vendor's compiler, which 'tessera sweep' calls where it is installed");
  }
  if (part("target", "name") != target.name)
    return other_target(path.string(), part("target", "name"), target);
  EvidenceSet found;
  std::vector<fs::path> folders;
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(path / "cases", failure)) {
    if (entry.is_directory(failure) && fs::exists(entry.path() / "result.json", failure))
      folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  for (const fs::path& folder : folders) {
    const std::string source =
        fmt::format("{}: {} by {} {}", path.filename().string(), folder.filename().string(),
                    compiler, part("compiler", "version"));
    TESSERA_TRY(auto one, from_case(folder, source, target, found.left_out));
    if (one) found.compiles.push_back(std::move(*one));
  }
  return found;
}

}  // namespace

CompileEvidence evidence_of(const Graph& graph, const Target& target) {
  CompileEvidence evidence;
  for (const Violation& found : check(graph, without_answers(target)).violations) {
    for (const Constraint& rule : constraints()) {
      if (rule.id != found.rule) continue;
      if (rule.section == TargetSection::limits) {
        int64_t& largest = evidence.numbers[std::string(rule.key)];
        largest = std::max(largest, found.number);
      } else if (rule.section == TargetSection::support) {
        evidence.words.emplace(rule.key, found.value);
      }
    }
  }
  return evidence;
}

Result<EvidenceSet> read_evidence(const fs::path& path, const Target& target) {
  std::error_code failure;
  const fs::file_status status = fs::status(path, failure);
  if (!fs::exists(status))
    return TESSERA_ERROR(
        kNotFound, path.string(), "does not exist",
        "give runs, recorded outcomes (.json), experiments or compiled files (.hef)");
  if (fs::is_directory(status)) {
    if (fs::exists(path / "run.json", failure)) return from_run(path, target);
    if (fs::exists(path / "cases.tsv", failure)) return from_experiment(path, target);
  } else if (path.extension() == ".json") {
    return from_outcomes(path, target);
  } else if (path.extension() == ".hef") {
    return from_hef(path, target);
  }
  return TESSERA_ERROR(kInvalidArgument, path.string(), "is no evidence of compiles",
                       "give runs of 'tessera sweep', recorded outcomes (.json), experiments of "
                       "'tessera target experiment' or compiled files (.hef)");
}

}  // namespace tessera
