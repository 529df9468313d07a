#include "pipeline/voice_stream.h"

namespace tessera {
namespace {

class StreamedVoices : public VoiceStream {
 public:
  StreamedVoices(int64_t step_samples, EvaluateNext evaluate)
      : step_samples_(step_samples), evaluate_(std::move(evaluate)) {}

  Result<void> push(std::span<const float> samples, Voices& voices) override {
    samples_ += static_cast<int64_t>(samples.size());
    return append(samples, voices);
  }
  Result<void> finish(Voices& voices) override { return append(std::nullopt, voices); }
  int64_t stretches() const override { return (samples_ + step_samples_ - 1) / step_samples_; }

 private:
  Result<void> append(std::optional<std::span<const float>> samples, Voices& voices) {
    TESSERA_TRY(const Voices known, evaluate_(samples));
    voices.resize(known.size());
    for (size_t v = 0; v < known.size(); ++v)
      voices[v].insert(voices[v].end(), known[v].begin(), known[v].end());
    return {};
  }

  const int64_t step_samples_;
  const EvaluateNext evaluate_;
  int64_t samples_ = 0;
};

}  // namespace

std::unique_ptr<VoiceStream> streamed_voices(int64_t step_samples, EvaluateNext evaluate) {
  return std::make_unique<StreamedVoices>(step_samples, std::move(evaluate));
}

}  // namespace tessera
