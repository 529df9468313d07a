// Audio files as float samples whose full scale is -1 to 1. In: WAV (also RF64, BW64, RIFX), W64,
// AIFF and AIFC, CAF, AU, NIST SPHERE, FLAC, Ogg (Vorbis, Opus) and MP3; out: WAV, FLAC and Ogg
// Vorbis.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
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

struct AudioReadOptions {
  int64_t sample_limit = kAudioSampleLimit;  // of read_audio()
  // Take what is there of a file that is cut off or cannot be decoded to its end, and note what is
  // missing. Otherwise it is an error.
  bool allow_truncated = false;
};

// Reads block by block, so memory does not grow with the file and a header's claims cost nothing.
class AudioReader {
 public:
  // Errors: kNotFound; kInvalidArgument for a directory, an empty file, or one without samples;
  // kUnsupported for other formats; kCorrupt for broken or truncated ones; kIo.
  static Result<AudioReader> open(const std::filesystem::path& path, AudioReadOptions options = {});

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
  std::unique_ptr<State> state_;
};

// The whole file, with its notes. Errors: those of AudioReader; kResourceLimit beyond the limit;
// kCorrupt if a sample is NaN or infinite (see check_finite).
Result<AudioBuffer> read_audio(const std::filesystem::path& path, AudioReadOptions options = {});

// kCorrupt with the number of NaN or infinite samples and the time of the first, if there is one.
Result<void> check_finite(const AudioBuffer& audio, const std::string& subject);

// How samples are stored. Integers are round(x * 2^(bits-1)), half to even, without dither.
enum class SampleFormat {
  kDefault,  // 16 bit in .wav and .flac, Vorbis in .ogg
  kPcm16,    // .wav, .flac
  kPcm24,    // .wav, .flac
  kPcm32,    // .wav
  kFloat,    // .wav
  kVorbis,   // .ogg
};

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

  Result<AudioWriteReport> finish();

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

}  // namespace tessera
