#include "tessera/separator.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "graph/voices.h"
#include "pipeline/network_backends.h"
#include "pipeline/voice_level.h"

namespace tessera {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

Error invalid_option(const char* field, std::string message, std::string hint) {
  return TESSERA_ERROR(kInvalidArgument, field, std::move(message), std::move(hint));
}

// The one length that a model file takes, where it was exported with a fixed one.
std::optional<int64_t> only_length_of(const ImportedModel& model) {
  const Result<Graph> longer = model.network->instantiate(2 * model.length_samples);
  if (longer || longer.error().code != ErrorCode::kInvalidArgument) return std::nullopt;
  return model.length_samples;
}

Result<void> check_recording(const AudioBuffer& recording, const std::string& subject) {
  if (recording.frames() == 0) {
    return TESSERA_ERROR(kInvalidArgument, subject, "holds no samples", "record or read it again");
  }
  if (recording.sample_rate < 1) {
    return TESSERA_ERROR(kInvalidArgument, subject,
                         fmt::format("{} Hz is no sampling rate", recording.sample_rate),
                         "set AudioBuffer::sample_rate");
  }
  for (const std::vector<float>& channel : recording.channels) {
    if (static_cast<int64_t>(channel.size()) == recording.frames()) continue;
    return TESSERA_ERROR(
        kInvalidArgument, subject,
        fmt::format("has channels of {} and of {} samples", recording.frames(), channel.size()),
        "make all channels equally long");
  }
  return check_finite(recording, subject);
}

// Exactly `frames` samples: what a network adds or drops at the end is made up for and noted once.
void fit_length(std::vector<std::vector<float>>& voices, int64_t frames, std::vector<Note>& notes) {
  const auto have = static_cast<int64_t>(voices.front().size());
  if (have == frames) return;
  notes.push_back({NoteSeverity::warning,
                   fmt::format("the network returns {} samples for {}; {}", have, frames,
                               have < frames ? "the end is silence" : "the rest is cut")});
  for (std::vector<float>& voice : voices) voice.resize(static_cast<size_t>(frames), 0.0F);
}

// From the network's rate to the recording's. Two roundings of the length may leave a sample too
// many or too few.
Result<void> resample_voices(std::vector<std::vector<float>>& voices, int network_rate,
                             const AudioBuffer& recording, std::vector<Note>& notes) {
  if (network_rate == recording.sample_rate) return {};
  TESSERA_TRY(AudioBuffer back, resample({network_rate, std::move(voices)}, recording.sample_rate));
  voices = std::move(back.channels);
  for (std::vector<float>& voice : voices)
    voice.resize(static_cast<size_t>(recording.frames()), 0.0F);
  notes.push_back(
      {NoteSeverity::info, fmt::format("voices brought back to {} Hz", recording.sample_rate)});
  return {};
}

}  // namespace

Result<void> SeparatorOptions::validate() const {
  if (threads < 0) {
    return invalid_option("SeparatorOptions::threads",
                          fmt::format("{} threads make no sense", threads),
                          "use 0 for as many as the process may use, or a number from 1");
  }
  if (memory_limit_bytes < 0) {
    return invalid_option("SeparatorOptions::memory_limit_bytes",
                          fmt::format("{} bytes make no limit", memory_limit_bytes),
                          "use 0 for no limit");
  }
  if (sample_rate && *sample_rate < 1) {
    return invalid_option("SeparatorOptions::sample_rate",
                          fmt::format("{} Hz is no sampling rate", *sample_rate),
                          "give the rate that the network was trained at, e.g. 8000");
  }
  if (channels.kind == ChannelPolicy::Kind::kPick && channels.channel < 1) {
    return invalid_option("SeparatorOptions::channels",
                          fmt::format("there is no channel {}", channels.channel),
                          "count channels from 1");
  }
  return {};
}

struct Separator::State {
  std::string model;  // its path
  SeparatorOptions options;
  LoadedNetwork network;
  std::optional<NetworkBackends> backends;
  VoiceLayout voices;
  std::optional<int64_t> only_length;
  std::vector<Note> notes;
  std::optional<Session> session;
  int64_t session_length = 0;  // in samples

  bool has_session_for(int64_t samples) const { return session && session_length == samples; }
  Result<void> load();
  Result<void> choose_backend();
  void note_rate();
  int rate_for(const AudioBuffer& recording, std::vector<Note>& noted) const;
  Result<void> set_length(int64_t samples, const std::string& subject);
  Result<void> open_session(int64_t samples, const std::string& subject);
  Result<void> evaluate(const std::vector<float>& mixture, const std::string& subject,
                        Separation& result);
  Result<void> check(const std::vector<float>& mixture, std::span<const std::vector<float>> outputs,
                     const std::string& subject, Separation& result) const;
};

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
int Separator::State::rate_for(const AudioBuffer& recording, std::vector<Note>& noted) const {
  if (options.sample_rate) return *options.sample_rate;
  if (network.model.sample_rate) return *network.model.sample_rate;
  noted.push_back({NoteSeverity::warning,
                   fmt::format("the network's file does not tell its rate; taking the recording's "
                               "{} Hz (SeparatorOptions::sample_rate sets it)",
                               recording.sample_rate)});
  return recording.sample_rate;
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

// Gives the memory of the last session back before it takes that of the next.
Result<void> Separator::State::open_session(int64_t samples, const std::string& subject) {
  TESSERA_TRY_VOID(set_length(samples, subject));
  TESSERA_TRY(voices, voice_layout(network.model.graph));
  // choose_backend() warned of integers that are ignored.
  TESSERA_TRY(session, network.session(backends->devices(), EncodingsUse::ignore));
  session_length = samples;
  return {};
}

Result<void> Separator::State::evaluate(const std::vector<float>& mixture,
                                        const std::string& subject, Separation& result) {
  const auto samples = static_cast<int64_t>(mixture.size());
  if (!has_session_for(samples)) {
    const auto begin = Clock::now();
    TESSERA_TRY_VOID(open_session(samples, subject));
    result.timing.load_seconds = seconds_since(begin);
  }
  TESSERA_TRY(const auto outputs, session->run({ConstValues(mixture)}));
  result.timing.network_seconds = session->timing().run_seconds;
  if (options.check) TESSERA_TRY_VOID(check(mixture, outputs, subject, result));
  for (const std::span<const float> voice : voices_in(voices, outputs))
    result.voices.emplace_back(voice.begin(), voice.end());
  return {};
}

Result<void> Separator::State::check(const std::vector<float>& mixture,
                                     std::span<const std::vector<float>> outputs,
                                     const std::string& subject, Separation& result) const {
  if (options.before_check) options.before_check();
  const auto begin = Clock::now();
  const std::span<const std::vector<float>> inputs(&mixture, 1);
  if (backends->chip().arithmetic() == Arithmetic::integer) {
    TESSERA_TRY(
        result.equal_codes,
        compare_codes_with_reference(*network.plan, *network.encodings,
                                     network.with_artifacts(backends->devices()), inputs, subject));
  } else {
    TESSERA_TRY(result.difference, compare_with_reference(network.expected_graph(), inputs, outputs,
                                                          subject, options.memory_limit_bytes));
  }
  result.timing.check_seconds = seconds_since(begin);
  return {};
}

Separator::Separator(std::unique_ptr<State> state) : state_(std::move(state)) {}
Separator::Separator(Separator&&) noexcept = default;
Separator& Separator::operator=(Separator&&) noexcept = default;
Separator::~Separator() = default;

Result<Separator> Separator::open(const std::filesystem::path& path, SeparatorOptions options) {
  TESSERA_TRY_VOID(options.validate());
  auto state = std::make_unique<State>();
  state->model = path.string();
  state->options = std::move(options);
  TESSERA_TRY_VOID(state->load());
  return Separator(std::move(state));
}

Result<Separation> Separator::separate(const AudioBuffer& recording, const std::string& subject) {
  const auto begin = Clock::now();
  TESSERA_TRY_VOID(check_recording(recording, subject));
  Separation result;
  result.sample_rate = recording.sample_rate;
  const VoiceLevel level = state_->options.level;
  const int rate = state_->rate_for(recording, result.notes);
  TESSERA_TRY(const MonoInput mono,
              to_mono_input(recording, rate, state_->options.channels, subject));
  for (const std::string& step : mono.steps) result.notes.push_back({NoteSeverity::info, step});
  TESSERA_TRY_VOID(state_->evaluate(mono.samples, subject, result));
  fit_length(result.voices, static_cast<int64_t>(mono.samples.size()), result.notes);
  TESSERA_TRY_VOID(set_level(mono.samples, level, subject, result));
  TESSERA_TRY_VOID(resample_voices(result.voices, rate, recording, result.notes));
  TESSERA_TRY_VOID(fit_full_scale(level, subject, result));
  result.timing.total_seconds = seconds_since(begin) - result.timing.check_seconds;
  return result;
}

Result<void> Separator::check_length(int64_t samples, const std::string& subject) {
  if (state_->has_session_for(samples)) return {};
  return state_->set_length(samples, subject);
}

bool Separator::length_is_fixed() const {
  return state_->only_length.has_value();
}

int Separator::voices() const {
  return state_->voices.count;
}

std::optional<int> Separator::sample_rate() const {
  const SeparatorOptions& options = state_->options;
  return options.sample_rate ? options.sample_rate : state_->network.model.sample_rate;
}

std::string_view Separator::backend() const {
  return state_->backends->chip_name();
}

std::string_view Separator::host_backend() const {
  return state_->backends->host_name();
}

std::span<const PieceDevice> Separator::devices() const {
  if (!state_->session) return {};
  return state_->session->devices();
}

Arithmetic Separator::arithmetic() const {
  return state_->backends->chip().arithmetic();
}

std::vector<DeviceReading> Separator::readings() const {
  return state_->backends->chip().readings();
}

std::span<const Note> Separator::notes() const {
  return state_->notes;
}

}  // namespace tessera
