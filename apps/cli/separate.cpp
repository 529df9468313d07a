// tessera separate: recordings of several voices in, one file per voice out.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cli/check.h"
#include "cli/command.h"
#include "cli/model_options.h"
#include "cli/progress.h"
#include "cli/separation_files.h"
#include "cli/table.h"
#include "tessera/audio.h"
#include "tessera/metrics.h"
#include "tessera/mono_input.h"
#include "tessera/session.h"
#include "tessera/voices.h"

namespace tessera::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct Options {
  ModelOptions model;
  BackendChoice backend;
  std::vector<std::string> inputs;
  OutputOptions output;
  std::string channel = "refuse";
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
  int64_t length = 0;
  std::optional<Session> session;
};

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

Result<Separator> open_separator(const Options& options, Console& console) {
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
  TESSERA_TRY(separator.backend, open_backend(options.backend));
  return separator;
}

// The rate that the network works at: what its file or the user says, else the recording's.
Result<int> network_rate(const Separator& separator, const Options& options,
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

float peak_of(std::span<const std::vector<float>> signals) {
  float peak = 0;
  for (const auto& signal : signals) {
    for (const float x : signal) peak = std::max(peak, std::abs(x));
  }
  return peak;
}

// Networks trained for SI-SNR give voices of any level. They are brought to the mixture's level on
// request, and where they would be clipped otherwise. Returns the factor.
double scale_voices(std::span<std::vector<float>> voices, std::span<const float> mixture,
                    const Options& options, const std::string& path, Console& console) {
  if (options.rescale) return rescale_to_mixture(voices, mixture);
  const float peak = peak_of(voices);
  const bool fits = peak <= 1 || options.output.subtype == "float";
  if (fits || options.keep_scale) return 1;
  const double factor = rescale_to_mixture(voices, mixture);
  console.note(
      fmt::format("{}: the voices reach {:.1f} times full scale; all are scaled by {:.4f} to the "
                  "mixture's level (--keep-scale or --subtype float keeps the network's own)",
                  path, peak, factor));
  return factor;
}

struct Separated {
  std::vector<std::vector<float>> voices;  // at the recording's rate and length
  double network_seconds = 0;
  double scale = 1;          // that the voices were multiplied by
  double check_seconds = 0;  // not part of the work
  std::optional<Difference> difference;
};

Result<Separated> separate_one(Separator& separator, const Options& options,
                               const AudioBuffer& audio, const std::string& path,
                               Console& console) {
  TESSERA_TRY(const int rate, network_rate(separator, options, audio, path, console));
  TESSERA_TRY(const ChannelPolicy policy, parse_channel_policy(options.channel));
  TESSERA_TRY(MonoInput mono, to_mono_input(audio, rate, policy, path));
  for (const std::string& step : mono.steps) console.note(fmt::format("{}: {}", path, step));
  const auto length = static_cast<int64_t>(mono.samples.size());
  if (length != separator.length) {
    const Result<void> ready = separator.network.set_length(length);
    if (!ready) {
      Error error = ready.error();
      error.subject = path;  // the network accepts other lengths: it is the recording's fault
      return error;
    }
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
  result.scale = scale_voices(result.voices, mono.samples, options, path, console);
  if (rate != audio.sample_rate) {
    TESSERA_TRY(AudioBuffer back, resample({rate, std::move(result.voices)}, audio.sample_rate));
    result.voices = std::move(back.channels);
    // Two roundings of the length may leave a sample too many or too few.
    for (auto& voice : result.voices) voice.resize(static_cast<size_t>(audio.frames()), 0.0F);
    console.note(fmt::format("{}: voices brought back to {} Hz", path, audio.sample_rate));
  }
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

Result<Document> separate(const Options& options, Console& console) {
  TESSERA_TRY(Separator separator, open_separator(options, console));
  TESSERA_TRY(const auto jobs, plan_jobs(options.inputs, separator.voices.count, options.output));

  Table table;
  table.add_column("file");
  table.add_columns({"seconds", "took", "real-time factor"}, Table::Align::right);
  if (options.check) table.add_column("max |difference|", Table::Align::right);
  Document document{{"model", options.model.path},
                    {"backend", options.backend.name},
                    {"sources", separator.voices.count},
                    {"files", Document::array()}};
  for (size_t i = 0; i < jobs.size(); ++i) {
    const SeparationJob& job = jobs[i];
    std::string label = job.input;
    if (jobs.size() > 1) label += fmt::format(" ({} of {})", i + 1, jobs.size());
    std::optional<Progress> progress(std::in_place, console, label);
    const auto begin = Clock::now();
    TESSERA_TRY(const AudioBuffer audio, read_audio(job.input));
    TESSERA_TRY_VOID(check_writers(job, audio.sample_rate, options.output));
    TESSERA_TRY(const Separated separated,
                separate_one(separator, options, audio, job.input, console));
    TESSERA_TRY(auto writers, open_writers(job, audio.sample_rate, options.output));
    TESSERA_TRY(Document outputs, write_voices(std::move(writers), job, separated.voices, console));
    progress.reset();
    const double seconds = seconds_since(begin) - separated.check_seconds;
    Document entry = document_of(job, audio, separated, seconds);
    entry["outputs"] = std::move(outputs);
    std::vector<std::string> cells{job.input,
                                   fmt::format("{:.2f}", entry["seconds_of_audio"].get<double>()),
                                   fmt::format("{:.3f} s", seconds),
                                   fmt::format("{:.4f}", entry["real_time_factor"].get<double>())};
    if (options.check) cells.push_back(fmt::format("{:.2e}", separated.difference->max_abs));
    table.add_row(std::move(cells));
    document["files"].push_back(std::move(entry));
  }
  console.print("{}", table.to_string());
  console.print("{} voices of each in {}\n", separator.voices.count, options.output.folder);
  return document;
}

}  // namespace

Action define_separate(CommandLine& app) {
  auto options = std::make_shared<Options>();
  add_model_options(app, options->model, false);
  app.add_option("INPUT", options->inputs, "Recordings (wav, flac, ogg), or folders of them")
      ->required()
      ->type_name("FILE...");
  add_output_options(app, options->output);
  add_backend_options(app, options->backend);
  app.add_option("--channel", options->channel,
                 "What to do with several channels: refuse, mix, or the number of one from 1")
      ->type_name("refuse|mix|N")
      ->capture_default_str();
  app.add_option("--sample-rate", options->sample_rate,
                 "The network's sampling rate, where its file does not tell")
      ->type_name("HZ");
  auto* rescale =
      app.add_flag("--rescale", options->rescale,
                   "Scale the voices as Asteroid does, all by sum|mixture| / sum|voices|; default: "
                   "only where they would be clipped");
  app.add_flag("--keep-scale", options->keep_scale, "Never scale; clip what exceeds full scale")
      ->excludes(rescale);
  add_check_option(app, options->check);
  app.footer(
      "A recording at another rate than the network's is converted there and its voices back: "
      "every\n"
      "output has the rate and the exact length of its input. Outputs are <input>_s1.wav, ...\n\n"
      "Examples:\n"
      "  tessera separate net.pth meeting.wav -o voices\n"
      "  tessera separate net.pth recordings/ -o voices --format flac --rescale\n"
      "  tessera separate net.pth stereo.wav -o voices --channel mix");
  return [options](Console& console) { return separate(*options, console); };
}

}  // namespace tessera::cli
