#include <fcntl.h>
#include <sndfile.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "base/descriptor.h"
#include "base/system_error.h"
#include "base/write_all.h"
#include "tessera/audio.h"
#include "tessera/file.h"

namespace tessera {
namespace {

constexpr size_t kWrittenFrames = 1 << 14;
constexpr double kVorbisQuality = 0.8;
constexpr int64_t kWavLimitBytes = (int64_t{1} << 32) - 4096;  // less room for the header

struct FormatRow {
  std::string_view extension;
  SampleFormat format;
  int sndfile_format;
  int bits;  // of integer samples, else 0
};

// The first row of an extension is its default.
constexpr std::array kFormats = {
    FormatRow{".wav", SampleFormat::kPcm16, SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16},
    FormatRow{".wav", SampleFormat::kPcm24, SF_FORMAT_WAV | SF_FORMAT_PCM_24, 24},
    FormatRow{".wav", SampleFormat::kPcm32, SF_FORMAT_WAV | SF_FORMAT_PCM_32, 32},
    FormatRow{".wav", SampleFormat::kFloat, SF_FORMAT_WAV | SF_FORMAT_FLOAT, 0},
    FormatRow{".flac", SampleFormat::kPcm16, SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 16},
    FormatRow{".flac", SampleFormat::kPcm24, SF_FORMAT_FLAC | SF_FORMAT_PCM_24, 24},
    FormatRow{".raw", SampleFormat::kPcm16, SF_FORMAT_RAW | SF_FORMAT_PCM_16 | SF_ENDIAN_LITTLE,
              16},
    FormatRow{".raw", SampleFormat::kFloat, SF_FORMAT_RAW | SF_FORMAT_FLOAT | SF_ENDIAN_LITTLE, 0},
    FormatRow{".ogg", SampleFormat::kVorbis, SF_FORMAT_OGG | SF_FORMAT_VORBIS, 0},
};

std::string_view name_of(SampleFormat format) {
  switch (format) {
    case SampleFormat::kDefault: return "default";
    case SampleFormat::kPcm16: return "pcm16";
    case SampleFormat::kPcm24: return "pcm24";
    case SampleFormat::kPcm32: return "pcm32";
    case SampleFormat::kFloat: return "float";
    case SampleFormat::kVorbis: return "vorbis";
  }
  return "";
}

Result<FormatRow> format_for(const std::filesystem::path& path, SampleFormat format) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  std::string choices;
  for (const FormatRow& row : kFormats) {
    if (row.extension != extension) continue;
    if (format == SampleFormat::kDefault || row.format == format) return row;
    choices += fmt::format("{}{}", choices.empty() ? "" : ", ", name_of(row.format));
  }
  if (choices.empty()) {
    return TESSERA_ERROR(kInvalidArgument, path.string(),
                         fmt::format("'{}' names no audio format that is written", extension),
                         "use .wav, .flac, .ogg or .raw");
  }
  return TESSERA_ERROR(kInvalidArgument, path.string(),
                       fmt::format("{} files cannot hold {} samples", extension, name_of(format)),
                       "choose from: " + choices);
}

// libsndfile's file access, on our descriptor, so that the cause of a failure is known.
struct Sink {
  int descriptor = -1;
  int error_number = 0;  // of the first failure
};

Sink& sink_of(void* user) {
  return *static_cast<Sink*>(user);
}

sf_count_t sink_length(void* user) {
  const off_t here = ::lseek(sink_of(user).descriptor, 0, SEEK_CUR);
  const off_t end = ::lseek(sink_of(user).descriptor, 0, SEEK_END);
  ::lseek(sink_of(user).descriptor, here, SEEK_SET);
  return end;
}

sf_count_t sink_seek(sf_count_t offset, int whence, void* user) {
  return ::lseek(sink_of(user).descriptor, offset, whence);
}

sf_count_t sink_read(void* data, sf_count_t bytes, void* user) {
  const ssize_t got = ::read(sink_of(user).descriptor, data, static_cast<size_t>(bytes));
  return got < 0 ? 0 : got;
}

sf_count_t sink_write(const void* data, sf_count_t bytes, void* user) {
  Sink& sink = sink_of(user);
  const auto* source = static_cast<const char*>(data);
  sf_count_t done = 0;
  while (done < bytes && sink.error_number == 0) {
    const ssize_t put = ::write(sink.descriptor, source + done, static_cast<size_t>(bytes - done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      sink.error_number = errno;
      break;
    }
    done += put;
  }
  return done;
}

sf_count_t sink_tell(void* user) {
  return ::lseek(sink_of(user).descriptor, 0, SEEK_CUR);
}

}  // namespace

struct AudioWriter::State {
  explicit State(AtomicFile atomic_file) : file(std::move(atomic_file)) {}
  ~State() {
    if (sound != nullptr) sf_close(sound);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Result<void> open(int sample_rate, int channels, const FormatRow& row);
  Result<void> write_block(std::span<const std::span<const float>> channels, size_t begin,
                           size_t end);
  int32_t to_integer(float sample) const;
  Error failure() const;

  AtomicFile file;
  Sink sink;
  SNDFILE* sound = nullptr;
  SF_INFO info{};
  int bits = 0;
  AudioWriteReport report;
  std::vector<float> floats;
  std::vector<int32_t> integers;
};

Result<void> AudioWriter::State::open(int sample_rate, int channels, const FormatRow& row) {
  info.samplerate = sample_rate;
  info.channels = channels;
  info.format = row.sndfile_format;
  bits = row.bits;
  const std::string subject = file.path().string();
  const auto refuse = [&](std::string_view reason) {
    return TESSERA_ERROR(
        kUnsupported, subject,
        fmt::format("cannot hold {} channels at {} Hz{}", channels, sample_rate, reason),
        "use .wav");
  };
  if (sample_rate < 1 || channels < 1 || sf_format_check(&info) == 0) return refuse("");
  sink.descriptor = file.descriptor();
  SF_VIRTUAL_IO io{sink_length, sink_seek, sink_read, sink_write, sink_tell};
  sound = sf_open_virtual(&io, SFM_WRITE, &info, &sink);
  if (sound == nullptr) {
    if (sink.error_number != 0) return system_error(sink.error_number, subject, "write");
    return refuse(fmt::format(": {}", sf_strerror(nullptr)));
  }
  // The peak chunk holds the time of day; without it, the same samples make the same bytes.
  sf_command(sound, SFC_SET_ADD_PEAK_CHUNK, nullptr, SF_FALSE);
  double quality = kVorbisQuality;
  if ((info.format & SF_FORMAT_SUBMASK) == SF_FORMAT_VORBIS) {
    sf_command(sound, SFC_SET_VBR_ENCODING_QUALITY, &quality, sizeof quality);
  }
  return {};
}

Error AudioWriter::State::failure() const {
  const std::string subject = file.path().string();
  if (sink.error_number != 0) return system_error(sink.error_number, subject, "write");
  return TESSERA_ERROR(kIo, subject, fmt::format("cannot write: {}", sf_strerror(sound)), "");
}

// In the upper bits of 32, as libsndfile wants them.
int32_t AudioWriter::State::to_integer(float sample) const {
  const double scale = std::ldexp(1.0, bits - 1);
  const double rounded = std::nearbyint(static_cast<double>(sample) * scale);
  const double held = std::clamp(rounded, -scale, scale - 1);
  return static_cast<int32_t>(static_cast<int64_t>(held) * (int64_t{1} << (32 - bits)));
}

Result<void> AudioWriter::State::write_block(std::span<const std::span<const float>> channels,
                                             size_t begin, size_t end) {
  const size_t channel_count = channels.size();
  const size_t count = (end - begin) * channel_count;
  const bool is_float = (info.format & SF_FORMAT_SUBMASK) == SF_FORMAT_FLOAT;
  floats.resize(count);
  for (size_t c = 0; c < channel_count; ++c) {
    for (size_t i = begin; i < end; ++i) {
      float sample = channels[c][i];
      if (!std::isfinite(sample)) {
        return TESSERA_ERROR(kInvalidArgument, file.path().string(),
                             fmt::format("sample {} of channel {} to be written is NaN or infinite",
                                         report.frames + static_cast<int64_t>(i - begin), c + 1),
                             "check the model's weights and its input");
      }
      report.peak = std::max(report.peak, std::fabs(sample));
      if (!is_float && std::fabs(sample) > 1.0F) {
        ++report.clipped_samples;
        sample = std::copysign(1.0F, sample);
      }
      floats[(i - begin) * channel_count + c] = sample;
    }
  }
  const auto frames = static_cast<sf_count_t>(end - begin);
  sf_count_t written = 0;
  if (bits == 0) {
    written = sf_writef_float(sound, floats.data(), frames);
  } else {
    integers.resize(count);
    std::transform(floats.begin(), floats.end(), integers.begin(),
                   [this](float sample) { return to_integer(sample); });
    written = sf_writef_int(sound, integers.data(), frames);
  }
  if (written != frames || sink.error_number != 0) return failure();
  report.frames += frames;
  return {};
}

Result<AudioWriter> AudioWriter::create(const std::filesystem::path& path, int sample_rate,
                                        int channels, AudioWriteOptions options) {
  TESSERA_TRY(const FormatRow row, format_for(path, options.format));
  TESSERA_TRY(AtomicFile file, AtomicFile::create(path, {.force = options.force}));
  auto state = std::make_unique<State>(std::move(file));
  TESSERA_TRY_VOID(state->open(sample_rate, channels, row));
  return AudioWriter(std::move(state));
}

AudioWriter::AudioWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
AudioWriter::AudioWriter(AudioWriter&&) noexcept = default;
AudioWriter& AudioWriter::operator=(AudioWriter&&) noexcept = default;
AudioWriter::~AudioWriter() = default;

Result<void> AudioWriter::write(std::span<const std::span<const float>> channels) {
  TESSERA_CHECK(channels.size() == static_cast<size_t>(state_->info.channels),
                "as many channels are written as the file was created with");
  const size_t frames = channels.front().size();
  for (const auto& channel : channels) {
    TESSERA_CHECK(channel.size() == frames, "channels are equally long");
  }
  const int bytes_per_sample = state_->bits == 0 ? 4 : state_->bits / 8;
  const int64_t total = (state_->report.frames + static_cast<int64_t>(frames)) *
                        state_->info.channels * bytes_per_sample;
  if ((state_->info.format & SF_FORMAT_TYPEMASK) == SF_FORMAT_WAV && total > kWavLimitBytes) {
    return TESSERA_ERROR(kResourceLimit, state_->file.path().string(),
                         "would be longer than the 4 GiB a WAV file can hold",
                         "write .flac, or shorter pieces");
  }
  for (size_t begin = 0; begin < frames; begin += kWrittenFrames) {
    TESSERA_TRY_VOID(
        state_->write_block(channels, begin, std::min(frames, begin + kWrittenFrames)));
  }
  return {};
}

Result<void> AudioWriter::seal() {
  if (state_->sound == nullptr) return {};
  const int failed = sf_close(std::exchange(state_->sound, nullptr));
  if (failed != 0 || state_->sink.error_number != 0) {
    if (state_->sink.error_number != 0) return state_->failure();
    return TESSERA_ERROR(kIo, state_->file.path().string(),
                         fmt::format("cannot write: {}", sf_error_number(failed)), "");
  }
  return state_->file.seal();
}

Result<AudioWriteReport> AudioWriter::finish() {
  TESSERA_TRY_VOID(seal());
  TESSERA_TRY_VOID(state_->file.commit());
  return state_->report;
}

Result<AudioWriteReport> AudioWriter::finish_to(int descriptor, const std::string& name) {
  TESSERA_TRY_VOID(seal());
  const std::string path = state_->file.temporary_path().string();
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return system_error(errno, path, "open");
  TESSERA_TRY_VOID(copy_all(file.get(), path, descriptor, name));
  return state_->report;
}

Result<AudioWriteReport> write_audio(const std::filesystem::path& path, const AudioBuffer& audio,
                                     AudioWriteOptions options) {
  TESSERA_TRY(AudioWriter writer,
              AudioWriter::create(path, audio.sample_rate, static_cast<int>(audio.channels.size()),
                                  options));
  const std::vector<std::span<const float>> channels(audio.channels.begin(), audio.channels.end());
  TESSERA_TRY_VOID(writer.write(channels));
  return writer.finish();
}

Result<AudioWriteReport> write_audio(const std::filesystem::path& path,
                                     std::span<const float> samples, int sample_rate,
                                     AudioWriteOptions options) {
  TESSERA_TRY(AudioWriter writer, AudioWriter::create(path, sample_rate, 1, options));
  TESSERA_TRY_VOID(writer.write(std::span(&samples, 1)));
  return writer.finish();
}

}  // namespace tessera
