#include "kernels/simd/integer/frame_norm.h"

#include <algorithm>
#include <cmath>

#include "kernels/simd/integer/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/integer/frame_norm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd/integer/exact_sum-inl.h"
#include "kernels/simd/integer/linear-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {
namespace {

constexpr size_t kWideLanes = HWY_LANES(double);

#if HWY_TARGET == HWY_SCALAR
HWY_INLINE Wide low_half(const Doubles& x) {
  return Wide(x.value);
}
#else
HWY_INLINE Wide low_half(const Doubles& x) {
  return x.low;
}
#endif

// first += x and second += x*x, each product rounded.
HWY_INLINE void add_powers(Wide x, double* first, double* second) {
  hn::StoreU(hn::Add(hn::LoadU(kW, first), x), kW, first);
  hn::StoreU(hn::Add(hn::LoadU(kW, second), hn::Mul(x, x)), kW, second);
}

template <typename Code>
HWY_INLINE void add_moments_of(const FrameMomentsArgs& args) {
  const auto* src = static_cast<const Code*>(args.src);
  const Wide unit = hn::Set(kW, static_cast<double>(args.codes.scale));
  const Ints zero = hn::Set(kI, args.codes.zero_point);
  size_t i = 0;
  for (; i + kLanes <= args.count; i += kLanes) {
    const Doubles x(hn::ConvertTo(kF, hn::Sub(load_codes(src + i), zero)));
    add_powers(hn::Mul(low_half(x), unit), args.first + i, args.second + i);
#if HWY_TARGET != HWY_SCALAR
    add_powers(hn::Mul(x.high, unit), args.first + i + kWideLanes, args.second + i + kWideLanes);
#endif
  }
  for (; i < args.count; ++i) {
    const double x =
        static_cast<double>(src[i] - args.codes.zero_point) * static_cast<double>(args.codes.scale);
    args.first[i] += x;
    args.second[i] += x * x;
  }
}

// As many as a vector of float64 has lanes, or the first of them.
HWY_INLINE Wide load_wide(const double* p, size_t count) {
  if (HWY_LIKELY(count >= kWideLanes)) return hn::LoadU(kW, p);
  alignas(kAlignmentBytes) double part[kWideLanes] = {};
  std::memcpy(part, p, count * sizeof(double));
  return hn::Load(kW, part);
}
// Beyond the range of floats: infinity, which Highway's scalars would avoid.
using NarrowTag = hn::Rebind<float, WideTag>;
HWY_INLINE hn::Vec<NarrowTag> narrowed(Wide x) {
#if HWY_TARGET == HWY_SCALAR
  return hn::Vec<NarrowTag>(static_cast<float>(x.raw));
#else
  return hn::DemoteTo(NarrowTag(), x);
#endif
}
template <class V, class Tag>
HWY_INLINE void store_wide(V x, Tag d, hn::TFromD<Tag>* p, size_t count) {
  if (HWY_LIKELY(count >= kWideLanes)) return hn::StoreU(x, d, p);
  alignas(kAlignmentBytes) hn::TFromD<Tag> part[kWideLanes];
  hn::Store(x, d, part);
  std::memcpy(p, part, count * sizeof(part[0]));
}

// Of as many frames as a vector of float64 has lanes.
struct Normals {
  HWY_INLINE Normals(Wide first, Wide second, double terms, double eps)
      : mean(hn::Zero(kW)), r(hn::Zero(kW)) {
    const Wide count = hn::Set(kW, terms);
    const Wide zero = hn::Zero(kW);
    const ExactSum sum(first, zero);
    const ExactSum squares(second, zero);
    const ExactSum spread = add(squares, negated(divide(multiply(sum, sum), count)));
    const Wide variance = divide(spread, count).value();
    const Wide positive = hn::IfThenElse(hn::Lt(zero, variance), variance, zero);
    mean = divide(sum, count).value();
    r = hn::Div(hn::Set(kW, 1.0), hn::Sqrt(hn::Add(positive, hn::Set(kW, eps))));
  }
  Wide mean;
  Wide r;
};

// a and b of a vector of frames.
class Coefficients {
 public:
  HWY_INLINE Coefficients(const ChannelNorm& channel, const FrameNormals& normals)
      : gamma_(hn::Set(kW, static_cast<double>(channel.gamma))),
        beta_(hn::Set(kW, static_cast<double>(channel.beta))),
        center_(hn::Set(kW, static_cast<double>(channel.center))),
        normals_(normals) {}

  HWY_INLINE Floats a(size_t i, size_t count) const {
    return made(i, count, [&](Wide, Wide r) HWY_ATTR { return hn::Mul(gamma_, r); });
  }
  HWY_INLINE Floats b(size_t i, size_t count) const {
    return made(i, count, [&](Wide mean, Wide r) HWY_ATTR {
      return hn::Sub(beta_, hn::Mul(hn::Mul(center_, mean), r));
    });
  }

 private:
  template <class Make>
  HWY_INLINE Floats made(size_t i, size_t count, const Make& make) const {
    const Wide low = make(load_wide(normals_.mean + i, count), load_wide(normals_.r + i, count));
#if HWY_TARGET == HWY_SCALAR
    return Floats(static_cast<float>(low.raw));
#else
    constexpr Doubles::HalfTag half;
    const size_t above = count > kWideLanes ? count - kWideLanes : 0;
    const size_t j = above > 0 ? i + kWideLanes : i;
    const Wide high = make(load_wide(normals_.mean + j, above), load_wide(normals_.r + j, above));
    return hn::Combine(kF, hn::DemoteTo(half, high), hn::DemoteTo(half, low));
#endif
  }

  Wide gamma_;
  Wide beta_;
  Wide center_;
  FrameNormals normals_;
};

class ScaledRow {
 public:
  HWY_INLINE explicit ScaledRow(const FrameScaleArgs& args)
      : coefficients_(args.channel, args.normals), src_(args.src), dst_(args.dst) {}

  HWY_INLINE void make(size_t i, size_t count) const {
    const Doubles a(coefficients_.a(i, count));
    const Doubles b(coefficients_.b(i, count));
    dst_.store(linear_of(a, Doubles(src_.load(i, count)), b), i, count);
  }

 private:
  Coefficients coefficients_;
  Reader src_;
  Writer dst_;
};

// From code to code in float32, where that is certain to round to the same code as the definition:
//   y = (code - zero) * (gain * r) + (shift - pull * (mean * r))
// With u = 2^-24, both together are off by less than 9u|y| + 11u|pull * mean * r| + 9u|shift| +
// 3u|zero point|: 16u of each are allowed for.
class NearScale {
 public:
  explicit NearScale(const FrameScaleArgs& args) {
    constexpr double kFar = 1073741824.0;  // 2^30: nothing underflows that matters
    const auto usual = [](double x) { return x >= 1.0 / kFar && x <= kFar; };
    const CodeScale& to = args.dst.codes;
    const auto from_scale = static_cast<double>(args.src.codes.scale);
    const auto to_scale = static_cast<double>(to.scale);
    const double gamma = std::fabs(static_cast<double>(args.channel.gamma));
    const double gain = static_cast<double>(args.channel.gamma) * from_scale / to_scale;
    const double pull = static_cast<double>(args.channel.center) / to_scale;
    const double shift = static_cast<double>(args.channel.beta) / to_scale + to.zero_point;
    if (!usual(from_scale) || !usual(to_scale) || !(usual(gamma) || gamma == 0.0) ||
        !(std::fabs(gain) <= kFar) || !(std::fabs(pull) <= kFar) || !(std::fabs(shift) <= kFar)) {
      return;
    }
    gain_ = static_cast<float>(gain);
    pull_ = static_cast<float>(pull);
    shift_ = static_cast<float>(shift);
    limit_ = static_cast<float>(
        0.5 - 1e-9 - (std::fabs(to.zero_point) + std::fabs(shift)) * static_cast<double>(kDoubt));
    usable_ = limit_ > 0.0f;
  }
  bool usable() const { return usable_; }

  template <typename From, typename To>
  HWY_INLINE void make_row(const FrameScaleArgs& args) const {
    const auto* src = static_cast<const From*>(args.src.data);
    auto* dst = static_cast<To*>(args.dst.data);
    const ScaledRow exact(args);
    const Ints zero = hn::Set(kI, args.src.codes.zero_point);
    const Floats gain = hn::Set(kF, gain_);
    const Floats pull = hn::Set(kF, pull_);
    const Floats shift = hn::Set(kF, shift_);
    const Floats limit = hn::Set(kF, limit_);
    const Floats doubt = hn::Set(kF, kDoubt);
    const Floats doubt_of_pull = hn::Set(kF, std::fabs(pull_) * kDoubt);
    size_t i = 0;
    for (; i + kLanes <= args.count; i += kLanes) {
      const Floats mean_r = hn::LoadU(kF, args.normals.near_mean_r + i);
      const Floats slope = hn::Mul(gain, hn::LoadU(kF, args.normals.near_r + i));
      const Floats x = hn::ConvertTo(kF, hn::Sub(load_codes(src + i), zero));
      const Floats y = hn::MulAdd(x, slope, hn::NegMulAdd(pull, mean_r, shift));
      const Floats certain = hn::NegMulAdd(hn::Abs(mean_r), doubt_of_pull, limit);
      if (HWY_UNLIKELY(!store_if_certain(y, doubt, certain, dst + i))) exact.make(i, kLanes);
    }
    if (i < args.count) exact.make(i, args.count - i);
  }

 private:
  static constexpr float kDoubt = 9.5367431640625e-7f;  // 2^-20

  bool usable_ = false;
  float gain_ = 0;
  float pull_ = 0;
  float shift_ = 0;
  float limit_ = 0;
};

}  // namespace

void add_frame_moments(const FrameMomentsArgs& args) {
  if (args.format == Format::kCode8) {
    add_moments_of<uint8_t>(args);
  } else {
    add_moments_of<int16_t>(args);
  }
}

void frame_normals(const FrameNormalsArgs& args) {
  constexpr NarrowTag narrow;
  for (size_t i = 0; i < args.count; i += kWideLanes) {
    const size_t count = std::min(kWideLanes, args.count - i);
    const Wide first = load_wide(args.first + i, count);
    const Wide second = load_wide(args.second + i, count);
    const Normals made(first, second, args.terms, args.eps);
    store_wide(made.mean, kW, args.mean + i, count);
    store_wide(made.r, kW, args.r + i, count);
    store_wide(narrowed(made.r), narrow, args.near_r + i, count);
    store_wide(narrowed(hn::Mul(made.mean, made.r)), narrow, args.near_mean_r + i, count);
  }
}

void frame_coefficients(const FrameCoefficientsArgs& args) {
  const Coefficients coefficients(args.channel, args.normals);
  for (size_t i = 0; i < args.count; i += kLanes) {
    const size_t left = args.count - i;
    store_floats(coefficients.a(i, left), args.a + i, left);
    store_floats(coefficients.b(i, left), args.b + i, left);
  }
}

void scale_frames(const FrameScaleArgs& args) {
  if (made_near_row<NearScale>(args)) return;
  const ScaledRow row(args);
  for (size_t i = 0; i < args.count; i += kLanes) row.make(i, args.count - i);
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tessera::simd {
HWY_EXPORT(add_frame_moments);
HWY_EXPORT(frame_normals);
HWY_EXPORT(frame_coefficients);
HWY_EXPORT(scale_frames);

FrameNormKernels frame_norm_kernels() {
  return {&HWY_DYNAMIC_DISPATCH(add_frame_moments), &HWY_DYNAMIC_DISPATCH(frame_normals),
          &HWY_DYNAMIC_DISPATCH(frame_coefficients), &HWY_DYNAMIC_DISPATCH(scale_frames)};
}
}  // namespace tessera::simd
#endif
