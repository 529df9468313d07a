#include <algorithm>
#include <optional>

#include "pipeline/voice_stream.h"

namespace tessera {
namespace {

class ChunkedVoices : public VoiceStream {
 public:
  ChunkedVoices(const Reach& reach, int64_t chunk, EvaluateStretch evaluate)
      : reach_(reach), chunk_(chunk), evaluate_(std::move(evaluate)) {
    TESSERA_CHECK(chunk > reach.samples() + reach.grid, "a chunk holds what a sample depends on");
  }

  Result<void> push(std::span<const float> samples, Voices& voices) override {
    while (!samples.empty()) {
      // One more than a chunk: the last chunk is known by nothing following it.
      const auto room = static_cast<size_t>(chunk_ + 1) - held_.size();
      const auto taken = samples.first(std::min(room, samples.size()));
      held_.insert(held_.end(), taken.begin(), taken.end());
      samples = samples.subspan(taken.size());
      if (held_.size() < static_cast<size_t>(chunk_ + 1)) break;
      TESSERA_TRY_VOID(evaluate_chunk(voices));
    }
    return {};
  }

  Result<void> finish(Voices& voices) override {
    if (held_.empty()) return {};
    return append(static_cast<int64_t>(held_.size()), std::nullopt, voices);
  }

  int64_t stretches() const override { return stretches_; }

 private:
  Result<void> evaluate_chunk(Voices& voices) {
    TESSERA_TRY_VOID(append(chunk_, begin_ + chunk_ - reach_.future, voices));
    const int64_t depends_from = std::max<int64_t>(0, given_ - reach_.past);
    const int64_t next = depends_from / reach_.grid * reach_.grid;
    held_.erase(held_.begin(), held_.begin() + (next - begin_));
    begin_ = next;
    return {};
  }

  // Evaluates the first `count` samples held and gives those from given_ up to `end`, or all that
  // the network returns.
  Result<void> append(int64_t count, std::optional<int64_t> end, Voices& voices) {
    TESSERA_TRY(const Voices evaluated,
                evaluate_(std::span<const float>(held_).first(static_cast<size_t>(count))));
    ++stretches_;
    voices.resize(evaluated.size());
    const auto returned = begin_ + static_cast<int64_t>(evaluated.front().size());
    const int64_t to = std::min(end.value_or(returned), returned);
    if (to <= given_) return {};
    for (size_t v = 0; v < evaluated.size(); ++v) {
      const auto from = evaluated[v].begin();
      voices[v].insert(voices[v].end(), from + (given_ - begin_), from + (to - begin_));
    }
    given_ = to;
    return {};
  }

  const Reach reach_;
  const int64_t chunk_;
  const EvaluateStretch evaluate_;
  std::vector<float> held_;  // the recording from begin_ on
  int64_t begin_ = 0;        // a multiple of the grid
  int64_t given_ = 0;        // samples of the voices so far
  int64_t stretches_ = 0;
};

}  // namespace

std::unique_ptr<VoiceStream> chunked_voices(const Reach& reach, int64_t chunk,
                                            EvaluateStretch evaluate) {
  return std::make_unique<ChunkedVoices>(reach, chunk, std::move(evaluate));
}

}  // namespace tessera
