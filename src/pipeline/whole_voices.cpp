#include "pipeline/voice_stream.h"

namespace tessera {
namespace {

class WholeVoices : public VoiceStream {
 public:
  explicit WholeVoices(EvaluateStretch evaluate) : evaluate_(std::move(evaluate)) {}

  Result<void> push(std::span<const float> samples, Voices&) override {
    held_.insert(held_.end(), samples.begin(), samples.end());
    return {};
  }
  Result<void> finish(Voices& voices) override {
    TESSERA_TRY(voices, evaluate_(held_));
    return {};
  }
  int64_t stretches() const override { return 1; }

 private:
  EvaluateStretch evaluate_;
  std::vector<float> held_;
};

}  // namespace

std::unique_ptr<VoiceStream> whole_voices(EvaluateStretch evaluate) {
  return std::make_unique<WholeVoices>(std::move(evaluate));
}

}  // namespace tessera
