#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/json_fields.h"
#include "evidence/experiment.h"
#include "evidence/fit/fit.h"
#include "evidence/fit/unclear_families.h"
#include "evidence/target_evidence.h"
#include "tessera/compiler/import.h"
#include "tessera/file.h"
#include "vendor/hailo/hef/hef.h"
#include "vendor/hailo/hef/hef_names.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxJsonBytes = uint64_t{16} << 20;
constexpr uint64_t kMaxHefBytes = uint64_t{4} << 30;

Error of_another_target(const std::string& file, const std::string& theirs, const Target& target) {
  return TESSERA_ERROR(kInvalidArgument, file,
                       fmt::format("is evidence about {}, not about {}", theirs, target.name),
                       fmt::format("fit the target {} by it, or leave this evidence out", theirs));
}

void add(FitInput& input, FitEvidence evidence, std::string file, std::string name) {
  evidence.file = std::move(file);
  evidence.name = std::move(name);
  input.rows.push_back(std::move(evidence));
}

void ignore(FitInput& input, const std::string& file, const std::string& name,
            const std::string& why) {
  input.ignored.push_back(fmt::format("{} ({}): {}", name, file, why));
}

Result<Json> read_json(const fs::path& path) {
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kMaxJsonBytes));
  return parse_json(bytes, path.string());
}

// --- run folders ----------------------------------------------------------------------------

// The family of a failed case; empty where the record has none.
Result<std::string> family_of(const Json& result, const std::string& file) {
  if (!result.contains("failure") || !result["failure"].is_object()) return std::string();
  TESSERA_TRY(const JsonFields failure,
              JsonFields::of(result["failure"], fmt::format("{}: failure", file)));
  return failure.has("family") ? failure.text("family") : Result<std::string>(std::string());
}

Result<void> read_run_case(const fs::path& folder, const Target& target, FitInput& input) {
  const std::string file = (folder / "result.json").string();
  const std::string name = folder.filename().string();
  TESSERA_TRY(const Json result, read_json(file));
  TESSERA_TRY(const JsonFields fields, JsonFields::of(result, file));
  TESSERA_TRY(const std::string har, fields.text("har"));
  TESSERA_TRY(const std::string hef, fields.text("hef"));
  const bool passed = hef == "passed";
  if (!passed && hef != "failed" && har != "failed") {
    ignore(input, file, name, "was not compiled");
    return {};
  }
  if (!passed) {
    TESSERA_TRY(const std::string family, family_of(result, file));
    if (family.empty() || is_unclear_family(family)) {
      ignore(input, file, name,
             fmt::format("failed for a reason that says nothing about the network ({})",
                         family.empty() ? "none is recorded" : family));
      return {};
    }
  }
  TESSERA_TRY(const ImportedModel model, import_model(folder / "network.onnx"));
  add(input, evidence_of(model.graph, target, passed), file, name);
  return {};
}

Result<FitInput> read_run(const fs::path& folder, const Target& target) {
  const std::string file = (folder / "run.json").string();
  TESSERA_TRY(const Json run, read_json(file));
  TESSERA_TRY(const JsonFields fields, JsonFields::of(run, file));
  TESSERA_TRY(const JsonFields compiler, fields.object("compiler"));
  TESSERA_TRY(const std::string compiled_by, compiler.text("name"));
  if (compiled_by == "builtin") {
    return TESSERA_ERROR(kInvalidArgument, file,
                         "has outcomes of the builtin compiler, which read the target file: to "
                         "learn from them would be circular",
                         "give runs of the vendor's compiler");
  }
  TESSERA_TRY(const JsonFields about, fields.object("target"));
  TESSERA_TRY(const std::string theirs, about.text("name"));
  if (theirs != target.name) return of_another_target(file, theirs, target);
  std::vector<fs::path> cases;
  std::error_code failure;
  for (fs::directory_iterator at(folder / "cases", failure), end; !failure && at != end;
       at.increment(failure)) {
    std::error_code ignored;
    if (fs::exists(at->path() / "result.json", ignored)) cases.push_back(at->path());
  }
  if (cases.empty()) {
    return TESSERA_ERROR(kNotFound, folder.string(), "has no finished case",
                         "resume the run, or leave it out");
  }
  std::sort(cases.begin(), cases.end());
  FitInput input;
  for (const fs::path& one : cases) TESSERA_TRY_VOID(read_run_case(one, target, input));
  return input;
}

// --- experiments ----------------------------------------------------------------------------

Result<FitInput> read_answers(const fs::path& folder, const Target& target) {
  TESSERA_TRY(const ExperimentReport report, read_experiment(folder));
  const std::string file = (folder / "cases.tsv").string();
  if (report.target != target.name) return of_another_target(file, report.target, target);
  FitInput input;
  for (const ExperimentRow& row : report.rows) {
    const bool passed = row.outcome == ExperimentOutcome::passes;
    if (!passed && row.outcome != ExperimentOutcome::fails) {
      ignore(input, file, row.name, std::string(to_string(row.outcome)));
      continue;
    }
    // Its cause may be the width of the codes, which the network does not show.
    if (row.limit.empty() && !passed) {
      ignore(input, file, row.name, "fails, and asks about no limit");
      continue;
    }
    TESSERA_TRY(const ImportedModel model, import_model(folder / row.name / "network.onnx"));
    add(input, evidence_of(model.graph, target, passed), file, row.name);
  }
  return input;
}

// --- recorded outcomes ----------------------------------------------------------------------

Result<FitInput> read_recorded(const fs::path& path, const Target& target) {
  TESSERA_TRY(const std::vector<CompileOutcome> outcomes, read_outcomes(path));
  FitInput input;
  for (const CompileOutcome& one : outcomes) {
    if (!one.counts() || !one.graph) {
      ignore(input, path.string(), one.name,
             one.counts() ? "has no operators" : "is no evidence about fitting");
      continue;
    }
    add(input, evidence_of(*one.graph, target, one.compiled == "PASS"), path.string(), one.name);
  }
  return input;
}

// --- compiled files -------------------------------------------------------------------------

void raise(LimitNumbers& numbers, const Target& target, const char* limit, uint64_t value) {
  constexpr uint64_t kMost = uint64_t{1} << 40;  // beyond: damage, not a number
  if (value == 0 || value > kMost || !target.has(TargetSection::limits, limit)) return;
  int64_t& most = numbers[limit];
  most = std::max(most, static_cast<int64_t>(value));
}

// What a compiled file shows to pass: only layers on the chip's clusters count.
LimitNumbers numbers_of(const Hef& hef, const Target& target) {
  enum Type : uint64_t { kConv = 0, kDepthwise = 15 };
  LimitNumbers numbers;
  for (const HefMappedLayer& layer : hef.mapping.layers) {
    const bool on_chip = std::any_of(layer.places.begin(), layer.places.end(),
                                     [](const HefPlace& place) { return place.in_cluster(); });
    if (!on_chip) continue;
    for (const auto* shapes : {&layer.inputs, &layer.outputs}) {
      for (const HefDims& dims : *shapes) {
        if (dims.width < (1U << 24) && dims.features < (1U << 24))
          raise(numbers, target, "row_bytes", dims.width * dims.features);
      }
    }
    if (layer.type != kConv && layer.type != kDepthwise) continue;
    for (const HefDims& dims : layer.kernels)
      raise(numbers, target, "kernel", std::max(dims.height, dims.width));
    for (const HefDims& dims : layer.strides)
      raise(numbers, target, "stride", std::max(dims.height, dims.width));
    for (const HefDims& dims : layer.dilations)
      raise(numbers, target, "dilation", std::max(dims.height, dims.width));
  }
  for (const HefGroup& group : hef.groups) {
    for (const HefCoreOp& core : group.cores)
      raise(numbers, target, "contexts", core.contexts.size());
  }
  return numbers;
}

Result<FitInput> read_compiled(const fs::path& path, const Target& target) {
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kMaxHefBytes));
  auto hef = read_hef(bytes);
  if (!hef) {
    Error error = std::move(hef).error();
    error.subject = fmt::format("{}: {}", path.string(), error.subject);
    return error;
  }
  if (!hef->description_whole || hef->mapping.layers.empty()) {
    return TESSERA_ERROR(kCorrupt, path.string(),
                         hef->description_whole ? "holds no mapping of layers to the chip"
                                                : "ends within its description",
                         "copy the file again, or leave it out");
  }
  // "Hailo-8L" is the target hailo8l.
  const std::string_view chip = hef_chip_name(hef->arch);
  std::string arch;
  for (const char c : chip.empty() ? hef_arch_name(hef->arch) : std::string(chip)) {
    if (c != '-') arch += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  if (arch != target.name) return of_another_target(path.string(), arch, target);
  FitInput input;
  FitEvidence evidence;
  evidence.passed = true;
  evidence.numbers = numbers_of(*hef, target);
  add(input, std::move(evidence), path.string(), path.stem().string());
  return input;
}

}  // namespace

Result<FitInput> read_fit_evidence(const fs::path& path, const Target& target) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    return TESSERA_ERROR(kNotFound, path.string(), "does not exist", "give a file or folder");
  }
  if (fs::exists(path / "run.json", ignored)) return read_run(path, target);
  if (fs::exists(path / "cases.tsv", ignored)) return read_answers(path, target);
  if (path.extension() == ".hef") return read_compiled(path, target);
  if (path.extension() == ".json") return read_recorded(path, target);
  return TESSERA_ERROR(kUnsupported, path.string(), "is no evidence that can be read",
                       "give a run folder, an experiment folder, recorded outcomes (.json) or a "
                       "compiled file (.hef)");
}

}  // namespace tessera
