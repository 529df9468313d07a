#include "tessera/separator.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/stopwatch.h"
#include "pipeline/separator_state.h"
#include "pipeline/voice_spool.h"

namespace tessera {
namespace {

constexpr int64_t kReadFrames = int64_t{1} << 16;

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

Error too_long(int64_t frames, const std::string& subject) {
  return TESSERA_ERROR(
      kResourceLimit, subject,
      fmt::format("is longer than the {} frames that are evaluated at once", frames),
      "cut it into shorter files, or set SeparatorOptions::window_seconds");
}

void scale_by(double factor, Voices& voices) {
  if (factor == 1) return;
  for (std::vector<float>& voice : voices) {
    for (float& sample : voice) sample = static_cast<float>(factor * static_cast<double>(sample));
  }
}

void conclude(const SeparationStream& stream, std::span<const std::string> recording_notes,
              Separation& result) {
  result.frames = stream.frames();
  result.stretches = stream.stretches();
  for (const std::string& note : recording_notes)
    result.notes.push_back({NoteSeverity::info, note});
  for (Note& note : stream.notes()) result.notes.push_back(std::move(note));
}

// A long recording whose `beginning` was read: every block of voices goes to `take`.
Result<void> play(AudioReader& recording, AudioBuffer beginning, const SeparatorOptions& options,
                  SeparationStream& stream, const std::function<Result<void>(Voices&)>& take) {
  const int64_t frames = recording.info().frames;
  Voices voices;
  AudioBuffer block = std::move(beginning);
  while (block.frames() > 0) {
    TESSERA_TRY_VOID(stream.push(block, voices));
    TESSERA_TRY_VOID(take(voices));
    for (std::vector<float>& voice : voices) voice.clear();
    if (options.progress && frames > 0)
      options.progress(static_cast<double>(stream.frames()) / static_cast<double>(frames));
    TESSERA_TRY(block, recording.read(kReadFrames));
  }
  TESSERA_TRY_VOID(stream.finish(voices));
  return take(voices);
}

// One factor is for all voices, so that all are made before the first is written.
Result<void> play_levelled(AudioReader& recording, AudioBuffer beginning,
                           const SeparatorOptions& options, SeparationStream& stream,
                           const WriteVoices& write, Separation& result) {
  TESSERA_TRY(VoiceSpool spool, VoiceSpool::create(options.scratch_folder));
  TESSERA_TRY_VOID(play(recording, std::move(beginning), options, stream,
                        [&](Voices& voices) { return spool.append(voices); }));
  result.scale = stream.levels().factor(options.level, result.level_changes);
  return spool.play([&](Voices& voices) {
    scale_by(result.scale, voices);
    return write(voices);
  });
}

}  // namespace

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
  const Stopwatch watch;
  TESSERA_TRY_VOID(check_recording(recording, subject));
  Separation result;
  const bool in_stretches = recording.frames() > state_->most_at_once(recording.sample_rate);
  TESSERA_TRY(SeparationStream stream,
              state_->stream(recording.sample_rate, in_stretches, subject, result));
  TESSERA_TRY_VOID(stream.push(recording, result.voices));
  TESSERA_TRY_VOID(stream.finish(result.voices));
  conclude(stream, recording.notes, result);
  result.scale = stream.levels().factor(state_->options.level, result.level_changes);
  scale_by(result.scale, result.voices);
  result.timing.total_seconds = watch.seconds() - result.timing.check_seconds;
  return result;
}

Result<Separation> Separator::separate(AudioReader& recording, const WriteVoices& write,
                                       const std::string& subject) {
  const Stopwatch watch;
  const AudioInfo& info = recording.info();
  const int64_t at_once = state_->most_at_once(info.sample_rate);
  const int64_t most = std::min(at_once, kAudioSampleLimit / info.channels);
  TESSERA_TRY(AudioBuffer beginning, recording.read(most + 1));
  if (beginning.frames() <= most) {
    beginning.notes = recording.notes();
    TESSERA_TRY(Separation result, separate(beginning, subject));
    TESSERA_TRY_VOID(write(result.voices));
    result.voices.clear();
    return result;
  }
  if (most < at_once) return too_long(most, subject);
  const SeparatorOptions& options = state_->options;
  Separation result;
  TESSERA_TRY(SeparationStream stream, state_->stream(info.sample_rate, true, subject, result));
  if (options.level == VoiceLevel::network) {
    TESSERA_TRY_VOID(play(recording, std::move(beginning), options, stream, write));
  } else {
    TESSERA_TRY_VOID(
        play_levelled(recording, std::move(beginning), options, stream, write, result));
  }
  conclude(stream, recording.notes(), result);
  result.timing.total_seconds = watch.seconds() - result.timing.check_seconds;
  return result;
}

Result<void> Separator::check_length(int64_t samples, const std::string& subject) {
  if (state_->has_session_for(samples)) return {};
  const std::optional<int> rate = sample_rate();
  if (rate && samples > state_->most_at_once(*rate)) return {};  // it is evaluated in stretches
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
