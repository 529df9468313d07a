#include <algorithm>
#include <cmath>

#include "kernels/simd/integer/rows.h"
#include "kernels/simd/integer/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/integer/linear.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd/integer/linear-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {
namespace {

// One pair for a whole row.
class Line {
 public:
  HWY_INLINE explicit Line(const LinearArgs& args)
      : a_(hn::Set(kF, *args.a)), b_(hn::Set(kF, *args.b)), src_(args.src), dst_(args.dst) {}

  HWY_INLINE void make(size_t i, size_t count) const {
    dst_.store(linear_of(a_, Doubles(src_.load(i, count)), b_), i, count);
  }

 private:
  Doubles a_;
  Doubles b_;
  Reader src_;
  Writer dst_;
};

// From code to code in float32: y = code * slope + offset comes so near to what is rounded in the
// definition that both round to the same code, unless y is as near to a half.
//
// With u = 2^-24 and y' the exact value: the definition rounds to float32 three times and is off by
// at most 3u|y' - zero| + u|b / scale|; y, fused or not, by 6u|y'| less that and 3u|offset|. Taken
// together and doubled: (|y| + |zero| + |b / scale| + |offset|) * 2^-21.
class NearLine {
 public:
  explicit NearLine(const LinearArgs& args) {
    constexpr float kFar = 1.152921504606847e18f;  // 2^60: nothing underflows that matters
    const CodeScale& from = args.src.codes;
    const CodeScale& to = args.dst.codes;
    const auto usual = [](float x) { return x >= 1.0f / kFar && x <= kFar; };
    const float a = std::fabs(*args.a);
    if (!usual(from.scale) || !usual(to.scale) || !(usual(a) || a == 0.0f) ||
        !(std::fabs(*args.b) <= kFar)) {
      return;
    }
    const double slope = static_cast<double>(*args.a) * static_cast<double>(from.scale) /
                         static_cast<double>(to.scale);
    const double shift = static_cast<double>(*args.b) / static_cast<double>(to.scale);
    const double offset = shift - slope * from.zero_point + to.zero_point;
    if (!(std::fabs(slope) <= static_cast<double>(kFar))) return;
    slope_ = static_cast<float>(slope);
    offset_ = static_cast<float>(offset);
    limit_ = static_cast<float>(0.5 - 1e-9 -
                                (std::fabs(to.zero_point) + std::fabs(shift) + std::fabs(offset)) *
                                    static_cast<double>(kDoubt));
    usable_ = limit_ > 0.0f;
  }
  bool usable() const { return usable_; }

  template <typename From, typename To>
  HWY_INLINE void make_row(const LinearArgs& args) const {
    const auto* src = static_cast<const From*>(args.src.data);
    auto* dst = static_cast<To*>(args.dst.data);
    const Line exact(args);
    const Floats slope = hn::Set(kF, slope_);
    const Floats offset = hn::Set(kF, offset_);
    const Floats limit = hn::Set(kF, limit_);
    const Floats doubt = hn::Set(kF, kDoubt);
    size_t i = 0;
    for (; i + kLanes <= args.count; i += kLanes) {
      fetch_ahead(src + i);
      const Floats y = hn::MulAdd(hn::ConvertTo(kF, load_codes(src + i)), slope, offset);
      if (HWY_UNLIKELY(!store_if_certain(y, doubt, limit, dst + i))) exact.make(i, kLanes);
    }
    if (i < args.count) exact.make(i, args.count - i);
  }

 private:
  static constexpr float kDoubt = 4.76837158203125e-7f;  // 2^-21

  bool usable_ = false;
  float slope_ = 0;
  float offset_ = 0;
  float limit_ = 0;
};

}  // namespace

void linear(const LinearArgs& args) {
  if (args.step == 0) {
    if (is_between_codes(args)) {
      const NearLine near(args);
      if (near.usable()) {
        return with_codes(args, [&]<typename From, typename To>(From, To)
                                    HWY_ATTR { near.make_row<From, To>(args); });
      }
    }
    const Line line(args);
    for (size_t i = 0; i < args.count; i += kLanes) line.make(i, args.count - i);
    return;
  }
  const Reader src(args.src);
  const Writer dst(args.dst);
  for (size_t i = 0; i < args.count; i += kLanes) {
    const size_t left = args.count - i;
    const Doubles a(load_floats(args.a + i, left));
    const Doubles b(load_floats(args.b + i, left));
    dst.store(linear_of(a, Doubles(src.load(i, left)), b), i, left);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tessera::simd {
HWY_EXPORT(linear);
LinearKernel* linear_kernel() {
  return &HWY_DYNAMIC_DISPATCH(linear);
}
}  // namespace tessera::simd
#endif
