// Sampling rate conversion (libsoxr): band limited, linear phase, its delay taken out.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tessera/audio.h"
#include "tessera/result.h"

namespace tessera {

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

}  // namespace tessera
