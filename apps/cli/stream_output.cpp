#include "cli/stream_output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <vector>

#include "base/counted.h"
#include "base/system_error.h"
#include "tessera/audio.h"
#include "tessera/file.h"
#include "tessera/separator.h"

namespace tessera::cli {
namespace {

void warn_of_clipping(Console& console, const std::string& subject, int64_t clipped, float peak) {
  if (clipped == 0) return;
  console.warning(fmt::format("{}: {} {} clipped (peak {:.2f}); --format f32le avoids it", subject,
                              counted(clipped, "sample"), noun_for(clipped, "was", "were"), peak));
}

class FilesOutput final : public StreamOutput {
 public:
  FilesOutput(std::vector<AudioWriter> writers, std::vector<std::string> paths)
      : writers_(std::move(writers)), paths_(std::move(paths)) {}

  Result<void> write(VoiceSpans voices) override {
    for (size_t v = 0; v < writers_.size(); ++v)
      TESSERA_TRY_VOID(writers_[v].write(voices.subspan(v, 1)));
    return {};
  }

  Result<Document> finish(Console& console) override {
    const std::vector<std::vector<float>> no_more(writers_.size());
    TESSERA_TRY(const auto reports, write_voices(writers_, no_more));
    Document outputs = Document::array();
    for (size_t v = 0; v < reports.size(); ++v) {
      warn_of_clipping(console, paths_[v], reports[v].clipped_samples, reports[v].peak);
      outputs.push_back({{"path", paths_[v]},
                         {"frames", reports[v].frames},
                         {"clipped_samples", reports[v].clipped_samples},
                         {"peak", reports[v].peak}});
    }
    return outputs;
  }

 private:
  std::vector<AudioWriter> writers_;
  std::vector<std::string> paths_;
};

class RawOutput final : public StreamOutput {
 public:
  explicit RawOutput(RawFormat format) : format_(format) {
    std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is an end, not a death
  }

  Result<void> write(VoiceSpans voices) override {
    if (closed_ || voices[0].empty()) return {};
    bytes_.clear();
    for (size_t i = 0; i < voices[0].size(); ++i) {
      for (const auto& voice : voices) TESSERA_TRY_VOID(add(voice[i]));
    }
    frames_ += static_cast<int64_t>(voices[0].size());
    return put_out();
  }
  bool is_closed() const override { return closed_; }

  Result<Document> finish(Console& console) override {
    warn_of_clipping(console, "standard output", clipped_, peak_);
    return Document::array(
        {{{"path", "-"}, {"frames", frames_}, {"clipped_samples", clipped_}, {"peak", peak_}}});
  }

 private:
  Result<void> add(float sample) {
    if (!std::isfinite(sample)) {
      return TESSERA_ERROR(kInvalidModel, "standard output",
                           fmt::format("the network gave {} as a sample", sample),
                           "check the model's weights");
    }
    peak_ = std::max(peak_, std::fabs(sample));
    if (format_ == RawFormat::f32le) {
      append(sample);
      return {};
    }
    const double scaled = std::nearbyint(static_cast<double>(sample) * 32768.0);
    if (std::fabs(sample) > 1.0F) ++clipped_;
    append(static_cast<int16_t>(std::clamp(scaled, -32768.0, 32767.0)));
    return {};
  }
  template <typename Value>
  void append(Value value) {
    const size_t size = bytes_.size();
    bytes_.resize(size + sizeof value);
    std::memcpy(bytes_.data() + size, &value, sizeof value);
  }

  Result<void> put_out() {
    for (size_t done = 0; done < bytes_.size();) {
      const ssize_t put = ::write(STDOUT_FILENO, bytes_.data() + done, bytes_.size() - done);
      if (put >= 0) {
        done += static_cast<size_t>(put);
      } else if (errno == EPIPE) {
        closed_ = true;
        return {};
      } else if (errno != EINTR) {
        return system_error(errno, "standard output", "write");
      }
    }
    return {};
  }

  RawFormat format_;
  std::vector<uint8_t> bytes_;
  int64_t frames_ = 0;
  int64_t clipped_ = 0;
  float peak_ = 0;
  bool closed_ = false;
};

}  // namespace

Result<std::unique_ptr<StreamOutput>> open_stream_output(const StreamOutputOptions& options) {
  if (options.path == "-") {
    return std::unique_ptr<StreamOutput>(std::make_unique<RawOutput>(options.format));
  }
  TESSERA_TRY_VOID(ensure_directory(options.path));
  std::vector<AudioWriter> writers;
  std::vector<std::string> paths;
  const bool floats = options.format == RawFormat::f32le;
  for (int voice = 1; voice <= options.voices; ++voice) {
    const std::string name = fmt::format("{}_s{}.wav", options.stem, voice);
    paths.push_back((std::filesystem::path(options.path) / name).string());
    TESSERA_TRY(AudioWriter writer,
                AudioWriter::create(paths.back(), options.sample_rate, 1,
                                    {.format = floats ? SampleFormat::kFloat : SampleFormat::kPcm16,
                                     .force = options.force}));
    writers.push_back(std::move(writer));
  }
  return std::unique_ptr<StreamOutput>(
      std::make_unique<FilesOutput>(std::move(writers), std::move(paths)));
}

}  // namespace tessera::cli
