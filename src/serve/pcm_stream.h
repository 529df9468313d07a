// PcmStream: samples as bytes in, voices as bytes out, as a network connection carries them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tessera/result.h"
#include "tessera/streaming.h"

namespace tessera {

// Little endian; voices interleaved.
enum class PcmFormat : uint8_t { f32le, s16le };
std::string_view to_string(PcmFormat format);
std::optional<PcmFormat> parse_pcm_format(std::string_view text);

// One thread at a time.
class PcmStream {
 public:
  // Errors: kInvalidArgument for a network whose outputs are no voices of its input's rate.
  static Result<PcmStream> create(StreamingSession session, int voices, PcmFormat format);

  // Whole samples or parts of them, as they come. Errors: kCorrupt for a sample that is NaN or
  // infinite, naming it; those of StreamingSession::push().
  Result<std::string> push(std::string_view bytes);
  // Errors: kCorrupt where the stream ends within a sample; those of StreamingSession::finish().
  Result<std::string> finish();

  const StreamingSession& session() const { return session_; }
  int voices() const { return voices_; }
  PcmFormat format() const { return format_; }
  int64_t frames_given() const { return frames_given_; }
  int64_t clipped_samples() const { return clipped_; }  // beyond 16 bits, cut off there

 private:
  PcmStream(StreamingSession session, int voices, PcmFormat format)
      : session_(std::move(session)), voices_(voices), format_(format) {}
  size_t sample_bytes() const { return format_ == PcmFormat::f32le ? 4 : 2; }
  std::string interleaved(const std::vector<StreamedFrames>& frames);

  StreamingSession session_;
  int voices_;
  PcmFormat format_;
  std::string held_;  // the beginning of a sample
  std::vector<float> samples_;
  int64_t frames_given_ = 0;
  int64_t clipped_ = 0;
};

}  // namespace tessera
