#include <sndfile.h>

#include <algorithm>
#include <cmath>
#include <new>

#include <fmt/format.h>

#include "audio/sound_file.h"
#include "tessera/audio.h"

namespace tessera {
namespace {

constexpr int64_t kBlockFrames = 1 << 16;
constexpr int kMaxChannels = 256;
constexpr int kMaxSampleRate = 1'000'000;

// Encodings whose decoders are simple or well kept; the rest (ADPCM, GSM and other telephony codes)
// is refused.
bool is_read(int format) {
  switch (format & SF_FORMAT_SUBMASK) {
    case SF_FORMAT_PCM_S8:
    case SF_FORMAT_PCM_U8:
    case SF_FORMAT_PCM_16:
    case SF_FORMAT_PCM_24:
    case SF_FORMAT_PCM_32:
    case SF_FORMAT_FLOAT:
    case SF_FORMAT_DOUBLE:
    case SF_FORMAT_ULAW:
    case SF_FORMAT_ALAW:
    case SF_FORMAT_VORBIS:
    case SF_FORMAT_OPUS: return true;
    default: return false;
  }
}

std::string encoding_name(int format) {
  SF_FORMAT_INFO info{};
  info.format = format & SF_FORMAT_SUBMASK;
  const int failed = sf_command(nullptr, SFC_GET_FORMAT_INFO, &info, sizeof info);
  return failed == 0 && info.name != nullptr ? info.name : fmt::format("{:#x}", info.format);
}

struct CloseSound {
  void operator()(SNDFILE* sound) const { sf_close(sound); }
};

Result<void> check_supported(const SF_INFO& info, const std::string& subject) {
  if (!is_read(info.format)) {
    return TESSERA_ERROR(
        kUnsupported, subject,
        fmt::format("is encoded as {}, which is not read", encoding_name(info.format)),
        fmt::format("convert it first: ffmpeg -i {} out.flac", subject));
  }
  if (info.channels < 1 || info.channels > kMaxChannels || info.samplerate < 1 ||
      info.samplerate > kMaxSampleRate) {
    return TESSERA_ERROR(
        kCorrupt, subject,
        fmt::format("its header says {} channels at {} Hz", info.channels, info.samplerate),
        "export it again");
  }
  if (info.frames == 0) {
    return TESSERA_ERROR(kInvalidArgument, subject, "holds no samples (0 frames)",
                         "record or export it again");
  }
  return {};
}

}  // namespace

struct AudioReader::State {
  std::string subject;
  AudioInfo info;
  std::unique_ptr<SNDFILE, CloseSound> sound;
  std::vector<float> interleaved;  // one block
  int64_t frames_read = 0;
  bool ended = false;

  // Up to one block, appended to `audio`; returns how many frames came.
  Result<int64_t> append_block(int64_t max_frames, AudioBuffer& audio);
  Result<void> check_end() const;
};

Result<int64_t> AudioReader::State::append_block(int64_t max_frames, AudioBuffer& audio) {
  const auto channel_count = static_cast<size_t>(info.channels);
  const int64_t wanted = std::min(max_frames, kBlockFrames);
  interleaved.resize(static_cast<size_t>(wanted) * channel_count);
  const int64_t got = std::max<int64_t>(0, sf_readf_float(sound.get(), interleaved.data(), wanted));
  for (size_t c = 0; c < channel_count; ++c) {
    std::vector<float>& channel = audio.channels[c];
    for (size_t i = 0; i < static_cast<size_t>(got); ++i) {
      channel.push_back(interleaved[i * channel_count + c]);
    }
  }
  frames_read += got;
  if (got < wanted) {
    ended = true;
    TESSERA_TRY_VOID(check_end());
  }
  return got;
}

Result<void> AudioReader::State::check_end() const {
  if (info.frames >= 0 && frames_read < info.frames) {
    return TESSERA_ERROR(kCorrupt, subject,
                         fmt::format("is truncated: its header announces {} frames, {} are there",
                                     info.frames, frames_read),
                         "get the whole file again");
  }
  if (sf_error(sound.get()) != SF_ERR_NO_ERROR) {
    return TESSERA_ERROR(
        kCorrupt, subject,
        fmt::format("cannot be decoded after frame {}: {}", frames_read, sf_strerror(sound.get())),
        "get the whole file again");
  }
  return {};
}

Result<AudioReader> AudioReader::open(const std::filesystem::path& path) {
  TESSERA_TRY(SoundFile file, open_sound_file(path));
  auto state = std::make_unique<State>();
  state->subject = path.string();
  SF_INFO info{};
  // libsndfile owns the descriptor from here on, also when it refuses the file.
  state->sound.reset(sf_open_fd(file.descriptor.release(), SFM_READ, &info, SF_TRUE));
  if (!state->sound) {
    return TESSERA_ERROR(
        kCorrupt, path.string(),
        fmt::format("has a broken {} header: {}", to_string(file.container), sf_strerror(nullptr)),
        "export it again");
  }
  TESSERA_TRY_VOID(check_supported(info, state->subject));
  state->info.container = to_string(file.container);
  state->info.encoding = encoding_name(info.format);
  state->info.sample_rate = info.samplerate;
  state->info.channels = info.channels;
  state->info.frames = info.frames >= 0 && info.frames < SF_COUNT_MAX ? info.frames : -1;
  state->info.length_missing = file.length_missing;
  return AudioReader(std::move(state));
}

AudioReader::AudioReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
AudioReader::AudioReader(AudioReader&&) noexcept = default;
AudioReader& AudioReader::operator=(AudioReader&&) noexcept = default;
AudioReader::~AudioReader() = default;

const AudioInfo& AudioReader::info() const {
  return state_->info;
}

Result<AudioBuffer> AudioReader::read(int64_t max_frames) {
  AudioBuffer audio;
  audio.sample_rate = state_->info.sample_rate;
  audio.channels.resize(static_cast<size_t>(state_->info.channels));
  try {
    while (!state_->ended && audio.frames() < max_frames) {
      TESSERA_TRY([[maybe_unused]] const int64_t got,
                  state_->append_block(max_frames - audio.frames(), audio));
    }
  } catch (const std::bad_alloc&) {
    return TESSERA_ERROR(kResourceLimit, state_->subject, "does not fit in memory",
                         "cut it into shorter files");
  }
  return audio;
}

Result<AudioBuffer> read_audio(const std::filesystem::path& path, int64_t sample_limit) {
  TESSERA_TRY(AudioReader reader, AudioReader::open(path));
  const int64_t frame_limit = sample_limit / reader.info().channels;
  TESSERA_TRY(AudioBuffer audio, reader.read(frame_limit + 1));
  if (audio.frames() > frame_limit) {
    return TESSERA_ERROR(kResourceLimit, path.string(),
                         fmt::format("is longer than the limit of {} frames of {} channels",
                                     frame_limit, reader.info().channels),
                         "cut it into shorter files");
  }
  if (audio.frames() == 0) {
    return TESSERA_ERROR(kInvalidArgument, path.string(), "holds no samples (0 frames)",
                         "record or export it again");
  }
  TESSERA_TRY_VOID(check_finite(audio, path.string()));
  return audio;
}

Result<void> check_finite(const AudioBuffer& audio, const std::string& subject) {
  int64_t broken = 0;
  size_t first_frame = 0;
  size_t first_channel = 0;
  for (size_t c = 0; c < audio.channels.size(); ++c) {
    const std::vector<float>& channel = audio.channels[c];
    for (size_t i = 0; i < channel.size(); ++i) {
      if (std::isfinite(channel[i])) continue;
      if (broken++ == 0 || i < first_frame) {
        first_frame = i;
        first_channel = c;
      }
    }
  }
  if (broken == 0) return {};
  const double seconds = static_cast<double>(first_frame) / std::max(1, audio.sample_rate);
  return TESSERA_ERROR(
      kCorrupt, subject,
      fmt::format("{} of its samples are NaN or infinite, the first at {:.3f} s in channel {}",
                  broken, seconds, first_channel + 1),
      "repair or export it again");
}

}  // namespace tessera
