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

constexpr float kDoubt = 9.5367431640625e-7f;  // 2^-20, for near_scale()
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

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
// Fewer instructions than by way of float32.
HWY_INLINE Wide wide_codes(const uint8_t* p) {
  const __m128i codes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
  return Wide{_mm512_cvtepi64_pd(_mm512_cvtepu8_epi64(codes))};
}
HWY_INLINE Wide wide_codes(const int16_t* p) {
  const __m128i codes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return Wide{_mm512_cvtepi64_pd(_mm512_cvtepi16_epi64(codes))};
}
#endif

// Of as many frames as a vector of floats has lanes, in registers while channels go by.
class FrameSums {
 public:
  HWY_INLINE FrameSums() : low_(), high_() {}
  // The products of codes are exact: so is what is left when the zero point's is taken off.
  template <typename Code>
  HWY_INLINE void add(const Code* codes, Wide unit, Wide zero) {
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
    low_.add(hn::MulSub(wide_codes(codes), unit, zero));
    high_.add(hn::MulSub(wide_codes(codes + kWideLanes), unit, zero));
#else
    const Doubles x(hn::ConvertTo(kF, load_codes(codes)));
    low_.add(hn::MulSub(low_half(x), unit, zero));
#if HWY_TARGET != HWY_SCALAR
    high_.add(hn::MulSub(x.high, unit, zero));
#endif
#endif
  }
  HWY_INLINE void store(double* first, double* second) const {
    low_.store(first, second);
#if HWY_TARGET != HWY_SCALAR
    high_.store(first + kWideLanes, second + kWideLanes);
#endif
  }

 private:
  struct Powers {
    HWY_INLINE Powers() : first(hn::Zero(kW)), second(hn::Zero(kW)) {}
    // Each product rounded.
    HWY_INLINE void add(Wide x) {
      first = hn::Add(first, x);
      second = hn::Add(second, hn::Mul(x, x));
    }
    HWY_INLINE void store(double* to_first, double* to_second) const {
      hn::StoreU(first, kW, to_first);
      hn::StoreU(second, kW, to_second);
    }
    Wide first;
    Wide second;
  };
  Powers low_;
  Powers high_;
};

// Calls visit(first code of this frame, unit, zero) for every channel.
template <typename Code, class Visit>
HWY_INLINE void each_channel(const FrameMomentsArgs& args, size_t frame, const Visit& visit) {
  constexpr size_t kAhead = 8;  // channels lie pages apart, where no prefetcher follows
  const Code* src = static_cast<const Code*>(args.src) + frame;
  for (size_t c = 0; c < args.channels; ++c, src += args.stride) {
    const CodeScale& codes = args.codes[c];
    if (c + kAhead < args.channels) __builtin_prefetch(src + kAhead * args.stride, 0, 3);
    const auto unit = static_cast<double>(codes.scale);
    visit(src, hn::Set(kW, unit), hn::Set(kW, unit * static_cast<double>(codes.zero_point)));
  }
}

template <typename Code>
HWY_INLINE void moments_of(const FrameMomentsArgs& args) {
  size_t i = 0;
  for (; i + 2 * kLanes <= args.count; i += 2 * kLanes) {
    FrameSums near;
    FrameSums far;
    each_channel<Code>(args, i, [&](const Code* codes, Wide unit, Wide zero) HWY_ATTR {
      near.add(codes, unit, zero);
      far.add(codes + kLanes, unit, zero);
    });
    near.store(args.first + i, args.second + i);
    far.store(args.first + i + kLanes, args.second + i + kLanes);
  }
  while (i < args.count) {
    const size_t count = std::min(kLanes, args.count - i);
    FrameSums some;
    alignas(kAlignmentBytes) Code part[kLanes] = {};
    each_channel<Code>(args, i, [&](const Code* codes, Wide unit, Wide zero) HWY_ATTR {
      std::memcpy(part, codes, count * sizeof(Code));
      some.add(part, unit, zero);
    });
    alignas(kAlignmentBytes) double first[kLanes];
    alignas(kAlignmentBytes) double second[kLanes];
    some.store(first, second);
    std::copy_n(first, count, args.first + i);
    std::copy_n(second, count, args.second + i);
    i += count;
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

// From code to code in float32, where that is certain to round to the same code as the definition.
template <typename From, typename To>
HWY_INLINE void scale_near(const FrameScaleArgs& args) {
  const auto* const src = static_cast<const From*>(args.src.data);
  auto* const dst = static_cast<To*>(args.dst.data);
  const float* const near_r = args.normals.near_r;
  const float* const near_mean_r = args.normals.near_mean_r;
  const size_t count = args.count;
  const Ints zero = hn::Set(kI, args.src.codes.zero_point);
  const Floats gain = hn::Set(kF, args.near.gain);
  const Floats pull = hn::Set(kF, args.near.pull);
  const Floats shift = hn::Set(kF, args.near.shift);
  const float doubt_of_pull = std::fabs(args.near.pull) * args.normals.most_mean_r * kDoubt;
  const Floats certain = hn::Set(kF, args.near.limit - doubt_of_pull);
  const Floats doubt = hn::Set(kF, kDoubt);
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const Floats mean_r = hn::LoadU(kF, near_mean_r + i);
    const Floats slope = hn::Mul(gain, hn::LoadU(kF, near_r + i));
    const Floats x = hn::ConvertTo(kF, hn::Sub(load_codes(src + i), zero));
    const Floats y = hn::MulAdd(x, slope, hn::NegMulAdd(pull, mean_r, shift));
    if (HWY_UNLIKELY(!store_if_certain(y, doubt, certain, dst + i)))
      ScaledRow(args).make(i, kLanes);
  }
  if (i < count) ScaledRow(args).make(i, count - i);
}

}  // namespace

void frame_moments(const FrameMomentsArgs& args) {
  if (args.format == Format::kCode8) {
    moments_of<uint8_t>(args);
  } else {
    moments_of<int16_t>(args);
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
  if (is_between_codes(args) && args.near.usable) {
    return with_codes(
        args, [&]<typename From, typename To>(From, To) HWY_ATTR { scale_near<From, To>(args); });
  }
  const ScaledRow row(args);
  for (size_t i = 0; i < args.count; i += kLanes) row.make(i, args.count - i);
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tessera::simd {
HWY_EXPORT(frame_moments);
HWY_EXPORT(frame_normals);
HWY_EXPORT(frame_coefficients);
HWY_EXPORT(scale_frames);

// With u = 2^-24, both the definition and y are together off by less than 9u|y| + 11u|pull * mean *
// r| + 9u|shift| + 3u|zero point|: 16u of each are allowed for.
NearScale near_scale(const ChannelNorm& channel, const CodeScale& from, const CodeScale& to) {
  constexpr double kDoubtOfCodes = 9.5367431640625e-7;  // 2^-20
  constexpr double kFar = 1073741824.0;                 // 2^30: nothing underflows that matters
  const auto usual = [](double x) { return x >= 1.0 / kFar && x <= kFar; };
  const auto from_scale = static_cast<double>(from.scale);
  const auto to_scale = static_cast<double>(to.scale);
  const double gamma = std::fabs(static_cast<double>(channel.gamma));
  const double gain = static_cast<double>(channel.gamma) * from_scale / to_scale;
  const double pull = static_cast<double>(channel.center) / to_scale;
  const double shift = static_cast<double>(channel.beta) / to_scale + to.zero_point;
  if (!usual(from_scale) || !usual(to_scale) || !(usual(gamma) || gamma == 0.0) ||
      !(std::fabs(gain) <= kFar) || !(std::fabs(pull) <= kFar) || !(std::fabs(shift) <= kFar)) {
    return {};
  }
  const auto limit = static_cast<float>(
      0.5 - 1e-9 - (std::fabs(to.zero_point) + std::fabs(shift)) * kDoubtOfCodes);
  return {limit > 0.0f, static_cast<float>(gain), static_cast<float>(pull),
          static_cast<float>(shift), limit};
}

FrameNormKernels frame_norm_kernels() {
  return {&HWY_DYNAMIC_DISPATCH(frame_moments), &HWY_DYNAMIC_DISPATCH(frame_normals),
          &HWY_DYNAMIC_DISPATCH(frame_coefficients), &HWY_DYNAMIC_DISPATCH(scale_frames)};
}
}  // namespace tessera::simd
#endif
