#include <fcntl.h>
#include <sndfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <new>

#include <fmt/format.h>

#include "audio/sound_file.h"
#include "base/counted.h"
#include "base/nameless_file.h"
#include "base/system_error.h"
#include "base/write_all.h"
#include "tessera/audio.h"

namespace tessera {
namespace {

constexpr int64_t kReadFrames = 1 << 16;
constexpr int kMaxChannels = 256;
constexpr int kMaxSampleRate = 1'000'000;
constexpr char kWholeFileHint[] =
    "get the whole file again; AudioReadOptions::allow_truncated takes what is there";

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
    case SF_FORMAT_ALAC_16:
    case SF_FORMAT_ALAC_20:
    case SF_FORMAT_ALAC_24:
    case SF_FORMAT_ALAC_32:
    case SF_FORMAT_VORBIS:
    case SF_FORMAT_OPUS:
    case SF_FORMAT_MPEG_LAYER_I:
    case SF_FORMAT_MPEG_LAYER_II:
    case SF_FORMAT_MPEG_LAYER_III: return true;
    default: return false;
  }
}

// Of one channel's sample; 0 where samples have no fixed size.
int64_t sample_bytes(int format) {
  switch (format & SF_FORMAT_SUBMASK) {
    case SF_FORMAT_PCM_S8:
    case SF_FORMAT_PCM_U8:
    case SF_FORMAT_ULAW:
    case SF_FORMAT_ALAW: return 1;
    case SF_FORMAT_PCM_16: return 2;
    case SF_FORMAT_PCM_24: return 3;
    case SF_FORMAT_PCM_32:
    case SF_FORMAT_FLOAT: return 4;
    case SF_FORMAT_DOUBLE: return 8;
    default: return 0;
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
        conversion_hint(subject));
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

// Errors: kInvalidArgument, with the field.
Result<int64_t> raw_frame_bytes(const RawSamples& raw) {
  const auto invalid = [](std::string message, std::string hint) {
    return TESSERA_ERROR(kInvalidArgument, "AudioReadOptions::raw", std::move(message),
                         std::move(hint));
  };
  if (raw.format != SampleFormat::kPcm16 && raw.format != SampleFormat::kFloat)
    return invalid("samples without a header are 16 bit integers or floats", "choose one of them");
  if (raw.sample_rate < 1 || raw.sample_rate > kMaxSampleRate) {
    return invalid(fmt::format("{} Hz is no sampling rate", raw.sample_rate),
                   "give the rate that they were recorded at, e.g. 16000");
  }
  if (raw.channels < 1 || raw.channels > kMaxChannels) {
    return invalid(fmt::format("there are no recordings of {} channels", raw.channels),
                   fmt::format("give 1 to {}", kMaxChannels));
  }
  return int64_t{raw.format == SampleFormat::kFloat ? 4 : 2} * raw.channels;
}

// The stream itself where it is a regular file, else all of it in a file without a name.
Result<Descriptor> regular_file_of(int stream, const std::string& name,
                                   const std::filesystem::path& scratch_folder) {
  struct stat info {};
  if (::fstat(stream, &info) != 0) return system_error(errno, name, "read");
  if (S_ISREG(info.st_mode)) {
    Descriptor same(::fcntl(stream, F_DUPFD_CLOEXEC, 0));
    if (same.get() < 0) return system_error(errno, name, "read");
    return same;
  }
  TESSERA_TRY(Descriptor file, nameless_file(scratch_folder));
  TESSERA_TRY_VOID(
      copy_all(stream, name, file.get(), scratch_folder.string(), "write a temporary file in"));
  return file;
}

}  // namespace

struct AudioReader::State {
  std::string subject;
  AudioInfo info;
  bool allow_truncated = false;
  int64_t announced_frames = -1;  // of a file that is cut off, where its header tells
  std::vector<std::string> notes;
  SoundFile file;  // libsndfile reads through it
  std::unique_ptr<SNDFILE, CloseSound> sound;
  std::vector<float> interleaved;  // one block
  int64_t frames_read = 0;
  bool ended = false;

  Result<void> open_sound(SF_INFO& format);
  // Keeps what the header promised beside what the file holds.
  void note_extent(const SF_INFO& format);
  // Up to one block, appended to `audio`; returns how many frames came.
  Result<int64_t> append_block(int64_t max_frames, AudioBuffer& audio);
  Result<void> check_end();
};

Result<void> AudioReader::State::open_sound(SF_INFO& format) {
  const std::string& cut_off = file.extent.cut_off;
  if (!cut_off.empty() && !allow_truncated) {
    return TESSERA_ERROR(kCorrupt, subject, "is truncated: " + cut_off, kWholeFileHint);
  }
  sound.reset(file.bytes.open(format));
  if (sound) return {};
  if (const int failed = file.bytes.error_number(); failed != 0) {
    return system_error(failed, subject, "read");
  }
  if (sf_error(nullptr) == SF_ERR_UNSUPPORTED_ENCODING) {
    return TESSERA_ERROR(
        kUnsupported, subject,
        fmt::format("is a {} file of an encoding that is not read", to_string(file.container)),
        conversion_hint(subject));
  }
  if (!cut_off.empty()) {
    return TESSERA_ERROR(kCorrupt, subject,
                         fmt::format("is truncated: {}, and nothing of it can be read", cut_off),
                         "get the whole file again");
  }
  return TESSERA_ERROR(
      kCorrupt, subject,
      fmt::format("has a broken {} header: {}", to_string(file.container), sf_strerror(nullptr)),
      "export it again");
}

void AudioReader::State::note_extent(const SF_INFO& format) {
  const int64_t frame_bytes = sample_bytes(format.format) * format.channels;
  if (frame_bytes <= 0) return;
  if (file.extent.announced_bytes >= 0) {
    announced_frames = file.extent.announced_bytes / frame_bytes;
  }
  if (file.extent.unread_bytes > 0) {
    notes.push_back(fmt::format("{} behind its samples {} left out: its header does not count them",
                                counted(file.extent.unread_bytes, "byte"),
                                noun_for(file.extent.unread_bytes, "is", "are")));
  }
}

Result<int64_t> AudioReader::State::append_block(int64_t max_frames, AudioBuffer& audio) {
  const auto channel_count = static_cast<size_t>(info.channels);
  const int64_t wanted = std::min(max_frames, kReadFrames);
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

Result<void> AudioReader::State::check_end() {
  if (const int failed = file.bytes.error_number(); failed != 0) {
    return system_error(failed, subject, "read");
  }
  // Decoders of MP3 may drop the last frames, which hold no more than the delay of the encoder.
  constexpr int64_t kMpegDelayFrames = 2 * 1152;
  const int64_t slack = file.container == SoundContainer::kMpeg ? kMpegDelayFrames : 0;
  const bool fewer = info.frames >= 0 && frames_read + slack < info.frames;
  if (fewer && !allow_truncated) {
    return TESSERA_ERROR(kCorrupt, subject,
                         fmt::format("is truncated: its header announces {} frames, {} are there",
                                     info.frames, frames_read),
                         kWholeFileHint);
  }
  const bool is_undecoded = sf_error(sound.get()) != SF_ERR_NO_ERROR;
  if (is_undecoded && !allow_truncated) {
    return TESSERA_ERROR(
        kCorrupt, subject,
        fmt::format("cannot be decoded after frame {}: {}", frames_read, sf_strerror(sound.get())),
        kWholeFileHint);
  }
  if (info.length_missing) {
    notes.push_back(fmt::format("its length was never stored{}: read to the end of the file, {}",
                                file.extent.placeholder.empty()
                                    ? ""
                                    : fmt::format(" ({} in its header)", file.extent.placeholder),
                                counted(frames_read, "frame")));
  }
  const int64_t announced = announced_frames >= 0 ? announced_frames : fewer ? info.frames : -1;
  if (announced > frames_read) {
    notes.push_back(
        fmt::format("is cut off: {} of {} frames are missing", announced - frames_read, announced));
  } else if (is_undecoded || !file.extent.cut_off.empty()) {
    notes.push_back(
        fmt::format("is cut off: its end is missing, nothing tells how much; {} {} there",
                    counted(frames_read, "frame"), noun_for(frames_read, "is", "are")));
  }
  return {};
}

Result<AudioReader> AudioReader::open(const std::filesystem::path& path, AudioReadOptions options) {
  auto state = std::make_unique<State>();
  state->subject = path.string();
  if (options.raw) {
    TESSERA_TRY(const int64_t frame_bytes, raw_frame_bytes(*options.raw));
    TESSERA_TRY(state->file, open_raw_sound(path, frame_bytes, options.allow_truncated));
  } else {
    TESSERA_TRY(state->file, open_sound_file(path));
  }
  return opened(std::move(state), options);
}

Result<AudioReader> AudioReader::open_stream(int descriptor, const std::string& name,
                                             AudioReadOptions options,
                                             const std::filesystem::path& scratch_folder) {
  auto state = std::make_unique<State>();
  state->subject = name;
  TESSERA_TRY(Descriptor file, regular_file_of(descriptor, name, scratch_folder));
  if (options.raw) {
    TESSERA_TRY(const int64_t frame_bytes, raw_frame_bytes(*options.raw));
    TESSERA_TRY(state->file,
                open_raw_sound(std::move(file), frame_bytes, options.allow_truncated, name));
  } else {
    TESSERA_TRY(state->file, open_sound_file(std::move(file), name));
  }
  return opened(std::move(state), options);
}

Result<AudioReader> AudioReader::opened(std::unique_ptr<State> state,
                                        const AudioReadOptions& options) {
  state->allow_truncated = options.allow_truncated;
  SF_INFO format{};
  if (options.raw) {
    const bool is_float = options.raw->format == SampleFormat::kFloat;
    format.format =
        SF_FORMAT_RAW | SF_ENDIAN_LITTLE | (is_float ? SF_FORMAT_FLOAT : SF_FORMAT_PCM_16);
    format.samplerate = options.raw->sample_rate;
    format.channels = options.raw->channels;
  }
  TESSERA_TRY_VOID(state->open_sound(format));
  state->note_extent(format);
  TESSERA_TRY_VOID(check_supported(format, state->subject));
  const bool tells_frames = format.frames >= 0 && format.frames < SF_COUNT_MAX &&
                            !state->file.extent.frames_are_estimated;
  state->info.container = to_string(state->file.container);
  state->info.encoding = encoding_name(format.format);
  state->info.sample_rate = format.samplerate;
  state->info.channels = format.channels;
  state->info.frames = tells_frames ? format.frames : -1;
  state->info.length_missing = !state->file.extent.placeholder.empty() ||
                               (!tells_frames && state->file.container == SoundContainer::kFlac);
  return AudioReader(std::move(state));
}

AudioReader::AudioReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
AudioReader::AudioReader(AudioReader&&) noexcept = default;
AudioReader& AudioReader::operator=(AudioReader&&) noexcept = default;
AudioReader::~AudioReader() = default;

const AudioInfo& AudioReader::info() const {
  return state_->info;
}

const std::vector<std::string>& AudioReader::notes() const {
  return state_->notes;
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

Result<AudioBuffer> read_audio(const std::filesystem::path& path, AudioReadOptions options) {
  TESSERA_TRY(AudioReader reader, AudioReader::open(path, options));
  const int64_t frame_limit = options.sample_limit / reader.info().channels;
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
  audio.notes = reader.notes();
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
