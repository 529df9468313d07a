#include <algorithm>
#include <array>

#include "backends/emulator/steps.h"

namespace tessera::emulator {
namespace {

constexpr int64_t kSumFrames = 256;  // of an item

// Sample s = t*stride + phase is the sum of tap `phase` of frame t, tap `phase + stride` of frame
// t - 1 and so on, the earliest frame first: a phase at a time, whose frames lie in a row.
class OverlapAddStep final : public Step {
 public:
  OverlapAddStep(OverlapAdd op, const Value& src, const Value& dst)
      : op_(op), src_(src), dst_(dst) {
    const int64_t frames = (dst.shape.w + op.stride - 1) / op.stride;
    stretches_ = (frames + kSumFrames - 1) / kSumFrames;
    items = dst.shape.c * dst.shape.h * stretches_;
  }

  void run(int64_t item, std::byte*) override {
    const int64_t begin = item % stretches_ * kSumFrames;
    const int64_t h = item / stretches_ % dst_.shape.h;
    const int64_t c = item / stretches_ / dst_.shape.h;
    for (int64_t phase = 0; phase < op_.stride; ++phase) run_phase(c, h, begin, phase);
  }

 private:
  void run_phase(int64_t c, int64_t h, int64_t begin, int64_t phase) const {
    std::array<double, kSumFrames> sums = {};
    for (int64_t tap = last_tap(phase); tap >= 0; tap -= op_.stride) {
      const int64_t back = tap / op_.stride;  // frames
      const auto* const row = static_cast<const float*>(src_.row(tap * dst_.shape.c + c, h));
      const int64_t first = std::max<int64_t>(0, back - begin);
      const int64_t last = std::min(kSumFrames, src_.shape.w + back - begin);
      for (int64_t i = first; i < last; ++i)
        sums[static_cast<size_t>(i)] += static_cast<double>(row[begin + i - back]);
    }
    auto* const out = static_cast<float*>(dst_.target_row(c, h));
    for (int64_t i = 0; i < kSumFrames; ++i) {
      const int64_t sample = (begin + i) * op_.stride + phase;
      if (sample >= dst_.shape.w) return;
      out[sample] = static_cast<float>(sums[static_cast<size_t>(i)]);
    }
  }
  // Below 0 if there is none.
  int64_t last_tap(int64_t phase) const {
    return phase < op_.kernel ? phase + (op_.kernel - 1 - phase) / op_.stride * op_.stride : -1;
  }

  OverlapAdd op_;
  const Value& src_;
  const Value& dst_;
  int64_t stretches_ = 0;
};

}  // namespace

std::unique_ptr<Step> overlap_add_step(OverlapAdd op, const Value& src, const Value& dst) {
  return std::make_unique<OverlapAddStep>(op, src, dst);
}

}  // namespace tessera::emulator
