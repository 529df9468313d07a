#include <algorithm>
#include <cmath>
#include <optional>

#include "pipeline/voice_stream.h"
#include "tessera/metrics.h"

namespace tessera {
namespace {

using Samples = std::span<const float>;

double product(Samples a, Samples b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i)
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

// The factor g that makes |mixture - g * sum of voices|^2 smallest. None for silence, and where the
// voices' sum does not look like the mixture at all.
std::optional<double> level_of(Samples mixture, const Voices& voices) {
  const size_t samples = std::min(mixture.size(), voices.front().size());
  std::vector<float> sum(samples, 0.0F);
  for (const std::vector<float>& voice : voices) {
    for (size_t i = 0; i < samples; ++i) sum[i] += voice[i];
  }
  const double energy = product(sum, sum);
  const double common = product(mixture.first(samples), sum);
  if (!(energy > 0) || !(common > 0) || !std::isfinite(common / energy)) return std::nullopt;
  return common / energy;
}

// `voices` in the order in which their beginnings look most like `tails`: voice i belongs to tail
// i. The sum of all products is largest where the squared differences are smallest, so that a voice
// that is silent there decides nothing.
void order_like(const Voices& tails, size_t begin, Voices& voices) {
  std::vector<double> products;
  double energy = 0;
  for (const std::vector<float>& tail : tails) {
    energy += product(tail, tail);
    for (const std::vector<float>& voice : voices) {
      products.push_back(product(tail, Samples(voice).subspan(begin, tail.size())));
    }
  }
  if (!(energy > 0)) return;
  for (double& value : products) value /= energy;
  const std::vector<int> order = best_assignment(products, static_cast<int>(voices.size()));
  Voices ordered;
  for (const int voice : order) ordered.push_back(std::move(voices[static_cast<size_t>(voice)]));
  voices = std::move(ordered);
}

// From `tail` into the samples of `voice` from `begin` on.
void fade(Samples tail, size_t begin, std::vector<float>& voice) {
  const float step = 1.0F / static_cast<float>(tail.size());
  for (size_t i = 0; i < tail.size(); ++i) {
    const float share = (static_cast<float>(i) + 0.5F) * step;
    float& sample = voice[begin + i];
    sample = (1 - share) * tail[i] + share * sample;
  }
}

class OverlappingVoices : public VoiceStream {
 public:
  OverlappingVoices(const OverlappingWindows& windows, EvaluateStretch evaluate)
      : window_(static_cast<size_t>(windows.window)),
        hop_(static_cast<size_t>(windows.window - windows.overlap)),
        evaluate_(std::move(evaluate)) {
    TESSERA_CHECK(windows.overlap >= 1 && windows.overlap <= windows.window / 2,
                  "windows overlap by half at most");
  }

  Result<void> push(Samples samples, Voices& voices) override {
    while (!samples.empty()) {
      // One sample more than the next window: the last one is known by nothing following it.
      const size_t wanted = next_ + window_ + 1;
      const auto taken = samples.first(std::min(wanted - held_.size(), samples.size()));
      held_.insert(held_.end(), taken.begin(), taken.end());
      samples = samples.subspan(taken.size());
      if (held_.size() < wanted) break;
      held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(next_));
      TESSERA_TRY(Voices window, evaluate_level(Samples(held_).first(window_)));
      TESSERA_TRY_VOID(join(0, window));
      append(window, 0, hop_, voices);
      keep_tails(window);
      next_ = hop_;
    }
    return {};
  }

  // The last window ends with the recording and is as long as the others: it overlaps by more.
  Result<void> finish(Voices& voices) override {
    if (held_.empty()) return {};
    if (stretches_ == 0) {
      TESSERA_TRY(const Voices whole, evaluate_(held_));
      ++stretches_;
      append(whole, 0, whole.front().size(), voices);
      return {};
    }
    const size_t begin = held_.size() - window_;
    TESSERA_TRY(Voices window, evaluate_level(Samples(held_).subspan(begin)));
    TESSERA_TRY_VOID(join(next_ - begin, window));
    append(window, next_ - begin, window.front().size(), voices);
    return {};
  }

  int64_t stretches() const override { return stretches_; }

 private:
  // The voices of a window at its own level. Of silence: at the last window's.
  Result<Voices> evaluate_level(Samples window) {
    TESSERA_TRY(Voices voices, evaluate_(window));
    ++stretches_;
    level_ = level_of(window, voices).value_or(level_);
    for (std::vector<float>& voice : voices) {
      for (float& sample : voice) sample = static_cast<float>(level_ * static_cast<double>(sample));
    }
    return voices;
  }

  // Lets a window whose sample `begin` follows what was given go on from the tails.
  Result<void> join(size_t begin, Voices& window) {
    if (tails_.empty() || tails_.front().empty()) return {};
    if (window.size() != tails_.size() || window.front().size() < begin + tails_.front().size()) {
      return TESSERA_ERROR(kInvalidModel, "network",
                           "gives voices of other numbers or lengths from window to window",
                           "evaluate the whole recording at once");
    }
    order_like(tails_, begin, window);
    for (size_t v = 0; v < window.size(); ++v) fade(tails_[v], begin, window[v]);
    return {};
  }

  static void append(const Voices& window, size_t begin, size_t end, Voices& voices) {
    voices.resize(window.size());
    for (size_t v = 0; v < window.size(); ++v) {
      const Samples given = Samples(window[v]).subspan(begin, end - begin);
      voices[v].insert(voices[v].end(), given.begin(), given.end());
    }
  }

  // What the next window will share with this one.
  void keep_tails(const Voices& window) {
    tails_.clear();
    for (const std::vector<float>& voice : window) {
      tails_.emplace_back(voice.begin() + static_cast<std::ptrdiff_t>(hop_), voice.end());
    }
  }

  const size_t window_;
  const size_t hop_;  // from window to window
  const EvaluateStretch evaluate_;
  std::vector<float> held_;  // the recording from the last window on
  size_t next_ = 0;          // of those: where the next window begins, and the voices given end
  Voices tails_;             // of the last window's voices, from its sample hop_ on
  double level_ = 1;         // of the last window that was not silent
  int64_t stretches_ = 0;
};

}  // namespace

std::unique_ptr<VoiceStream> overlapping_voices(const OverlappingWindows& windows,
                                                EvaluateStretch evaluate) {
  return std::make_unique<OverlappingVoices>(windows, std::move(evaluate));
}

}  // namespace tessera
