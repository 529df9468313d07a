// tessera separate: recordings of several voices in, one file per voice out.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/counted.h"
#include "cli/check.h"
#include "cli/command.h"
#include "cli/failed_recordings.h"
#include "cli/model_options.h"
#include "cli/progress.h"
#include "cli/recording_headers.h"
#include "cli/recording_options.h"
#include "cli/separation_files.h"
#include "cli/separation_plan.h"
#include "cli/table.h"
#include "cli/voice_scale.h"
#include "tessera/audio.h"
#include "tessera/mono_input.h"
#include "tessera/session.h"
#include "tessera/voices.h"

namespace tessera::cli {
namespace {

using Clock = std::chrono::steady_clock;

struct SeparateArguments {
  ModelOptions model;
  BackendChoice backend;
  InputOptions input;
  OutputOptions output;
  RecordingOptions recordings;
  std::optional<int> sample_rate;  // of the network, where its file does not tell
  bool rescale = false;
  bool keep_scale = false;
  bool check = false;
};

// The network with the session for the length last asked for.
struct Separator {
  Runnable network;
  std::unique_ptr<Backend> backend;
  VoiceLayout voices;
  std::optional<int64_t> only_length;  // that the network's file was exported for
  int64_t length = 0;
  std::optional<Session> session;
  ScaledVoices scaled;
};

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// The one length that a model file takes, where it was exported with a fixed one.
std::optional<int64_t> only_length(const ImportedModel& model) {
  const Result<Graph> longer = model.network->instantiate(2 * model.length_samples);
  if (longer || longer.error().code != ErrorCode::kInvalidArgument) return std::nullopt;
  return model.length_samples;
}

// Makes the network one for recordings of `length` samples. Errors: `path` is their subject, since
// the network takes other lengths; but for one that was exported for a single length.
Result<void> set_length(Separator& separator, const SeparateArguments& options, int64_t length,
                        const std::string& path) {
  if (separator.only_length && length != *separator.only_length) {
    return TESSERA_ERROR(
        kInvalidArgument, path,
        fmt::format("has {} samples at the network's rate; {} was exported for {} and no others",
                    length, options.model.path, *separator.only_length),
        "export the network again with an open time dimension (dynamic_axes), or give its "
        "checkpoint");
  }
  const Result<void> ready = separator.network.set_length(length);
  if (ready) return {};
  Error error = ready.error();
  error.subject = path;
  return error;
}

Result<Separator> open_separator(const SeparateArguments& options, Console& console) {
  Separator separator;
  TESSERA_TRY(separator.network, load_runnable(options.model, ImportNotes::warnings, console));
  const Result<VoiceLayout> voices = voice_layout(separator.network.model.graph);
  if (!voices) {
    Error error = voices.error();
    error.subject = options.model.path;
    error.hint = "use 'tessera run' for other networks, 'tessera inspect' to see its shapes";
    return error;
  }
  separator.voices = *voices;
  separator.only_length = only_length(separator.network.model);
  TESSERA_TRY(separator.backend, open_backend(options.backend));
  return separator;
}

// The rate that the network works at: what its file or the user says, else the recording's.
Result<int> network_rate(const Separator& separator, const SeparateArguments& options,
                         const AudioBuffer& audio, const std::string& path, Console& console) {
  const auto& told = separator.network.model.sample_rate;
  if (options.sample_rate && *options.sample_rate < 1) {
    return TESSERA_ERROR(kInvalidArgument, "--sample-rate",
                         fmt::format("{} Hz is no sampling rate", *options.sample_rate),
                         "give the rate that the network was trained at, e.g. 8000");
  }
  if (told && options.sample_rate && *told != *options.sample_rate) {
    console.warning(fmt::format("{} says {} Hz; using {} Hz as asked", options.model.path, *told,
                                *options.sample_rate));
  }
  if (options.sample_rate) return *options.sample_rate;
  if (told) return *told;
  console.warning(
      fmt::format("{}: the network's file does not tell its rate; taking the recording's {} Hz "
                  "(--sample-rate sets it)",
                  path, audio.sample_rate));
  return audio.sample_rate;
}

// Exactly `frames` samples: what a network adds or drops at the end is made up for and said.
void fit_length(std::vector<float>& samples, int64_t frames, const std::string& path,
                Console& console) {
  const auto have = static_cast<int64_t>(samples.size());
  if (have == frames) return;
  console.warning(fmt::format("{}: the network returns {} samples for {}; {}", path, have, frames,
                              have < frames ? "the end is silence" : "the rest is cut"));
  samples.resize(static_cast<size_t>(frames), 0.0F);
}

struct Separated {
  std::vector<std::vector<float>> voices;  // at the recording's rate and length
  double network_seconds = 0;
  double scale = 1;          // that the voices were multiplied by
  double check_seconds = 0;  // not part of the work
  std::optional<Difference> difference;
};

Result<Separated> separate_one(Separator& separator, const SeparateArguments& options,
                               const AudioBuffer& audio, const std::string& path,
                               Console& console) {
  TESSERA_TRY(const int rate, network_rate(separator, options, audio, path, console));
  TESSERA_TRY(const ChannelPolicy policy, parse_channel_policy(options.recordings.channel));
  TESSERA_TRY(MonoInput mono, to_mono_input(audio, rate, policy, path));
  for (const std::string& step : mono.steps) console.note(fmt::format("{}: {}", path, step));
  const auto length = static_cast<int64_t>(mono.samples.size());
  if (length != separator.length) {
    separator.length = 0;
    TESSERA_TRY_VOID(set_length(separator, options, length, path));
    TESSERA_TRY(separator.voices, voice_layout(separator.network.model.graph));
    separator.session.reset();
    TESSERA_TRY(separator.session, separator.network.open(*separator.backend));
    separator.length = length;
  }

  Separated result;
  TESSERA_TRY(auto outputs, separator.session->run({ConstValues(mono.samples)}));
  result.network_seconds = separator.session->timing().run_seconds;
  if (options.check) {
    const auto begin = Clock::now();
    const std::vector<std::vector<float>> inputs{mono.samples};
    TESSERA_TRY(result.difference, compare_with_reference(separator.network.model.graph, inputs,
                                                          outputs, path, console));
    result.check_seconds = seconds_since(begin);
  }
  for (const std::span<const float> voice : voices_in(separator.voices, outputs)) {
    result.voices.emplace_back(voice.begin(), voice.end());
    fit_length(result.voices.back(), length, path, console);
  }
  const VoiceScale scale{options.rescale, options.keep_scale, options.output.subtype == "float"};
  TESSERA_TRY(result.scale,
              scale_voices(result.voices, mono.samples, scale, path, separator.scaled));
  if (rate != audio.sample_rate) {
    TESSERA_TRY(AudioBuffer back, resample({rate, std::move(result.voices)}, audio.sample_rate));
    result.voices = std::move(back.channels);
    // Two roundings of the length may leave a sample too many or too few.
    for (auto& voice : result.voices) voice.resize(static_cast<size_t>(audio.frames()), 0.0F);
    console.note(fmt::format("{}: voices brought back to {} Hz", path, audio.sample_rate));
  }
  TESSERA_TRY(const double fitted, fit_full_scale(result.voices, scale, path, separator.scaled));
  result.scale *= fitted;
  return result;
}

Document document_of(const SeparationJob& job, const AudioBuffer& audio, const Separated& separated,
                     double seconds) {
  const double duration = static_cast<double>(audio.frames()) / audio.sample_rate;
  Document document{{"input", job.input},
                    {"sample_rate", audio.sample_rate},
                    {"frames", audio.frames()},
                    {"seconds_of_audio", duration},
                    {"seconds", seconds},
                    {"network_seconds", separated.network_seconds},
                    {"real_time_factor", seconds / duration},
                    {"scaled_by", separated.scale},
                    {"outputs", Document::array()}};
  if (separated.difference) {
    document["max_abs_difference"] = separated.difference->max_abs;
    document["peak"] = separated.difference->peak;
  }
  return document;
}

// Looks at every header first: what cannot work is said before the work. Leaves the jobs that can.
Result<void> look_at_headers(Separator& separator, const SeparateArguments& options,
                             std::vector<SeparationJob>& jobs, FailedRecordings& failed,
                             Console& console) {
  TESSERA_TRY_VOID(parse_channel_policy(options.recordings.channel));
  const std::optional<int> rate =
      options.sample_rate ? options.sample_rate : separator.network.model.sample_rate;
  std::multimap<int64_t, size_t> by_length;
  std::vector<std::optional<Error>> errors(jobs.size());
  for (size_t i = 0; i < jobs.size(); ++i) {
    const auto length = look_at_recording(jobs[i].input, options.recordings, rate);
    if (!length) {
      errors[i] = length.error();
    } else if (*length >= 0) {
      by_length.emplace(*length, i);
    }
  }
  // Longer ones work where a shorter one does, unless the network takes one length only.
  for (const auto& [length, i] : by_length) {
    const Result<void> ready = set_length(separator, options, length, jobs[i].input);
    if (!ready) errors[i] = ready.error();
    if (ready && !separator.only_length) break;
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
  return {};
}

struct Done {
  Document document;
  std::vector<std::string> cells;
};

Result<Done> separate_job(Separator& separator, const SeparateArguments& options,
                          const SeparationJob& job, Console& console) {
  const auto begin = Clock::now();
  TESSERA_TRY(const AudioBuffer audio, read_audio(job.input, options.recordings.reading()));
  TESSERA_TRY_VOID(check_writers(job, audio.sample_rate, options.output));
  TESSERA_TRY(const Separated separated,
              separate_one(separator, options, audio, job.input, console));
  TESSERA_TRY(auto writers, open_writers(job, audio.sample_rate, options.output));
  TESSERA_TRY(Document outputs, write_voices(std::move(writers), job, separated.voices, console));
  const double seconds = seconds_since(begin) - separated.check_seconds;
  Done done;
  done.document = document_of(job, audio, separated, seconds);
  done.document["outputs"] = std::move(outputs);
  done.cells = {job.input, fmt::format("{:.2f}", done.document["seconds_of_audio"].get<double>()),
                fmt::format("{:.3f} s", seconds),
                fmt::format("{:.4f}", done.document["real_time_factor"].get<double>())};
  if (options.check) done.cells.push_back(fmt::format("{:.2e}", separated.difference->max_abs));
  return done;
}

// Whether the next recording would fail of it, too: what is wrong with one is about its own file.
bool ends_batch(const Error& error, const SeparationJob& job) {
  if (error.code == ErrorCode::kCancelled || error.code == ErrorCode::kUnavailable) return true;
  const bool is_system = error.code == ErrorCode::kNoSpace || error.code == ErrorCode::kIo;
  return is_system && error.subject != job.input;
}

Result<Document> separate(const SeparateArguments& options, Console& console) {
  TESSERA_TRY(Separator separator, open_separator(options, console));
  TESSERA_TRY(SeparationPlan plan,
              plan_separation(options.input, separator.voices.count, options.output));
  for (const std::string& note : plan.notes()) console.note(note);
  const size_t all = plan.jobs.size();
  // One recording alone is all that was asked for: its error is the command's.
  const bool is_batch = all > 1;
  FailedRecordings failed;
  if (is_batch) {
    TESSERA_TRY_VOID(look_at_headers(separator, options, plan.jobs, failed, console));
  }

  Table table;
  table.add_column("file");
  table.add_columns({"seconds", "took", "real-time factor"}, Table::Align::right);
  if (options.check) table.add_column("max |difference|", Table::Align::right);
  Document document{{"model", options.model.path},
                    {"backend", options.backend.name},
                    {"sources", separator.voices.count},
                    {"files", Document::array()}};
  std::optional<Error> fatal;
  for (size_t i = 0; i < plan.jobs.size() && !fatal; ++i) {
    const SeparationJob& job = plan.jobs[i];
    std::string label = job.input;
    if (is_batch) label += fmt::format(" ({} of {})", i + 1, plan.jobs.size());
    std::optional<Progress> progress(std::in_place, console, label);
    Result<Done> done = separate_job(separator, options, job, console);
    progress.reset();
    if (done) {
      table.add_row(std::move(done->cells));
      document["files"].push_back(std::move(done->document));
    } else if (!is_batch || ends_batch(done.error(), job)) {
      fatal = std::move(done).error();
    } else {
      failed.add(job.input, std::move(done).error(), console);
    }
  }
  for (const std::string& line : separator.scaled.lines()) console.note(line);
  plan.add_to(document);
  document["failed"] = failed.document();
  if (!document["files"].empty()) {
    console.print("{}", table.to_string());
    console.print("{} of each in {}\n", counted(separator.voices.count, "voice"),
                  options.output.folder);
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
  add_backend_options(app, options->backend);
  add_recording_options(app, options->recordings);
  app.add_option("--sample-rate", options->sample_rate,
                 "The network's sampling rate, where its file does not tell")
      ->type_name("HZ");
  auto* rescale =
      app.add_flag("--rescale", options->rescale,
                   "Scale the voices as Asteroid does, all by sum|mixture| / sum|voices|; default: "
                   "only where they would be clipped, and then no louder than full scale");
  app.add_flag("--keep-scale", options->keep_scale, "Never scale; clip what exceeds full scale")
      ->excludes(rescale);
  add_check_option(app, options->check);
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
      "  tessera separate net.pth stereo.wav -o voices --channel mix");
  return [options](Console& console) { return separate(*options, console); };
}

}  // namespace tessera::cli
