#include "pipeline/separator_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/cancellation.h"
#include "base/stopwatch.h"
#include "pipeline/runtime_metrics.h"
#include "stream/step_graph.h"
#include "tessera/metrics.h"

namespace tessera {
namespace {

// The one length that a model file takes, where it was exported with a fixed one.
std::optional<int64_t> only_length_of(const ImportedModel& model) {
  const Result<Graph> longer = model.network->instantiate(2 * model.length_samples);
  if (longer || longer.error().code != ErrorCode::kInvalidArgument) return std::nullopt;
  return model.length_samples;
}

// What chunks must hold at least, as a multiple of what a sample depends on: the shorter they are,
// the more is evaluated twice.
constexpr int64_t kChunkReaches = 8;
constexpr double kChunkSeconds = 10;
// Of windows.
constexpr double kOverlap = 0.25;
// Of a stream's step: its state is as large as what it computes.
constexpr int64_t kStepsPerSecond = 1;

// The rows of all outputs, each a voice, for the next samples or at the end.
Result<Voices> next_voices(StreamingSession& of, std::optional<std::span<const float>> samples) {
  TESSERA_TRY(const auto outputs, samples ? of.push(*samples) : of.finish());
  Voices voices;
  for (const StreamedFrames& frames : outputs) {
    for (int64_t row = 0; row < frames.shape.c; ++row) {
      const auto begin = frames.values.begin() + row * frames.shape.w;
      voices.emplace_back(begin, begin + frames.shape.w);
    }
  }
  return voices;
}

Result<void> check_cancelled(const std::string& subject) {
  if (!CancellationScope::is_cancelled()) return {};
  return TESSERA_ERROR(kCancelled, subject, "separating it was cancelled",
                       "give it more time, or a shorter recording");
}

void add_difference(const OutputDifference& difference, Separation& result) {
  if (!result.difference) result.difference.emplace();
  result.difference->max_abs = std::max(result.difference->max_abs, difference.max_abs);
  result.difference->peak = std::max(result.difference->peak, difference.peak);
}

}  // namespace

Result<void> Separator::State::load() {
  ImportOptions import;
  import.model_args = options.model_args;
  TESSERA_TRY(network, LoadedNetwork::open(model, import));
  Result<VoiceLayout> layout = voice_layout(network.model.graph);
  if (!layout) {
    Error error = std::move(layout).error();
    error.subject = model;
    error.hint =
        "use LoadedNetwork::session() for other networks, tessera::signature_of() to see its "
        "shapes";
    return error;
  }
  voices = *layout;
  only_length = only_length_of(network.model);
  reach = joined(reach_of(network.expected_graph()), reach_of(network.graph()));
  notes = network.model.notes;
  note_rate();
  TESSERA_TRY_VOID(choose_backend());
  carries_sums = !reach && can_stream();
  return {};
}

// On one backend that evaluates graphs.
bool Separator::State::can_stream() const {
  return !only_length && backends->chip_name() == backends->host_name() &&
         backends->chip().artifact_format().empty() &&
         stream::check_streamable(network.graph()).has_value();
}

Result<void> Separator::State::choose_backend() {
  TESSERA_TRY(backends,
              NetworkBackends::open(
                  network, {options.backend, options.host_backend, options.allow_fallback},
                  {.threads = options.threads, .memory_limit_bytes = options.memory_limit_bytes}));
  std::optional<Note> ignored = network.ignored_integers(backends->chip());
  if (!ignored) return {};
  ignored->text = fmt::format("{} {}", model, ignored->text);
  notes.push_back(std::move(*ignored));
  return {};
}

void Separator::State::note_rate() {
  const std::optional<int>& told = network.model.sample_rate;
  if (!told || !options.sample_rate || *told == *options.sample_rate) return;
  notes.push_back({NoteSeverity::warning, fmt::format("{} says {} Hz; using {} Hz as asked", model,
                                                      *told, *options.sample_rate)});
}

// The rate that the network works at: what the options or its file say, else the recording's.
int Separator::State::rate_for(int recording_rate, std::vector<Note>& noted) const {
  if (options.sample_rate) return *options.sample_rate;
  if (network.model.sample_rate) return *network.model.sample_rate;
  noted.push_back({NoteSeverity::warning,
                   fmt::format("the network's file does not tell its rate; taking the recording's "
                               "{} Hz (SeparatorOptions::sample_rate sets it)",
                               recording_rate)});
  return recording_rate;
}

// The recording is the subject of errors, since the network takes other lengths; but for one that
// was exported for a single length.
Result<void> Separator::State::set_length(int64_t samples, const std::string& subject) {
  if (only_length && samples != *only_length) {
    return TESSERA_ERROR(
        kInvalidArgument, subject,
        fmt::format("has {} samples at the network's rate; {} was exported for {} and no others",
                    samples, model, *only_length),
        "export the network again with an open time dimension (dynamic_axes), or give its "
        "checkpoint");
  }
  session.reset();
  Result<void> ready = network.set_length(samples);
  if (ready) return {};
  Error error = std::move(ready).error();
  error.subject = subject;
  return error;
}

// Shorter stretches take less memory.
Error Separator::State::too_large(Error error) const {
  if (error.code != ErrorCode::kResourceLimit || only_length) return error;
  error.hint =
      options.window_seconds == 0
          ? "set SeparatorOptions::window_seconds, e.g. to 30, for memory that does not grow"
          : "set SeparatorOptions::window_seconds to less";
  return error;
}

// Gives the memory of the last session back before it takes that of the next.
Result<void> Separator::State::open_session(int64_t samples, const std::string& subject) {
  TESSERA_TRY_VOID(set_length(samples, subject));
  TESSERA_TRY(voices, voice_layout(network.model.graph));
  // choose_backend() warned of integers that are ignored.
  Result<Session> opened = network.session(backends->devices(), EncodingsUse::ignore);
  if (!opened) return too_large(std::move(opened).error());
  session = std::move(opened).value();
  session_length = samples;
  return {};
}

int64_t Separator::State::most_at_once(int recording_rate) const {
  const bool is_in_windows = !reach && !carries_sums;
  const bool has_too_many_voices = is_in_windows && voices.count > kMaxScoredSources;  // to order
  if (options.window_seconds == 0 || only_length || has_too_many_voices)
    return std::numeric_limits<int64_t>::max();
  return std::llround(options.window_seconds * recording_rate);
}

std::unique_ptr<VoiceStream> Separator::State::windows(int network_rate, EvaluateStretch evaluate,
                                                       std::vector<Note>& noted) const {
  const int64_t window = std::max<int64_t>(2, std::llround(options.window_seconds * network_rate));
  const auto overlap =
      std::max<int64_t>(1, static_cast<int64_t>(kOverlap * static_cast<double>(window)));
  noted.push_back(
      {NoteSeverity::warning,
       fmt::format("separated in windows of {:g} s that overlap by {:g} s, since the "
                   "network hears a whole recording at once, and this is a long one "
                   "(SeparatorOptions::window_seconds sets their length)",
                   options.window_seconds, static_cast<double>(overlap) / network_rate)});
  return overlapping_voices({window, overlap}, std::move(evaluate));
}

std::unique_ptr<VoiceStream> Separator::State::chunks(int network_rate,
                                                      EvaluateStretch evaluate) const {
  const double seconds = std::min(options.window_seconds, kChunkSeconds);
  const int64_t wanted = std::llround(seconds * network_rate);
  const int64_t chunk = std::max(wanted, kChunkReaches * reach->samples());
  return chunked_voices(*reach, (chunk / reach->grid + 2) * reach->grid, std::move(evaluate));
}

Result<void> Separator::State::open_streaming(int network_rate) {
  if (streaming) {
    streaming->reset();
    if (streaming_reference) streaming_reference->reset();
    return {};
  }
  const StreamingOptions stream{.memory_limit_bytes = options.memory_limit_bytes,
                                .step_samples = network_rate / kStepsPerSecond};
  TESSERA_TRY(streaming, StreamingSession::create(network, backends->chip(), stream));
  if (!options.check) return {};
  TESSERA_TRY(const auto reference, make_backend("reference"));
  TESSERA_TRY(streaming_reference, StreamingSession::create(network, *reference, stream));
  return {};
}

Result<std::unique_ptr<VoiceStream>> Separator::State::steps(int network_rate,
                                                             const std::string& subject,
                                                             Separation& result) {
  if (options.check && backends->chip().arithmetic() == Arithmetic::integer) {
    return TESSERA_ERROR(kInvalidArgument, "SeparatorOptions::check",
                         fmt::format("the integers of {}, which carries sums through a long "
                                     "recording, are checked on recordings that are evaluated at "
                                     "once",
                                     model),
                         "set SeparatorOptions::window_seconds to 0, or check a shorter recording");
  }
  const Stopwatch opening;
  TESSERA_TRY_VOID(open_streaming(network_rate));
  result.timing.load_seconds += opening.seconds();
  if (options.check && options.before_check) options.before_check();
  return streamed_voices(
      streaming->step_samples(),
      [this, subject, &result](std::optional<std::span<const float>> samples) -> Result<Voices> {
        TESSERA_TRY_VOID(check_cancelled(subject));
        const Stopwatch watch;
        TESSERA_TRY(Voices known, next_voices(*streaming, samples));
        result.timing.network_seconds += watch.seconds();
        if (!streaming_reference) return known;
        const Stopwatch checking;
        TESSERA_TRY(const Voices expected, next_voices(*streaming_reference, samples));
        TESSERA_TRY(const OutputDifference difference, compare_outputs(expected, known, subject));
        add_difference(difference, result);
        result.timing.check_seconds += checking.seconds();
        return known;
      });
}

Result<SeparationStream> Separator::State::stream(int recording_rate, bool in_stretches,
                                                  const std::string& subject, Separation& result) {
  result.sample_rate = recording_rate;
  const int rate = rate_for(recording_rate, result.notes);
  EvaluateStretch stretch = [this, subject, &result](std::span<const float> mixture) {
    return evaluate(mixture, subject, result);
  };
  std::unique_ptr<VoiceStream> network_voices;
  if (!in_stretches) {
    network_voices = whole_voices(std::move(stretch));
  } else if (reach) {
    network_voices = chunks(rate, std::move(stretch));
  } else if (carries_sums) {
    TESSERA_TRY(network_voices, steps(rate, subject, result));
  } else {
    network_voices = windows(rate, std::move(stretch), result.notes);
  }
  return SeparationStream::create({recording_rate, rate, options.channels},
                                  std::move(network_voices), subject);
}

Result<Voices> Separator::State::evaluate(std::span<const float> mixture,
                                          const std::string& subject, Separation& result) {
  TESSERA_TRY_VOID(check_cancelled(subject));
  const auto samples = static_cast<int64_t>(mixture.size());
  if (!has_session_for(samples)) {
    const Stopwatch watch;
    TESSERA_TRY_VOID(open_session(samples, subject));
    result.timing.load_seconds += watch.seconds();
  }
  TESSERA_TRY(const auto outputs, session->run({ConstValues(mixture)}));
  result.timing.network_seconds += session->timing().run_seconds;
  add_pieces(session->devices(), result.pieces);
  if (options.check) TESSERA_TRY_VOID(check(mixture, outputs, subject, result));
  Voices stretch;
  for (const std::span<const float> voice : voices_in(voices, outputs))
    stretch.emplace_back(voice.begin(), voice.end());
  return stretch;
}

Result<void> Separator::State::check(std::span<const float> mixture,
                                     std::span<const std::vector<float>> outputs,
                                     const std::string& subject, Separation& result) const {
  if (options.before_check) options.before_check();
  const Stopwatch watch;
  const std::vector<float> input(mixture.begin(), mixture.end());
  const std::span<const std::vector<float>> inputs(&input, 1);
  if (backends->chip().arithmetic() == Arithmetic::integer) {
    TESSERA_TRY(
        const int64_t equal,
        compare_codes_with_reference(*network.plan, *network.encodings,
                                     network.with_artifacts(backends->devices()), inputs, subject));
    result.equal_codes = result.equal_codes.value_or(0) + equal;
  } else {
    TESSERA_TRY(const OutputDifference difference,
                compare_with_reference(network.expected_graph(), inputs, outputs, subject,
                                       options.memory_limit_bytes));
    add_difference(difference, result);
  }
  result.timing.check_seconds += watch.seconds();
  return {};
}

}  // namespace tessera
