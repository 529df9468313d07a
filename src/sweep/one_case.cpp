// One case of a run: what a worker does, and a task of a cluster.
#include <fmt/format.h>

#include "base/system_error.h"
#include "sweep/sweep_runner.h"
#include "sweep/work_folders.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

CaseContext context_of(const SweepRun& run, const CaseOptions& options) {
  CaseContext context{run.definition, run.target, run.record.target_hash, run.record.compiler,
                      options.cache,  {},         options.is_cancelled};
  context.steps =
      options.cache.empty() ? run.folder / "steps" : options.cache.parent_path() / "steps";
  return context;
}

}  // namespace

std::string_view to_string(CaseSource source) {
  switch (source) {
    case CaseSource::computed: return "computed";
    case CaseSource::cached: return "cached";
    case CaseSource::resumed: return "before";
  }
  return "?";
}

Result<void> place_case(const SweepRun& run, const std::string& name, const fs::path& work) {
  std::error_code failed;
  fs::rename(work, run.case_folder(name), failed);
  if (!failed) return {};
  std::error_code ignored;
  if (fs::exists(run.case_folder(name) / "result.json", ignored)) {
    fs::remove_all(work, ignored);
    return {};
  }
  return system_error(failed.value(), run.case_folder(name).string(), "name");
}

Result<FinishedCase> run_case_of(const SweepRun& run, const std::string& name,
                                 const CaseOptions& options) {
  const SweepCase* one = run.find(name);
  if (one == nullptr) {
    return TESSERA_ERROR(kNotFound, name, fmt::format("is no case of {}", run.folder.string()),
                         "cases.tsv lists them");
  }
  if (auto before = read_case_result(run.case_folder(name)))
    return FinishedCase{std::move(*before), CaseSource::resumed};
  // A folder gets its name when it is whole: one without a readable result is damaged.
  std::error_code ignored;
  fs::remove_all(run.case_folder(name), ignored);
  TESSERA_TRY(const fs::path work, work_folder(run.folder, name));
  bool cached = false;
  auto result = run_case(context_of(run, options), *one, work, &cached);
  if (!result) {
    fs::remove_all(work, ignored);
    return result.error();
  }
  TESSERA_TRY_VOID(place_case(run, name, work));
  return FinishedCase{std::move(*result), cached ? CaseSource::cached : CaseSource::computed};
}

}  // namespace tessera
