// tessera stream: samples in as they arrive, voices out as soon as they are known.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/counted.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/machine.h"
#include "cli/model_options.h"
#include "cli/stream_input.h"
#include "cli/stream_output.h"
#include "graph/voices.h"
#include "tessera/streaming.h"

namespace tessera::cli {
namespace {

struct StreamArguments {
  ModelOptions model;
  BackendChoice backend{.name = std::string(kAutoBackend), .threads = 1};
  StreamInputOptions input;
  std::string output;
  std::string format;
  std::optional<int> rate;
  int64_t chunk = 1600;
  int64_t step = 0;
  GlobalNorms norms = GlobalNorms::refuse;
  bool force = false;
};

std::optional<RawFormat> format_of(const StreamArguments& options) {
  if (options.format.empty()) return std::nullopt;
  return options.format == "s16le" ? RawFormat::s16le : RawFormat::f32le;
}

struct OpenStream {
  std::unique_ptr<StreamInput> input;
  std::unique_ptr<StreamOutput> output;
  std::unique_ptr<Backend> backend;
  std::optional<StreamingSession> session;
  int voices = 0;
  std::optional<int> rate;  // of the samples, in Hz
};

// The rate of the samples, which must be the network's. None where nothing tells either.
Result<std::optional<int>> rate_of(const StreamArguments& options, const StreamInput& input,
                                   const StreamingSession& session) {
  const std::optional<int> told = input.sample_rate();
  if (told && options.rate && *told != *options.rate) {
    return TESSERA_ERROR(kInvalidArgument, options.input.path,
                         fmt::format("is at {} Hz, not at {}", *told, *options.rate),
                         "leave --rate out, or give the file's own");
  }
  const std::optional<int> rate = told ? told : options.rate;
  const std::optional<int> wanted = session.sample_rate();
  if (!rate) return wanted;
  if (!wanted || *wanted == *rate) return rate;
  return TESSERA_ERROR(kInvalidArgument, options.input.path,
                       fmt::format("is at {} Hz; the network takes {} Hz", *rate, *wanted),
                       "convert the samples on their way, or let 'tessera separate' convert a "
                       "recording");
}

Result<OpenStream> open_stream(const StreamArguments& options, Console& console) {
  OpenStream opened;
  TESSERA_TRY(LoadedNetwork network, load_network(options.model, ImportNotes::none, console));
  TESSERA_TRY(const VoiceLayout voices, voice_layout(network.model.graph));
  opened.voices = voices.count;
  BackendChoice choice = options.backend;
  if (choice.name == kAutoBackend) choice.name = network.default_backend();
  TESSERA_TRY(opened.backend, open_backend(choice));
  TESSERA_TRY(opened.session, StreamingSession::create(std::move(network), *opened.backend,
                                                       {.memory_limit_bytes = usable_memory_bytes(),
                                                        .step_samples = options.step,
                                                        .global_norms = options.norms}));
  tell_import_notes(opened.session->notes(), ImportNotes::warnings, console);
  StreamInputOptions input = options.input;
  input.format = format_of(options);
  input.chunk = options.chunk;
  TESSERA_TRY(opened.input, open_stream_input(input));
  TESSERA_TRY(opened.rate, rate_of(options, *opened.input, *opened.session));
  const bool to_files = options.output != "-";
  if (to_files && !opened.rate) {
    return TESSERA_ERROR(kInvalidArgument, "--rate",
                         "neither the samples nor the network's file tell a sampling rate",
                         "give --rate HZ, or --output -");
  }
  StreamOutputOptions output;
  output.path = options.output;
  output.format = format_of(options).value_or(RawFormat::f32le);
  output.force = options.force;
  output.stem =
      options.input.path == "-" ? "stream" : std::filesystem::path(options.input.path).stem();
  output.voices = opened.voices;
  output.sample_rate = opened.rate.value_or(0);
  TESSERA_TRY(opened.output, open_stream_output(output));
  return opened;
}

std::string duration(int64_t samples, std::optional<int> rate) {
  std::string text = counted(samples, "sample");
  if (rate) text += fmt::format(" ({:.1f} ms)", 1000.0 * static_cast<double>(samples) / *rate);
  return text;
}

void tell_latency(const OpenStream& opened, Console& console) {
  const StreamingSession& session = *opened.session;
  std::string text = fmt::format("voices follow their samples by {} at most",
                                 duration(session.latency_samples(), opened.rate));
  if (session.look_ahead_samples() > 0)
    text += fmt::format(", of which the network looks {} ahead",
                        duration(session.look_ahead_samples(), opened.rate));
  console.note(text);
}

// The rows of all outputs, each a voice.
Result<void> write_frames(StreamOutput& output, const std::vector<StreamedFrames>& frames) {
  std::vector<std::span<const float>> voices;
  for (const StreamedFrames& of : frames) {
    const auto width = static_cast<size_t>(of.shape.w);
    for (int64_t row = 0; row < of.shape.c; ++row) {
      voices.push_back(std::span(of.values).subspan(static_cast<size_t>(row) * width, width));
    }
  }
  return output.write(voices);
}

struct Played {
  double seconds = 0;          // in the network
  std::optional<Error> fault;  // of the samples: everything before it was processed
  bool stopped = false;
};

// Up to the end, a fault of the samples, a signal, or a reader that has gone.
Result<Played> play(OpenStream& opened) {
  Played played;
  const Interrupt stop;
  const auto timed = [&](auto&& call) {
    const auto begin = std::chrono::steady_clock::now();
    auto result = call();
    played.seconds +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return result;
  };
  while (!played.fault && !opened.output->is_closed()) {
    auto samples = opened.input->read(stop);
    if (!samples) {
      played.fault = std::move(samples).error();
      break;
    }
    if (samples->empty()) break;
    const auto bad = std::find_if(samples->begin(), samples->end(),
                                  [](float sample) { return !std::isfinite(sample); });
    if (bad != samples->end()) {
      played.fault = TESSERA_ERROR(
          kCorrupt,
          fmt::format("sample {}", opened.session->samples_taken() + (bad - samples->begin())),
          fmt::format("is {}, which no sound is", *bad),
          "everything before it was processed; check that --format is what the samples are");
      samples->erase(bad, samples->end());
    }
    TESSERA_TRY(const auto frames, timed([&] { return opened.session->push(*samples); }));
    TESSERA_TRY_VOID(write_frames(*opened.output, frames));
  }
  played.stopped = stop.wanted();
  auto rest = timed([&] { return opened.session->finish(); });
  if (!rest && played.fault) return played;
  if (!rest) return std::move(rest).error();
  TESSERA_TRY_VOID(write_frames(*opened.output, *rest));
  return played;
}

Result<Document> stream(const StreamArguments& options, Console& console) {
  if (options.output == "-" && console.json()) {
    return TESSERA_ERROR(kInvalidArgument, "--json",
                         "the document and the samples would share standard output",
                         "write the voices into a folder, or leave --json out");
  }
  TESSERA_TRY(OpenStream opened, open_stream(options, console));
  tell_latency(opened, console);
  TESSERA_TRY(const Played played, play(opened));
  TESSERA_TRY(Document outputs, opened.output->finish(console));
  if (played.stopped)
    console.note("stopped by a signal: everything that had come until then is in the output");
  if (opened.output->is_closed()) console.note("stopped: nobody reads standard output any more");
  const StreamingSession& session = *opened.session;
  Document document{{"model", options.model.path},
                    {"backend", session.backend()},
                    {"arithmetic", to_string(session.arithmetic())},
                    {"sources", opened.voices},
                    {"samples", session.samples_taken()},
                    {"step_samples", session.step_samples()},
                    {"latency_samples", session.latency_samples()},
                    {"look_ahead_samples", session.look_ahead_samples()},
                    {"network_seconds", played.seconds},
                    {"stopped", played.stopped || opened.output->is_closed()},
                    {"outputs", std::move(outputs)}};
  if (opened.rate) document["sample_rate"] = *opened.rate;
  if (played.fault) {
    console.keep(std::move(document));
    return *played.fault;
  }
  if (options.output != "-") {
    console.print("{} of {} in {}; {} backend, {} arithmetic, {:.3f} s in the network\n",
                  counted(opened.voices, "voice"), duration(session.samples_taken(), opened.rate),
                  options.output, session.backend(), to_string(session.arithmetic()),
                  played.seconds);
  }
  return document;
}

}  // namespace

Action define_stream(CommandLine& app) {
  auto options = std::make_shared<StreamArguments>();
  add_model_options(app, options->model, false);
  app.add_option("-i,--input", options->input.path,
                 "A sound file, a file of raw samples, or - for raw samples from standard input")
      ->required()
      ->type_name("FILE|-");
  app.add_option("-o,--output", options->output,
                 "The folder for a file per voice, made if missing; or - for interleaved raw "
                 "samples on standard output")
      ->required()
      ->type_name("DIR|-");
  app.add_option("--format", options->format,
                 "Raw samples, in and out, and how files hold them; default: f32le")
      ->one_of({"f32le", "s16le"});
  app.add_option("--rate", options->rate, "Sampling rate of raw samples; default: the network's")
      ->type_name("HZ")
      ->positive();
  app.add_option("--chunk", options->chunk, "Samples read at a time, at most; changes no result")
      ->type_name("N")
      ->within(1, 1 << 24)
      ->capture_default_str();
  app.add_option("--step", options->step,
                 "Samples of one evaluation, rounded up to whole hops of the network: more wait "
                 "longer and cost less; default: one hop")
      ->type_name("N")
      ->positive();
  app.add_choice("--global-norms", options->norms,
                 "Norms over the whole recording: refuse, or running: by the statistics of what "
                 "came so far, another function than the network's",
                 {{"refuse", GlobalNorms::refuse}, {"running", GlobalNorms::running}})
      ->default_str("refuse");
  std::vector<std::string> backends = {std::string(kAutoBackend)};
  for (const std::string_view name : backend_names()) backends.emplace_back(name);
  app.add_option("--backend", options->backend.name,
                 "What evaluates the network; auto: the one for its arithmetic")
      ->one_of(backends)
      ->capture_default_str();
  add_recording_options(app, options->input.recording);
  app.add_flag("--force", options->force, "Replace voices that exist");
  app.footer(
      "For networks whose every value depends on the past, or on a bounded future: others are "
      "refused\n"
      "with the reason. Every output has as many samples as came in. Ctrl-C ends the stream: what "
      "had\n"
      "come until then is complete in the output.\n\n"
      "Examples:\n"
      "  tessera stream causal.pth --input meeting.wav --output voices\n"
      "  tessera stream causal.pth --input - --output - --format s16le < talk.raw > voices.raw\n"
      "  tessera stream net.pth --input meeting.wav --output voices --global-norms running");
  return [options](Console& console) { return stream(*options, console); };
}

}  // namespace tessera::cli
