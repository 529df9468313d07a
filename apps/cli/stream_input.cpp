#include "cli/stream_input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>

#include "base/counted.h"
#include "base/descriptor.h"
#include "base/system_error.h"

namespace tessera::cli {
namespace {

static_assert(std::endian::native == std::endian::little, "raw samples are read as they lie");

// How long a reader that waits for samples may take to see that it is to stop.
constexpr int kPollMilliseconds = 100;

float sample_at(const std::vector<uint8_t>& bytes, size_t i, RawFormat format) {
  if (format == RawFormat::f32le) {
    float value = 0;
    std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
    return value;
  }
  int16_t value = 0;
  std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
  return static_cast<float>(value) / 32768.0F;
}

class RawInput final : public StreamInput {
 public:
  RawInput(std::string name, Descriptor opened, RawFormat format, int64_t chunk)
      : name_(std::move(name)),
        opened_(std::move(opened)),
        format_(format),
        most_bytes_(static_cast<size_t>(chunk * bytes_per_sample(format))) {}

  std::optional<int> sample_rate() const override { return std::nullopt; }

  Result<std::vector<float>> read(const Interrupt& stop) override {
    const auto size = static_cast<size_t>(bytes_per_sample(format_));
    while (!ended_ && bytes_.size() < size) {
      if (stop.wanted()) return std::vector<float>();
      TESSERA_TRY_VOID(read_some());
    }
    std::vector<float> samples(bytes_.size() / size);
    for (size_t i = 0; i < samples.size(); ++i) samples[i] = sample_at(bytes_, i, format_);
    taken_ += static_cast<int64_t>(samples.size());
    bytes_.erase(bytes_.begin(),
                 bytes_.begin() + static_cast<std::ptrdiff_t>(samples.size() * size));
    if (samples.empty() && !bytes_.empty()) {
      return TESSERA_ERROR(kCorrupt, name_,
                           fmt::format("ends within sample {}: {} of its {} bytes are there",
                                       taken_, bytes_.size(), size),
                           "everything before it was processed; check that --format is what the "
                           "samples are");
    }
    return samples;
  }

 private:
  int descriptor() const { return opened_.get() < 0 ? STDIN_FILENO : opened_.get(); }

  // What is there, or nothing after a while.
  Result<void> read_some() {
    struct pollfd ready {
      descriptor(), POLLIN, 0
    };
    const int polled = ::poll(&ready, 1, kPollMilliseconds);
    if (polled < 0 && errno != EINTR) return system_error(errno, name_, "read");
    if (polled <= 0) return {};
    const size_t kept = bytes_.size();
    bytes_.resize(most_bytes_);
    const ssize_t got = ::read(descriptor(), bytes_.data() + kept, most_bytes_ - kept);
    const int error_number = errno;
    bytes_.resize(kept + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && error_number != EINTR && error_number != EAGAIN)
      return system_error(error_number, name_, "read");
    ended_ = got == 0;
    return {};
  }

  std::string name_;
  Descriptor opened_;  // none: standard input
  RawFormat format_;
  size_t most_bytes_;
  std::vector<uint8_t> bytes_;  // read and not returned
  int64_t taken_ = 0;
  bool ended_ = false;
};

class FileInput final : public StreamInput {
 public:
  FileInput(AudioReader reader, std::string name, ChannelPolicy channels, int64_t chunk)
      : reader_(std::move(reader)), name_(std::move(name)), channels_(channels), chunk_(chunk) {}

  std::optional<int> sample_rate() const override { return reader_.info().sample_rate; }

  Result<std::vector<float>> read(const Interrupt& stop) override {
    if (stop.wanted()) return std::vector<float>();
    TESSERA_TRY(const AudioBuffer audio, reader_.read(chunk_));
    if (audio.frames() == 0) return std::vector<float>();
    TESSERA_TRY(MonoInput mono, to_mono_input(audio, audio.sample_rate, channels_, name_));
    return std::move(mono.samples);
  }

 private:
  AudioReader reader_;
  std::string name_;
  ChannelPolicy channels_;
  int64_t chunk_;
};

Result<std::unique_ptr<StreamInput>> open_raw(const StreamInputOptions& options) {
  if (options.path == "-") {
    return std::unique_ptr<StreamInput>(std::make_unique<RawInput>(
        "standard input", Descriptor(), options.format.value_or(RawFormat::f32le), options.chunk));
  }
  Descriptor opened(::open(options.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (opened.get() < 0) return system_error(errno, options.path, "read");
  return std::unique_ptr<StreamInput>(
      std::make_unique<RawInput>(options.path, std::move(opened), *options.format, options.chunk));
}

}  // namespace

int64_t bytes_per_sample(RawFormat format) {
  return format == RawFormat::f32le ? 4 : 2;
}

Result<std::unique_ptr<StreamInput>> open_stream_input(const StreamInputOptions& options) {
  if (options.path == "-") return open_raw(options);
  TESSERA_TRY(const AudioReadOptions reading, options.recording.reading());
  auto reader = AudioReader::open(options.path, reading);
  const bool is_raw = !reader && reader.error().code == ErrorCode::kUnsupported && options.format;
  if (is_raw) return open_raw(options);
  if (!reader) {
    Error error = std::move(reader).error();
    if (error.code == ErrorCode::kUnsupported)
      error.hint += "; raw samples are read with --format f32le or s16le";
    return error;
  }
  TESSERA_TRY(const ChannelPolicy channels, parse_channel_policy(options.recording.channel));
  if (reader->info().channels > 1 && channels.kind == ChannelPolicy::Kind::kRefuse) {
    return TESSERA_ERROR(
        kInvalidArgument, options.path,
        fmt::format("has {}; the network takes one", counted(reader->info().channels, "channel")),
        "choose with --channel 1, or mix them with --channel mix");
  }
  return std::unique_ptr<StreamInput>(
      std::make_unique<FileInput>(std::move(*reader), options.path, channels, options.chunk));
}

}  // namespace tessera::cli
