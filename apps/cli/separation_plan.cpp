#include "cli/separation_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>

#include "audio/recordings.h"
#include "base/counted.h"
#include "cli/output_files.h"

namespace tessera::cli {
namespace {

namespace fs = std::filesystem;

// A recording, and the folder below the output's that its voices go to.
struct Found {
  fs::path file;
  fs::path below;
  bool by_folder = false;
};

std::vector<std::string> strings(const std::vector<fs::path>& paths) {
  return {paths.begin(), paths.end()};
}

Result<std::vector<Found>> expand(const InputOptions& inputs, const OutputOptions& options,
                                  SeparationPlan& plan) {
  std::vector<Found> found;
  for (const std::string& input : inputs.inputs) {
    std::error_code ignored;
    if (!fs::is_directory(input, ignored)) {
      found.push_back({input, {}, false});
      continue;
    }
    TESSERA_TRY(const FolderRecordings inside,
                recordings_in(input, {inputs.recursive, options.folder}));
    if (inside.recordings.empty()) return no_recordings(input, inside);
    for (const fs::path& file : inside.recordings) {
      found.push_back({file, file.lexically_relative(input).parent_path(), true});
    }
    const auto skipped = strings(inside.skipped);
    plan.skipped.insert(plan.skipped.end(), skipped.begin(), skipped.end());
    plan.hidden += inside.hidden;
  }
  return found;
}

SeparationJob job_of(const Found& found, int sources, const OutputOptions& options) {
  SeparationJob job;
  job.input = found.file.string();
  if (options.folder == kStandardStream) {
    job.outputs.emplace_back(kStandardStream);
    return job;
  }
  const std::string stem = job.input == kStandardStream ? "stdin" : found.file.stem().string();
  for (int s = 1; s <= sources; ++s) {
    const std::string name = fmt::format("{}_s{}.{}", stem, s, options.container);
    job.outputs.push_back((fs::path(options.folder) / found.below / name).string());
  }
  return job;
}

Result<void> refuse_clashes(const std::vector<SeparationJob>& jobs) {
  std::map<std::string, std::string> writer_of;  // output -> input
  for (const SeparationJob& job : jobs) {
    for (const std::string& output : job.outputs) {
      const auto [other, is_new] = writer_of.emplace(true_name(output), job.input);
      if (is_new) continue;
      return TESSERA_ERROR(kInvalidArgument, job.input,
                           fmt::format("would write {} as {} does", output, other->second),
                           "separate them into different folders");
    }
  }
  return {};
}

bool is_there(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && fs::file_size(path, ignored) > 0;
}

// Jobs whose voices are all there are done, and these voices are no recordings where they lie in a
// folder of recordings. Where some are missing, all are made again.
void leave_out_existing(const std::vector<Found>& found, SeparationPlan& plan) {
  std::set<std::string> voices;
  std::vector<bool> is_done;
  for (SeparationJob& job : plan.jobs) {
    const auto there = std::count_if(job.outputs.begin(), job.outputs.end(), is_there);
    is_done.push_back(there == static_cast<std::ptrdiff_t>(job.outputs.size()));
    job.replaces = there > 0;
    if (!is_done.back()) continue;
    for (const std::string& output : job.outputs) voices.insert(true_name(output));
  }
  std::vector<SeparationJob> kept;
  for (size_t i = 0; i < found.size(); ++i) {
    SeparationJob& job = plan.jobs[i];
    if (found[i].by_folder && voices.contains(true_name(job.input))) {
      plan.voices.push_back(job.input);
    } else if (is_done[i]) {
      plan.existing.push_back(job.input);
    } else {
      kept.push_back(std::move(job));
    }
  }
  plan.jobs = std::move(kept);
}

Result<void> check_job_outputs(const SeparationPlan& plan, const OutputOptions& options,
                               bool skip_existing) {
  if (options.folder == kStandardStream) return {};
  std::vector<std::string> inputs = plan.existing;
  for (const SeparationJob& job : plan.jobs) inputs.push_back(job.input);
  std::vector<OutputFile> kept;
  std::vector<OutputFile> replaced;
  for (const SeparationJob& job : plan.jobs) {
    for (const std::string& output : job.outputs) {
      std::error_code absent;
      if (!fs::is_directory(fs::path(output).parent_path(), absent)) continue;
      (options.force || job.replaces ? replaced : kept).push_back({output, std::nullopt});
    }
  }
  TESSERA_TRY_VOID(check_outputs(replaced, inputs, true));
  Result<void> writable = check_outputs(kept, inputs, false);
  if (writable || writable.error().code != ErrorCode::kAlreadyExists || skip_existing) {
    return writable;
  }
  Error error = std::move(writable).error();
  error.hint = "give --force to overwrite it, or --skip-existing to separate only the others";
  return error;
}

// A stream holds one recording, or the voices of one.
Result<void> check_streams(const InputOptions& inputs, const OutputOptions& options) {
  const bool reads = std::count(inputs.inputs.begin(), inputs.inputs.end(), kStandardStream) > 0;
  if (reads && inputs.inputs.size() > 1) {
    return TESSERA_ERROR(kInvalidArgument, std::string(kStandardStream),
                         "standard input is one recording, which cannot be among others",
                         "separate it by itself");
  }
  if (options.folder != kStandardStream) return {};
  std::error_code ignored;
  if (inputs.inputs.size() > 1 || fs::is_directory(inputs.inputs[0], ignored)) {
    return TESSERA_ERROR(kInvalidArgument, "--output",
                         "standard output takes the voices of one recording",
                         "name a folder for those of several");
  }
  if (inputs.skip_existing) {
    return TESSERA_ERROR(kInvalidArgument, "--skip-existing",
                         "nothing exists where voices go to standard output", "leave it out");
  }
  return {};
}

// The first names of a list, and how many more there are.
std::string named(const std::vector<std::string>& paths) {
  constexpr size_t kShown = 5;
  std::string text;
  for (size_t i = 0; i < std::min(kShown, paths.size()); ++i) {
    text += (i > 0 ? ", " : "") + paths[i];
  }
  if (paths.size() > kShown) text += fmt::format(" and {} more", paths.size() - kShown);
  return text;
}

}  // namespace

void add_input_options(CommandLine& app, InputOptions& options) {
  app.add_option("INPUT", options.inputs,
                 "Recordings (wav, flac, ogg, opus, mp3, aiff, caf, w64, au, sph), or folders of "
                 "them; -: standard input, read to its end first")
      ->required()
      ->type_name("FILE...");
  app.add_flag("--recursive", options.recursive,
               "Also the recordings in folders inside a folder; their voices go to folders of the "
               "same names");
  app.add_flag("--skip-existing", options.skip_existing,
               "Leave recordings alone whose voices are all there: goes on where a run ended")
      ->excludes(app.get_option("--force"));
}

std::vector<std::string> SeparationPlan::notes() const {
  std::vector<std::string> notes;
  if (!skipped.empty()) {
    notes.push_back(fmt::format("{} left out, no recordings by their names: {}",
                                counted(skipped.size(), "file"), named(skipped)));
  }
  if (hidden > 0) {
    notes.push_back(fmt::format("{} left out", counted(hidden, "hidden file")));
  }
  if (!voices.empty()) {
    notes.push_back(fmt::format("{} of an earlier run left out: {}",
                                counted(voices.size(), "voice"), named(voices)));
  }
  if (!existing.empty()) {
    notes.push_back(
        fmt::format("{} left alone: the voices are there", counted(existing.size(), "recording")));
  }
  return notes;
}

void SeparationPlan::add_to(Document& document) const {
  document["existing"] = existing;
  document["skipped"] = skipped;
  document["voices_left_out"] = voices;
  document["hidden"] = hidden;
}

Result<SeparationPlan> plan_separation(const InputOptions& inputs, int sources,
                                       const OutputOptions& options) {
  TESSERA_TRY_VOID(check_folder_name(options.folder, "voices"));
  TESSERA_TRY_VOID(check_streams(inputs, options));
  SeparationPlan plan;
  TESSERA_TRY(const std::vector<Found> found, expand(inputs, options, plan));
  for (const Found& recording : found) plan.jobs.push_back(job_of(recording, sources, options));
  TESSERA_TRY_VOID(refuse_clashes(plan.jobs));
  if (inputs.skip_existing) leave_out_existing(found, plan);
  TESSERA_TRY_VOID(check_job_outputs(plan, options, inputs.skip_existing));
  return plan;
}

}  // namespace tessera::cli
