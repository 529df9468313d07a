// tessera separate: recordings of several voices in, one file per voice out.
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/counted.h"
#include "base/stopwatch.h"
#include "cli/check.h"
#include "cli/command.h"
#include "cli/device_report.h"
#include "cli/failed_recordings.h"
#include "cli/machine.h"
#include "cli/model_options.h"
#include "cli/progress.h"
#include "cli/recording_headers.h"
#include "cli/recording_options.h"
#include "cli/runtime_metrics.h"
#include "cli/scale_notes.h"
#include "cli/separation_files.h"
#include "cli/separation_metrics.h"
#include "cli/separation_plan.h"
#include "cli/table.h"
#include "evidence/documents.h"
#include "tessera/audio.h"
#include "tessera/file.h"
#include "tessera/separator.h"

namespace tessera::cli {
namespace {

struct SeparateArguments {
  ModelOptions model;
  BackendChoice backend;
  InputOptions input;
  OutputOptions output;
  RecordingOptions recordings;
  std::optional<int> sample_rate;  // of the network, where its file does not tell
  std::string window = "30";       // seconds, or kWholeRecording
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

// Where there is room for what comes out in the end; empty: the system's.
std::string scratch_folder(const OutputOptions& output) {
  return output.folder == kStandardStream ? "" : output.folder;
}

constexpr std::string_view kWholeRecording = "whole";

Result<double> window_seconds(const std::string& text) {
  if (text == kWholeRecording) return 0.0;
  double seconds = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (failed != std::errc() || end != text.data() + text.size() || !(seconds >= 1)) {
    return TESSERA_ERROR(
        kInvalidArgument, "--window",
        fmt::format("'{}' is neither seconds from 1 nor '{}'", text, kWholeRecording),
        "leave it out for windows of 30 s where a recording is longer");
  }
  return seconds;
}

Result<SeparatorOptions> separator_options(const SeparateArguments& options, Activity& activity) {
  TESSERA_TRY(const ImportOptions import, import_options(options.model));
  SeparatorOptions separator;
  separator.model_args = import.model_args;
  if (options.backend.name != kAutoBackend) separator.backend = options.backend.name;
  separator.host_backend = options.backend.host;
  separator.allow_fallback = options.backend.allow_fallback;
  separator.threads = options.backend.threads;
  separator.memory_limit_bytes = usable_memory_bytes();
  separator.sample_rate = options.sample_rate;
  TESSERA_TRY(separator.channels, parse_channel_policy(options.recordings.channel));
  separator.level = level_of(options);
  TESSERA_TRY(separator.window_seconds, window_seconds(options.window));
  separator.scratch_folder = scratch_folder(options.output);
  separator.progress = [&activity](double fraction) { activity.set(fraction); };
  separator.check = options.check;
  separator.before_check = [&activity] { activity.begin_check(); };
  return separator;
}

Document document_of(const SeparationJob& job, const Separation& separated, double seconds) {
  const double duration = static_cast<double>(separated.frames) / separated.sample_rate;
  Document document{{"input", job.input},         {"sample_rate", separated.sample_rate},
                    {"frames", separated.frames}, {"seconds_of_audio", duration},
                    {"seconds", seconds},         {"real_time_factor", seconds / duration}};
  document.update(documents::of(separated));
  document["outputs"] = Document::array();
  return document;
}

// Looks at every header first: what cannot work is said before the work. Leaves the jobs that can.
void look_at_headers(Separator& separator, const SeparateArguments& options,
                     std::vector<SeparationJob>& jobs, FailedRecordings& failed, Console& console) {
  std::multimap<int64_t, size_t> by_length;
  std::vector<std::optional<Error>> errors(jobs.size());
  for (size_t i = 0; i < jobs.size(); ++i) {
    const auto length =
        look_at_recording(jobs[i].input, options.recordings, separator.sample_rate());
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

struct Done {
  Document document;
  std::vector<std::string> cells;
};

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

std::string name_of(const std::string& input) {
  return input == kStandardStream ? "standard input" : input;
}

Result<AudioReader> open_recording(const std::string& input, const SeparateArguments& options) {
  TESSERA_TRY(const AudioReadOptions reading, options.recordings.reading());
  if (input != kStandardStream) return AudioReader::open(input, reading);
  const std::string scratch = scratch_folder(options.output);
  if (!scratch.empty()) TESSERA_TRY_VOID(ensure_directory(scratch));
  return AudioReader::open_stream(STDIN_FILENO, name_of(input), reading, scratch);
}

Result<Done> separate_job(Separator& separator, const SeparateArguments& options,
                          const SeparationJob& job, ScaledVoices& scaled, RuntimeMetrics& metrics,
                          Console& console) {
  const Stopwatch watch;
  const std::string name = name_of(job.input);
  TESSERA_TRY(AudioReader recording, open_recording(job.input, options));
  VoiceFiles files(job, recording.info().sample_rate, separator.voices(), options.output);
  TESSERA_TRY_VOID(files.check());
  std::vector<std::vector<float>> voices;
  TESSERA_TRY(const Separation separated, separator.separate(
                                              recording,
                                              [&](auto block) {
                                                keep_voices(options.measure, block, voices);
                                                return files.write(block);
                                              },
                                              name));
  measure(separated, metrics);
  TESSERA_TRY_VOID(
      score_voices(options.measure, options.recordings, separated.sample_rate, voices, metrics));
  tell(separated, name, console);
  scaled.add(name, separated.level_changes);
  TESSERA_TRY(Document outputs, files.finish(console));
  const double seconds = watch.seconds() - separated.timing.check_seconds;
  Done done;
  done.document = document_of(job, separated, seconds);
  done.document["outputs"] = std::move(outputs);
  done.cells = {name, fmt::format("{:.2f}", done.document["seconds_of_audio"].get<double>()),
                fmt::format("{:.3f} s", seconds),
                fmt::format("{:.4f}", done.document["real_time_factor"].get<double>())};
  if (separated.difference)
    done.cells.push_back(fmt::format("{:.2e}", separated.difference->max_abs));
  if (separated.equal_codes) done.cells.push_back(grouped(*separated.equal_codes));
  return done;
}

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

Result<Document> separate(const SeparateArguments& options, Console& console) {
  TESSERA_TRY_VOID(keep_output_clean(options, console));
  Activity activity(console);
  TESSERA_TRY(SeparatorOptions opening, separator_options(options, activity));
  TESSERA_TRY(Separator separator, Separator::open(options.model.path, std::move(opening)));
  tell_import_notes(separator.notes(), ImportNotes::warnings, console);
  TESSERA_TRY(SeparationPlan plan,
              plan_separation(options.input, separator.voices(), options.output));
  for (const std::string& note : plan.notes()) console.note(note);
  TESSERA_TRY_VOID(
      check_measuring(options.measure, options.model.path, plan.jobs.size(), options.output.force));
  const size_t all = plan.jobs.size();
  // One recording alone is all that was asked for: its error is the command's.
  const bool is_batch = all > 1;
  FailedRecordings failed;
  if (is_batch) look_at_headers(separator, options, plan.jobs, failed, console);

  Table table;
  table.add_column("file");
  table.add_columns({"seconds", "took", "real-time factor"}, Table::Align::right);
  if (options.check) {
    const bool integer = separator.arithmetic() == Arithmetic::integer;
    table.add_column(integer ? "equal codes" : "max |difference|", Table::Align::right);
  }
  Document document{{"model", options.model.path},
                    {"backend", separator.backend()},
                    {"arithmetic", to_string(separator.arithmetic())},
                    {"sources", separator.voices()},
                    {"files", Document::array()}};
  ScaledVoices scaled;
  RuntimeMetrics metrics;
  ReadingsMonitor monitor([&] { return separator.readings(); });
  std::optional<Error> fatal;
  for (size_t i = 0; i < plan.jobs.size() && !fatal; ++i) {
    const SeparationJob& job = plan.jobs[i];
    std::string label = name_of(job.input);
    if (is_batch) label += fmt::format(" ({} of {})", i + 1, plan.jobs.size());
    activity.begin(std::move(label));
    Result<Done> done = separate_job(separator, options, job, scaled, metrics, console);
    activity.end();
    if (done) {
      table.add_row(std::move(done->cells));
      document["files"].push_back(std::move(done->document));
    } else if (!is_batch || ends_batch(done.error(), job)) {
      fatal = std::move(done).error();
    } else {
      failed.add(job.input, std::move(done).error(), console);
    }
  }
  for (const std::string& line : scaled.lines()) console.note(line);
  plan.add_to(document);
  document["failed"] = failed.document();
  if (!document["files"].empty()) {
    console.print("{}", table.to_string());
    const bool to_stream = options.output.folder == kStandardStream;
    console.print("{} {}; {} backend, {} arithmetic\n", counted(separator.voices(), "voice"),
                  to_stream ? "on standard output" : "of each in " + options.output.folder,
                  separator.backend(), to_string(separator.arithmetic()));
    report_devices(
        {separator.devices(), separator.backend(), separator.host_backend(), separator.readings()},
        document, console);
  }
  metrics.readings = monitor.stop();
  if (metrics.runs > 0) {
    TESSERA_TRY_VOID(write_metrics(options.measure.metrics,
                                   {options.model.path, std::string(separator.backend()),
                                    std::string(separator.host_backend()), separator.arithmetic()},
                                   metrics, options.output.force, console));
  }
  if (!failed.empty()) console.print("{}", failed.table());
  if (failed.empty() && !fatal) return document;
  if (is_batch) console.keep(std::move(document));
  return fatal ? *fatal : failed.summary(all);
}

}  // namespace

Action define_separate(CommandLine& app) {
  auto options = std::make_shared<SeparateArguments>();
  add_model_options(app, options->model, false);
  add_output_options(app, options->output);
  add_input_options(app, options->input);
  add_network_backend_options(app, options->backend);
  add_device_options(app, options->backend);
  add_recording_options(app, options->recordings);
  add_raw_option(app, options->recordings);
  app.add_option("--sample-rate", options->sample_rate,
                 "The network's sampling rate, where its file does not tell")
      ->type_name("HZ");
  app.add_option("--window", options->window,
                 "Recordings of more than N seconds are evaluated in stretches of them, in memory "
                 "that does not grow with them; 'whole': at once")
      ->type_name("{whole,N}")
      ->capture_default_str();
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
