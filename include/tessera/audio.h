// Audio files as float samples whose full scale is -1 to 1. In: WAV (also RF64, BW64, RIFX), W64,
// AIFF and AIFC, CAF, AU, NIST SPHERE, FLAC, Ogg (Vorbis, Opus) and MP3, and samples without a
// header; out: WAV, FLAC, Ogg Vorbis, and samples without a header.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/result.h"

namespace tessera {

// Channels of equal length at one sampling rate.
struct AudioBuffer {
  int sample_rate = 0;  // Hz
  std::vector<std::vector<float>> channels;
  // What is unusual about the file that it came from, one sentence each (see AudioReader::notes).
  std::vector<std::string> notes = {};

  int64_t frames() const {
    return channels.empty() ? 0 : static_cast<int64_t>(channels.front().size());
  }
};

struct AudioInfo {
  std::string container;  // "WAV", "AIFF", "FLAC", "Ogg", "MP3", ...
  std::string encoding;   // as libsndfile names it, e.g. "Signed 16 bit PCM"
  int sample_rate = 0;    // Hz
  int channels = 0;
  int64_t frames = -1;  // what the header says; -1 if it does not
  // Whether the writer never stored the length (pipes, recorders that were switched off): such a
  // file is read to its end.
  bool length_missing = false;
};

// Samples per channel times channels; 2^30 floats are 4 GiB.
inline constexpr int64_t kAudioSampleLimit = int64_t{1} << 30;

// How samples are stored. Integers are round(x * 2^(bits-1)), half to even, without dither.
enum class SampleFormat {
  kDefault,  // 16 bit in .wav, .flac and .raw, Vorbis in .ogg
  kPcm16,    // .wav, .flac, .raw
  kPcm24,    // .wav, .flac
  kPcm32,    // .wav
  kFloat,    // .wav, .raw
  kVorbis,   // .ogg
};

// Samples without a header, little endian, channels interleaved.
struct RawSamples {
  SampleFormat format = SampleFormat::kPcm16;  // or kFloat
  int sample_rate = 0;                         // Hz
  int channels = 1;
};

struct AudioReadOptions {
  int64_t sample_limit = kAudioSampleLimit;  // of read_audio()
  // Take what is there of a file that is cut off or cannot be decoded to its end, and note what is
  // missing. Otherwise it is an error.
  bool allow_truncated = false;
  // The file is samples and nothing else.
  std::optional<RawSamples> raw = {};
};

// Reads block by block, so memory does not grow with the file and a header's claims cost nothing.
class AudioReader {
 public:
  // Errors: kNotFound; kInvalidArgument for a directory, an empty file, or one without samples;
  // kUnsupported for other formats; kCorrupt for broken or truncated ones; kIo.
  static Result<AudioReader> open(const std::filesystem::path& path, AudioReadOptions options = {});

  // Of a pipe, say, that is read to its end first, into a file without a name in `scratch_folder`
  // (empty: the system's for temporary files); a regular file is read where it is. `name` stands
  // for it in errors. Errors: those of open(); kIo; kNoSpace in the folder.
  static Result<AudioReader> open_stream(int descriptor, const std::string& name,
                                         AudioReadOptions options = {},
                                         const std::filesystem::path& scratch_folder = {});

  AudioReader(AudioReader&&) noexcept;
  AudioReader& operator=(AudioReader&&) noexcept;
  ~AudioReader();

  const AudioInfo& info() const;

  // What a listener ought to know: that no length was stored, that samples are missing, that bytes
  // are left over. All of it once the end was read.
  const std::vector<std::string>& notes() const;

  // The next `max_frames` frames, fewer only at the end, then none.
  // Errors: kCorrupt if the file ends before the frames its header promised; kIo.
  Result<AudioBuffer> read(int64_t max_frames);

 private:
  struct State;
  explicit AudioReader(std::unique_ptr<State> state);
  static Result<AudioReader> opened(std::unique_ptr<State> state, const AudioReadOptions& options);
  std::unique_ptr<State> state_;
};

// The whole file, with its notes. Errors: those of AudioReader; kResourceLimit beyond the limit;
// kCorrupt if a sample is NaN or infinite (see check_finite).
Result<AudioBuffer> read_audio(const std::filesystem::path& path, AudioReadOptions options = {});

// kCorrupt with the number of NaN or infinite samples and the time of the first, if there is one.
Result<void> check_finite(const AudioBuffer& audio, const std::string& subject);

struct AudioWriteOptions {
  SampleFormat format = SampleFormat::kDefault;
  bool force = false;  // replace a file that is already there
};

struct AudioWriteReport {
  int64_t frames = 0;
  int64_t clipped_samples = 0;  // beyond -1 to 1 and cut off there; always 0 for kFloat
  float peak = 0.0F;            // largest magnitude before clipping
};

// Writes block by block under a temporary name; `finish` gives the file its name. Without it
// nothing is left behind.
class AudioWriter {
 public:
  // The container follows the extension of `path`. Errors: kInvalidArgument for an unknown
  // extension or a format that it cannot hold; those of AtomicFile::create; kUnsupported for a rate
  // or number of channels it cannot hold.
  static Result<AudioWriter> create(const std::filesystem::path& path, int sample_rate,
                                    int channels, AudioWriteOptions options = {});

  AudioWriter(AudioWriter&&) noexcept;
  AudioWriter& operator=(AudioWriter&&) noexcept;
  ~AudioWriter();

  // `channels`: one span per channel, of equal length. Errors: kInvalidArgument for NaN or infinite
  // samples; kResourceLimit beyond what WAV can hold (4 GiB); kNoSpace; kIo.
  Result<void> write(std::span<const std::span<const float>> channels);

  // Completes the file under its temporary name: what a full disk refuses, it refuses here. Files
  // that are to appear together are all sealed before the first is finished. Nothing may be
  // written afterwards.
  Result<void> seal();
  Result<AudioWriteReport> finish();
  // In place of finish(): the complete file goes to a stream, standard output say, and nothing
  // stays at its path. Errors: kIo, kNoSpace; their subject is `name`.
  Result<AudioWriteReport> finish_to(int descriptor, const std::string& name);

 private:
  struct State;
  explicit AudioWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

Result<AudioWriteReport> write_audio(const std::filesystem::path& path, const AudioBuffer& audio,
                                     AudioWriteOptions options = {});

// One channel.
Result<AudioWriteReport> write_audio(const std::filesystem::path& path,
                                     std::span<const float> samples, int sample_rate,
                                     AudioWriteOptions options = {});

// Sampling rate conversion (libsoxr): band limited, linear phase, its delay taken out.

enum class ResampleQuality {
  kHigh,      // 20 bit
  kVeryHigh,  // 28 bit
};

// round(frames * dst_rate / src_rate), half up: the exact length of what a Resampler returns in
// all.
int64_t resampled_frames(int64_t frames, int src_rate, int dst_rate);

// One channel, block by block. Sample i of the output lies at the time i / dst_rate of the input.
class Resampler {
 public:
  // Errors: kInvalidArgument for rates below 1 or a ratio beyond 1000.
  static Result<Resampler> create(int src_rate, int dst_rate,
                                  ResampleQuality quality = ResampleQuality::kVeryHigh);

  Resampler(Resampler&&) noexcept;
  Resampler& operator=(Resampler&&) noexcept;
  ~Resampler();

  // Appends to `output` what can be said so far; `finish` appends the rest. Nothing may follow it.
  Result<void> push(std::span<const float> input, std::vector<float>& output);
  Result<void> finish(std::vector<float>& output);

 private:
  struct State;
  explicit Resampler(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Every channel of `audio`. The same rate returns it unchanged.
Result<AudioBuffer> resample(AudioBuffer audio, int dst_rate,
                             ResampleQuality quality = ResampleQuality::kVeryHigh);

// From what a recording is to what a network takes: one channel at the network's rate, every step
// said aloud.

// What to do with more than one channel. Channels that are all the same, sample for sample, are one
// channel under every policy.
struct ChannelPolicy {
  enum class Kind {
    kRefuse,  // an error: the user decides
    kMix,     // the mean of all channels
    kPick,    // one of them
  };
  Kind kind = Kind::kRefuse;
  int channel = 1;  // for kPick, counted from 1
};

// "refuse", "mix", or a channel number from 1. Errors: kInvalidArgument.
Result<ChannelPolicy> parse_channel_policy(std::string_view text);

struct MonoInput {
  std::vector<float> samples;
  int sample_rate = 0;  // Hz
  // What the recording's file told (AudioBuffer::notes) and what was done to it, in order, one
  // sentence each; empty if there is nothing to tell.
  std::vector<std::string> steps;
};

// Applies `policy`, then resamples to `sample_rate`. `subject` names the recording in errors.
// Errors: kInvalidArgument for several channels under kRefuse or a channel that is not there; those
// of resample.
Result<MonoInput> to_mono_input(const AudioBuffer& audio, int sample_rate, ChannelPolicy policy,
                                const std::string& subject);

}  // namespace tessera
