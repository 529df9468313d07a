// tessera separate: recordings of several voices in, one file per voice out.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/counted.h"
#include "cli/check.h"
#include "cli/command.h"
#include "cli/device_report.h"
#include "cli/failed_recordings.h"
#include "cli/model_options.h"
#include "cli/progress.h"
#include "cli/recording_headers.h"
#include "cli/recording_options.h"
#include "cli/runtime_metrics.h"
#include "cli/scale_notes.h"
#include "cli/separating_options.h"
#include "cli/separation_batch.h"
#include "cli/separation_files.h"
#include "cli/separation_metrics.h"
#include "cli/separation_plan.h"
#include "cli/table.h"
#include "evidence/documents.h"
#include "tessera/audio.h"
#include "tessera/separator.h"

namespace tessera::cli {
namespace {

struct SeparateArguments {
  SeparatingOptions separating;
  InputOptions input;
  OutputOptions output;
  bool rescale = false;
  bool keep_scale = false;
  bool check = false;
  MeasureOptions measure;
};

// Files of floats hold any level.
VoiceLevel level_of(const SeparateArguments& options) {
  if (options.rescale) return VoiceLevel::mixture;
  const bool any = options.keep_scale || options.output.subtype == "float";
  return any ? VoiceLevel::network : VoiceLevel::fit;
}

// What is at work on the terminal, and its line there.
class Activity {
 public:
  explicit Activity(Console& console) : console_(console) {}

  void begin(std::string recording) {
    recording_ = std::move(recording);
    progress_.emplace(console_, recording_);
  }
  void set(double fraction) {
    if (progress_) progress_->set(fraction);
  }
  void begin_check() { progress_.emplace(console_, recording_ + ", checked by plain loops"); }
  void end() { progress_.reset(); }

 private:
  Console& console_;
  std::string recording_;
  std::optional<Progress> progress_;
};

Result<SeparatorOptions> separator_options(const SeparateArguments& options, Activity& activity) {
  TESSERA_TRY(SeparatorOptions separator, separator_options(options.separating));
  separator.level = level_of(options);
  separator.scratch_folder = scratch_folder(options.output);
  separator.check = options.check;
  if (options.separating.jobs > 1) return separator;  // the line shows how many are done
  separator.progress = [&activity](double fraction) { activity.set(fraction); };
  separator.before_check = [&activity] { activity.begin_check(); };
  return separator;
}

// Looks at every header first: what cannot work is said before the work. Leaves the jobs that can.
void look_at_headers(Separator& separator, const SeparateArguments& options,
                     std::vector<SeparationJob>& jobs, FailedRecordings& failed, Console& console) {
  std::multimap<int64_t, size_t> by_length;
  std::vector<std::optional<Error>> errors(jobs.size());
  for (size_t i = 0; i < jobs.size(); ++i) {
    const auto length =
        look_at_recording(jobs[i].input, options.separating.recordings, separator.sample_rate());
    if (!length) {
      errors[i] = length.error();
    } else if (*length >= 0) {
      by_length.emplace(*length, i);
    }
  }
  // Longer ones work where a shorter one does, unless the network takes one length only.
  for (const auto& [length, i] : by_length) {
    const Result<void> ready = separator.check_length(length, jobs[i].input);
    if (!ready) errors[i] = ready.error();
    if (ready && !separator.length_is_fixed()) break;
  }
  std::vector<SeparationJob> kept;
  for (size_t i = 0; i < jobs.size(); ++i) {
    if (errors[i]) {
      failed.add(jobs[i].input, std::move(*errors[i]), console);
    } else {
      kept.push_back(std::move(jobs[i]));
    }
  }
  jobs = std::move(kept);
}

void tell(const Separation& separated, const std::string& path, Console& console) {
  for (const Note& note : separated.notes) {
    const std::string text = fmt::format("{}: {}", path, note.text);
    if (note.severity == NoteSeverity::warning) {
      console.warning(text);
    } else {
      console.note(text);
    }
  }
}

// What is told of recordings that were separated.
struct Told {
  Table table;
  Document files = Document::array();
  ScaledVoices scaled;
  RuntimeMetrics metrics;

  Told(bool is_checked, Arithmetic arithmetic) {
    table.add_column("file");
    table.add_columns({"seconds", "took", "real-time factor"}, Table::Align::right);
    if (!is_checked) return;
    const bool integer = arithmetic == Arithmetic::integer;
    table.add_column(integer ? "equal codes" : "max |difference|", Table::Align::right);
  }

  void add(const SeparationJob& job, const SeparatedRecording& done, Console& console) {
    const Separation& separated = done.separation;
    const std::string name = recording_name(job.input);
    measure(separated, metrics);
    tell(separated, name, console);
    scaled.add(name, separated.level_changes);
    const double duration = static_cast<double>(separated.frames) / separated.sample_rate;
    Document document{{"input", job.input},         {"sample_rate", separated.sample_rate},
                      {"frames", separated.frames}, {"seconds_of_audio", duration},
                      {"seconds", done.seconds},    {"real_time_factor", done.seconds / duration}};
    document.update(documents::of(separated));
    document["outputs"] = document_of(job, done.files, console);
    files.push_back(std::move(document));
    std::vector<std::string> cells{name, fmt::format("{:.2f}", duration),
                                   fmt::format("{:.3f} s", done.seconds),
                                   fmt::format("{:.4f}", done.seconds / duration)};
    if (separated.difference) cells.push_back(fmt::format("{:.2e}", separated.difference->max_abs));
    if (separated.equal_codes) cells.push_back(grouped(*separated.equal_codes));
    table.add_row(std::move(cells));
  }
};

// Whether the next recording would fail of it, too: what is wrong with one is about its own file.
bool ends_batch(const Error& error, const SeparationJob& job) {
  if (error.code == ErrorCode::kCancelled || error.code == ErrorCode::kUnavailable) return true;
  const bool is_system = error.code == ErrorCode::kNoSpace || error.code == ErrorCode::kIo;
  return is_system && error.subject != job.input;
}

// Bytes and text do not mix.
Result<void> keep_output_clean(const SeparateArguments& options, Console& console) {
  if (options.output.folder != kStandardStream) return {};
  if (console.json()) {
    return TESSERA_ERROR(kInvalidArgument, "--json",
                         "standard output cannot take voices and a document",
                         "name a folder for the voices");
  }
  console.give_standard_output_away();
  // A reader that goes away is an error to tell, after which no file is left.
  std::signal(SIGPIPE, SIG_IGN);
  return {};
}

Result<void> check_jobs(const SeparateArguments& options) {
  if (options.separating.jobs == 1 || options.output.folder != kStandardStream) return {};
  return TESSERA_ERROR(kInvalidArgument, "--jobs",
                       "standard output takes the voices of one recording",
                       "leave --jobs out, or name a folder for the voices");
}

Result<std::vector<Separator>> open_separators(const SeparateArguments& options,
                                               const SeparatorOptions& opening, size_t count) {
  std::vector<Separator> separators;
  while (separators.size() < count) {
    TESSERA_TRY(Separator next, Separator::open(options.separating.model.path, opening));
    separators.push_back(std::move(next));
  }
  return separators;
}

// `first` does recordings alone, or with others like it. Returns why the batch ended before all
// were tried, if it did.
Result<std::optional<Error>> separate_all(const SeparateArguments& options,
                                          const SeparatorOptions& opening, Separator& first,
                                          const std::vector<SeparationJob>& jobs, bool is_batch,
                                          Activity& activity, Told& told, FailedRecordings& failed,
                                          Console& console) {
  const size_t at_once = std::min(static_cast<size_t>(options.separating.jobs), jobs.size());
  TESSERA_TRY(std::vector<Separator> others,
              open_separators(options, opening, std::max<size_t>(1, at_once) - 1));
  std::vector<Separator*> separators{&first};
  for (Separator& other : others) separators.push_back(&other);

  SeparateRecordingOptions each{options.separating.recordings, options.output};
  if (!options.measure.references.empty()) {
    each.score = [&](const Separation& separated, std::span<const std::vector<float>> voices) {
      return score_voices(options.measure, options.separating.recordings, separated.sample_rate,
                          voices, told.metrics);
    };
  }
  const bool one_by_one = separators.size() == 1;
  std::optional<Error> fatal;
  BatchEvents events;
  events.begins = [&](size_t i) {
    std::string label = recording_name(jobs[i].input);
    if (is_batch) label += fmt::format(" ({} of {})", i + 1, jobs.size());
    activity.begin(std::move(label));
  };
  events.ended = [&](size_t i, Result<SeparatedRecording> outcome) {
    if (one_by_one) {
      activity.end();
    } else {
      activity.set(static_cast<double>(i + 1) / static_cast<double>(jobs.size()));
    }
    if (outcome) {
      told.add(jobs[i], *outcome, console);
    } else if (!fatal && (!is_batch || ends_batch(outcome.error(), jobs[i]))) {
      fatal = std::move(outcome).error();
    } else {
      failed.add(jobs[i].input, std::move(outcome).error(), console);
    }
    return !fatal;
  };
  if (!one_by_one) activity.begin(counted(static_cast<int64_t>(jobs.size()), "recording"));
  separate_batch(separators, each, jobs, events);
  activity.end();
  return fatal;
}

void report(const SeparateArguments& options, const Separator& separator, Told& told,
            Document& document, Console& console) {
  for (const std::string& line : told.scaled.lines()) console.note(line);
  document["files"] = std::move(told.files);
  if (document["files"].empty()) return;
  console.print("{}", told.table.to_string());
  const bool to_stream = options.output.folder == kStandardStream;
  console.print("{} {}; {} backend, {} arithmetic\n", counted(separator.voices(), "voice"),
                to_stream ? "on standard output" : "of each in " + options.output.folder,
                separator.backend(), to_string(separator.arithmetic()));
  report_devices(
      {separator.devices(), separator.backend(), separator.host_backend(), separator.readings()},
      document, console);
}

Result<Document> separate(const SeparateArguments& options, Console& console) {
  TESSERA_TRY_VOID(keep_output_clean(options, console));
  TESSERA_TRY_VOID(check_jobs(options));
  Activity activity(console);
  TESSERA_TRY(const SeparatorOptions opening, separator_options(options, activity));
  TESSERA_TRY(Separator separator, Separator::open(options.separating.model.path, opening));
  tell_import_notes(separator.notes(), ImportNotes::warnings, console);
  TESSERA_TRY(SeparationPlan plan,
              plan_separation(options.input, separator.voices(), options.output));
  for (const std::string& note : plan.notes()) console.note(note);
  TESSERA_TRY_VOID(check_measuring(options.measure, options.separating.model.path, plan.jobs.size(),
                                   options.output.force));
  const size_t all = plan.jobs.size();
  // One recording alone is all that was asked for: its error is the command's.
  const bool is_batch = all > 1;
  FailedRecordings failed;
  if (is_batch) look_at_headers(separator, options, plan.jobs, failed, console);

  Told told(options.check, separator.arithmetic());
  ReadingsMonitor monitor([&] { return separator.readings(); });
  TESSERA_TRY(const std::optional<Error> fatal,
              separate_all(options, opening, separator, plan.jobs, is_batch, activity, told, failed,
                           console));
  Document document{{"model", options.separating.model.path},
                    {"backend", separator.backend()},
                    {"arithmetic", to_string(separator.arithmetic())},
                    {"sources", separator.voices()}};
  report(options, separator, told, document, console);
  plan.add_to(document);
  document["failed"] = failed.document();
  told.metrics.readings = monitor.stop();
  if (told.metrics.runs > 0) {
    TESSERA_TRY_VOID(write_metrics(options.measure.metrics,
                                   {options.separating.model.path, std::string(separator.backend()),
                                    std::string(separator.host_backend()), separator.arithmetic()},
                                   told.metrics, options.output.force, console));
  }
  if (!failed.empty()) console.print("{}", failed.table());
  if (failed.empty() && !fatal) return document;
  if (is_batch) console.keep(std::move(document));
  return fatal ? *fatal : failed.summary(all);
}

}  // namespace

Action define_separate(CommandLine& app) {
  auto options = std::make_shared<SeparateArguments>();
  add_model_options(app, options->separating.model, false);
  add_output_options(app, options->output);
  add_input_options(app, options->input);
  add_separating_options(app, options->separating);
  add_raw_option(app, options->separating.recordings);
  auto* rescale =
      app.add_flag("--rescale", options->rescale,
                   "Scale the voices as Asteroid does, all by sum|mixture| / sum|voices|; default: "
                   "only where they would be clipped, and then no louder than full scale");
  app.add_flag("--keep-scale", options->keep_scale, "Never scale; clip what exceeds full scale")
      ->excludes(rescale);
  add_check_option(app, options->check);
  add_measure_options(app, options->measure);
  app.footer(
      "A recording at another rate than the network's is converted there and its voices back: "
      "every\n"
      "output has the rate and the exact length of its input. Outputs are <input>_s1.wav, ...\n"
      "Of several recordings, those that cannot be read are told first and the others are done; "
      "the\n"
      "exit code is then that of the first that failed.\n\n"
      "Examples:\n"
      "  tessera separate net.pth meeting.wav -o voices\n"
      "  tessera separate net.pth recordings/ -o voices --format flac --rescale\n"
      "  tessera separate net.pth recordings/ -o voices --recursive --skip-existing\n"
      "  tessera separate net.pth stereo.wav -o voices --channel mix\n"
      "  tessera separate net.pth lecture.flac -o voices --window 20\n"
      "  tessera separate net.pth - -o - --raw s16le:8000 --format raw < talk.raw > voices.raw");
  return [options](Console& console) { return separate(*options, console); };
}

}  // namespace tessera::cli
