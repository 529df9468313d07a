#include "serve/latent_session.h"

#include <algorithm>

namespace tessera {

LatentSession::LatentSession(const WindowContract& contract, int64_t latent_values,
                             LatentSessionOptions options)
    : contract_(contract), latent_values_(latent_values), options_(options) {}

std::vector<float> LatentSession::joined(const FrameBlock& frames) const {
  std::vector<float> all = tail_;
  const int64_t from = std::min(skip_, frames.rows);
  all.reserve(all.size() + static_cast<size_t>((frames.rows - from) * frame_values()));
  for (int64_t t = from; t < frames.rows; ++t) {
    for (int64_t series = 0; series < frame_values(); ++series)
      all.push_back(frames.values[static_cast<size_t>(series * frames.rows + t)]);
  }
  return all;
}

std::vector<std::vector<float>> LatentSession::windows_with(const FrameBlock& frames) const {
  const std::vector<float> all = joined(frames);
  const int64_t count = static_cast<int64_t>(all.size()) / frame_values();
  std::vector<std::vector<float>> windows;
  for (int64_t begin = 0; begin + contract_.rows <= count; begin += options_.hop_frames) {
    std::vector<float> window(static_cast<size_t>(frame_values() * contract_.rows));
    for (int64_t t = 0; t < contract_.rows; ++t) {
      for (int64_t series = 0; series < frame_values(); ++series) {
        window[static_cast<size_t>(series * contract_.rows + t)] =
            all[static_cast<size_t>((begin + t) * frame_values() + series)];
      }
    }
    windows.push_back(std::move(window));
  }
  return windows;
}

void LatentSession::take(const FrameBlock& frames, const std::vector<std::vector<float>>& latents) {
  std::vector<float> all = joined(frames);
  skip_ -= std::min(skip_, frames.rows);
  const int64_t count = static_cast<int64_t>(all.size()) / frame_values();
  const int64_t used = static_cast<int64_t>(latents.size()) * options_.hop_frames;
  skip_ += std::max<int64_t>(0, used - count);
  all.erase(all.begin(),
            all.begin() + static_cast<ptrdiff_t>(std::min(used, count) * frame_values()));
  tail_ = std::move(all);
  for (const std::vector<float>& latent : latents)
    values_.insert(values_.end(), latent.begin(), latent.end());
  const int64_t dropped = std::max<int64_t>(0, kept() - options_.capacity);
  values_.erase(values_.begin(),
                values_.begin() + static_cast<ptrdiff_t>(dropped * latent_values_));
  frames_ += frames.rows;
  latents_ += static_cast<int64_t>(latents.size());
}

LatentSeries LatentSession::series(int64_t device) const {
  LatentSeries series{dimensions(), {}};
  series.values.reserve(static_cast<size_t>(kept() * dimensions()));
  for (int64_t i = 0; i < kept(); ++i) {
    const auto begin =
        values_.begin() + static_cast<ptrdiff_t>(i * latent_values_ + device * dimensions());
    series.values.insert(series.values.end(), begin, begin + static_cast<ptrdiff_t>(dimensions()));
  }
  return series;
}

}  // namespace tessera
