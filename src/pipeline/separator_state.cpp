#include "pipeline/separator_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/cancellation.h"
#include "base/stopwatch.h"
#include "pipeline/runtime_metrics.h"
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
  return choose_backend();
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
  const bool has_too_many_voices = !reach && voices.count > kMaxScoredSources;  // to order
  if (options.window_seconds == 0 || only_length || has_too_many_voices)
    return std::numeric_limits<int64_t>::max();
  return std::llround(options.window_seconds * recording_rate);
}

std::unique_ptr<VoiceStream> Separator::State::stretches(int network_rate, EvaluateStretch evaluate,
                                                         std::vector<Note>& noted) const {
  const auto samples_in = [&](double seconds) {
    return static_cast<int64_t>(std::llround(seconds * network_rate));
  };
  if (!reach) {
    const int64_t window = std::max<int64_t>(2, samples_in(options.window_seconds));
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
  const int64_t wanted = samples_in(std::min(options.window_seconds, kChunkSeconds));
  const int64_t chunk = std::max(wanted, kChunkReaches * reach->samples());
  return chunked_voices(*reach, (chunk / reach->grid + 2) * reach->grid, std::move(evaluate));
}

Result<SeparationStream> Separator::State::stream(int recording_rate, bool in_stretches,
                                                  const std::string& subject, Separation& result) {
  result.sample_rate = recording_rate;
  const int rate = rate_for(recording_rate, result.notes);
  EvaluateStretch stretch = [this, subject, &result](std::span<const float> mixture) {
    return evaluate(mixture, subject, result);
  };
  auto network_voices = in_stretches ? stretches(rate, std::move(stretch), result.notes)
                                     : whole_voices(std::move(stretch));
  return SeparationStream::create({recording_rate, rate, options.channels},
                                  std::move(network_voices), subject);
}

Result<Voices> Separator::State::evaluate(std::span<const float> mixture,
                                          const std::string& subject, Separation& result) {
  if (CancellationScope::is_cancelled()) {
    return TESSERA_ERROR(kCancelled, subject, "separating it was cancelled",
                         "give it more time, or a shorter recording");
  }
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
    if (!result.difference) result.difference.emplace();
    result.difference->max_abs = std::max(result.difference->max_abs, difference.max_abs);
    result.difference->peak = std::max(result.difference->peak, difference.peak);
  }
  result.timing.check_seconds += watch.seconds();
  return {};
}

}  // namespace tessera
