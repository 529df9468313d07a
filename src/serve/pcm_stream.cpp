#include "serve/pcm_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <span>
#include <vector>

namespace tessera {
namespace {

static_assert(std::endian::native == std::endian::little, "samples are copied as they lie");

constexpr float kFullScale = 32768.0F;

}  // namespace

std::string_view to_string(PcmFormat format) {
  return format == PcmFormat::f32le ? "f32le" : "s16le";
}

std::optional<PcmFormat> parse_pcm_format(std::string_view text) {
  for (const PcmFormat format : {PcmFormat::f32le, PcmFormat::s16le}) {
    if (text == to_string(format)) return format;
  }
  return std::nullopt;
}

Result<PcmStream> PcmStream::create(StreamingSession session, int voices, PcmFormat format) {
  int64_t rows = 0;
  for (const Port& output : session.outputs()) rows += output.shape.c * output.shape.h;
  if (rows != voices || session.input_frame().size() != 1) {
    return TESSERA_ERROR(
        kInvalidArgument, "model",
        fmt::format("turns {} values of a frame into {}, not a wave into {} voices",
                    session.input_frame().size(), rows, voices),
        "stream a separator");
  }
  return PcmStream(std::move(session), voices, format);
}

Result<std::string> PcmStream::push(std::string_view bytes) {
  held_ += bytes;
  const size_t count = held_.size() / sample_bytes();
  samples_.resize(count);
  if (format_ == PcmFormat::f32le) {
    if (count > 0) std::memcpy(samples_.data(), held_.data(), count * sizeof(float));
  } else {
    for (size_t i = 0; i < count; ++i) {
      int16_t value = 0;
      std::memcpy(&value, held_.data() + i * sizeof value, sizeof value);
      samples_[i] = static_cast<float>(value) / kFullScale;
    }
  }
  held_.erase(0, count * sample_bytes());
  TESSERA_TRY(const auto frames, session_.push(samples_));
  return interleaved(frames);
}

Result<std::string> PcmStream::finish() {
  if (!held_.empty()) {
    return TESSERA_ERROR(kCorrupt, fmt::format("sample {}", session_.samples_taken()),
                         fmt::format("ends after {} of its {} bytes", held_.size(), sample_bytes()),
                         "send whole samples of the format that was asked for");
  }
  TESSERA_TRY(const auto frames, session_.finish());
  return interleaved(frames);
}

std::string PcmStream::interleaved(const std::vector<StreamedFrames>& frames) {
  std::vector<std::span<const float>> voices;
  for (const StreamedFrames& of : frames) {
    const auto width = static_cast<size_t>(of.shape.w);
    for (size_t row = 0; width > 0 && row < of.values.size() / width; ++row)
      voices.push_back(std::span(of.values).subspan(row * width, width));
  }
  if (voices.empty()) return {};
  const size_t width = voices.front().size();
  std::string bytes(width * voices.size() * sample_bytes(), '\0');
  char* at = bytes.data();
  for (size_t i = 0; i < width; ++i) {
    for (const std::span<const float> voice : voices) {
      if (format_ == PcmFormat::f32le) {
        std::memcpy(at, &voice[i], sizeof(float));
      } else {
        const float scaled = std::nearbyint(voice[i] * kFullScale);
        const float kept = std::clamp(scaled, -kFullScale, kFullScale - 1);
        if (kept != scaled) ++clipped_;
        const auto value = static_cast<int16_t>(kept);
        std::memcpy(at, &value, sizeof value);
      }
      at += sample_bytes();
    }
  }
  frames_given_ += static_cast<int64_t>(width);
  return bytes;
}

}  // namespace tessera
