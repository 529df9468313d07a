// One row of a tile (one channel, F frames) as three vectors in registers, and what the kernels do
// with rows: the vocabulary they are written in. Compiled once per instruction set.
#if defined(TESSERA_KERNELS_SIMD_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TESSERA_KERNELS_SIMD_ROWS_INL_H_
#undef TESSERA_KERNELS_SIMD_ROWS_INL_H_
#else
#define TESSERA_KERNELS_SIMD_ROWS_INL_H_
#endif

#include <cstddef>

#include <hwy/highway.h>
#include "kernels/simd/tile.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
using Vector = hn::Vec<FloatTag>;
using LaneMask = hn::Mask<FloatTag>;

inline constexpr FloatTag kF;
inline constexpr size_t kLanes = HWY_LANES(float);
inline constexpr size_t kTileFrames = kVectorsPerTile * kLanes;
static_assert(kTileFrames <= kMaxTileFrames);

// Output channels that the pointwise microkernel keeps in registers.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || HWY_TARGET == HWY_NEON
inline constexpr size_t kRowsPerBlock = 8;
#else
inline constexpr size_t kRowsPerBlock = 4;
#endif

struct Row {
  // Written out: an implicit one would not be compiled for the instruction set of its vectors.
  HWY_INLINE Row() {}
  HWY_INLINE Row(Vector a, Vector b, Vector c) : v0(a), v1(b), v2(c) {}

  Vector v0, v1, v2;
};

HWY_INLINE Row load_row(const float* p) {
  return {hn::Load(kF, p), hn::Load(kF, p + kLanes), hn::Load(kF, p + 2 * kLanes)};
}

HWY_INLINE void store_row(const Row& r, float* p) {
  hn::Store(r.v0, kF, p);
  hn::Store(r.v1, kF, p + kLanes);
  hn::Store(r.v2, kF, p + 2 * kLanes);
}

HWY_INLINE Row broadcast_row(float x) {
  const Vector v = hn::Set(kF, x);
  return {v, v, v};
}

HWY_INLINE void add(Row& r, const Row& b) {
  r.v0 = hn::Add(r.v0, b.v0);
  r.v1 = hn::Add(r.v1, b.v1);
  r.v2 = hn::Add(r.v2, b.v2);
}

HWY_INLINE void multiply(Row& r, const Row& b) {
  r.v0 = hn::Mul(r.v0, b.v0);
  r.v1 = hn::Mul(r.v1, b.v1);
  r.v2 = hn::Mul(r.v2, b.v2);
}

// r += b * w
HWY_INLINE void multiply_add(Row& r, const Row& b, Vector w) {
  r.v0 = hn::MulAdd(b.v0, w, r.v0);
  r.v1 = hn::MulAdd(b.v1, w, r.v1);
  r.v2 = hn::MulAdd(b.v2, w, r.v2);
}

// r -= b * w
HWY_INLINE void multiply_subtract(Row& r, const Row& b, Vector w) {
  r.v0 = hn::NegMulAdd(b.v0, w, r.v0);
  r.v1 = hn::NegMulAdd(b.v1, w, r.v1);
  r.v2 = hn::NegMulAdd(b.v2, w, r.v2);
}

// r += b * c
HWY_INLINE void multiply_add(Row& r, const Row& b, const Row& c) {
  r.v0 = hn::MulAdd(b.v0, c.v0, r.v0);
  r.v1 = hn::MulAdd(b.v1, c.v1, r.v1);
  r.v2 = hn::MulAdd(b.v2, c.v2, r.v2);
}

// Lanes of p where the mask is set, zero elsewhere; p need not be aligned. May read the other
// lanes: buffers have guards for that.
HWY_INLINE Vector load_masked(LaneMask mask, const float* p) {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL
  return hn::MaskedLoad(mask, kF, p);
#else
  return hn::IfThenElseZero(mask, hn::LoadU(kF, p));
#endif
}

// The larger or smaller of a bound and x; a NaN in x stays one.
HWY_INLINE Vector at_least(Vector bound, Vector x) {
#if HWY_TARGET == HWY_SCALAR
  return hn::IfThenElse(hn::Lt(x, bound), bound, x);
#elif HWY_TARGET == HWY_NEON
  return Vector(vmaxq_f32(bound.raw, x.raw));  // hn::Max would be vmaxnmq, which drops a NaN
#else
  return hn::Max(bound, x);  // x86 gives the second operand, if either is NaN
#endif
}
HWY_INLINE Vector at_most(Vector bound, Vector x) {
#if HWY_TARGET == HWY_SCALAR
  return hn::IfThenElse(hn::Lt(bound, x), bound, x);
#elif HWY_TARGET == HWY_NEON
  return Vector(vminq_f32(bound.raw, x.raw));
#else
  return hn::Min(bound, x);
#endif
}

// max(0, x); a NaN stays one.
HWY_INLINE Vector relu(Vector x) {
  return at_least(hn::Zero(kF), x);
}

// x where positive, slope * x where negative; a NaN stays one.
HWY_INLINE Vector prelu(Vector x, Vector slope) {
  const Vector zero = hn::Zero(kF);
  return hn::MulAdd(at_most(zero, x), slope, at_least(zero, x));
}

HWY_INLINE void relu(Row& r) {
  r = {relu(r.v0), relu(r.v1), relu(r.v2)};
}

HWY_INLINE void prelu(Row& r, float slope) {
  const Vector s = hn::Set(kF, slope);
  r = {prelu(r.v0, s), prelu(r.v1, s), prelu(r.v2, s)};
}

// Zero from frame `valid` on.
HWY_INLINE void keep_first(Row& r, size_t valid) {
  const auto mask = [valid](size_t first) HWY_ATTR {
    return hn::FirstN(kF, valid > first ? HWY_MIN(valid - first, kLanes) : 0);
  };
  r.v0 = hn::IfThenElseZero(mask(0), r.v0);
  r.v1 = hn::IfThenElseZero(mask(kLanes), r.v1);
  r.v2 = hn::IfThenElseZero(mask(2 * kLanes), r.v2);
}

HWY_INLINE float sum_of(const Row& r) {
  return hn::GetLane(hn::SumOfLanes(kF, hn::Add(hn::Add(r.v0, r.v1), r.v2)));
}

HWY_INLINE void subtract(Row& r, const Row& b) {
  r.v0 = hn::Sub(r.v0, b.v0);
  r.v1 = hn::Sub(r.v1, b.v1);
  r.v2 = hn::Sub(r.v2, b.v2);
}

// Sums of rows and of their squares, frame by frame. What is summed in float is the difference from
// a pivot, the tile's first row: a sample is never further from the mean than sqrt(n) sigma, so
// that neither a large mean nor a small variance costs digits. Beyond kRowsInFloat, sums are in
// double. Used by every kernel whose result a norm reads.
class FrameSums {
 public:
  FrameSums(Statistics statistics, const Sums& sums) : statistics_(statistics), sums_(sums) {
    store_row(broadcast_row(0.0f), pivot_);
    clear();
  }
  ~FrameSums() { flush(); }
  FrameSums(const FrameSums&) = delete;
  FrameSums& operator=(const FrameSums&) = delete;

  HWY_INLINE void set_pivot(const Row& pivot) { store_row(pivot, pivot_); }
  HWY_INLINE Row pivot() const { return load_row(pivot_); }

  // Adds the sums over `rows` differences from the pivot that the caller has formed in registers.
  HWY_INLINE void add_rows(const Row& sum, const Row& square, size_t rows) {
    Row s = load_row(sum_);
    Row q = load_row(square_);
    add(s, sum);
    add(q, square);
    store_row(s, sum_);
    store_row(q, square_);
    rows_ += rows;
    if (rows_ >= kRowsInFloat) flush();
  }

  HWY_NOINLINE void flush() {
    if (rows_ == 0) return;
    const auto n = static_cast<double>(rows_);
    double sum[kTileFrames];
    double square[kTileFrames];
    for (size_t t = 0; t < kTileFrames; ++t) {
      const auto pivot = static_cast<double>(pivot_[t]);
      const auto d = static_cast<double>(sum_[t]);
      sum[t] = d + n * pivot;
      square[t] = static_cast<double>(square_[t]) + pivot * (2.0 * d + n * pivot);
    }
    if (statistics_ == Statistics::kPerFrame) {
      for (size_t t = 0; t < kTileFrames; ++t) {
        sums_.sum[t] += sum[t];
        sums_.square[t] += square[t];
      }
    } else {
      *sums_.sum += total_of(sum);
      *sums_.square += total_of(square);
    }
    clear();
  }

 private:
  // A float sum of this many partial sums of 8 keeps an error of a few roundings.
  static constexpr size_t kRowsInFloat = 512;

  // Lane by lane, then by halves: few additions wait for one another.
  static HWY_INLINE double total_of(double (&frames)[kTileFrames]) {
    for (size_t t = kLanes; t < kTileFrames; ++t) frames[t % kLanes] += frames[t];
    for (size_t half = kLanes / 2; half != 0; half /= 2) {
      for (size_t i = 0; i < half; ++i) frames[i] += frames[i + half];
    }
    return frames[0];
  }

  void clear() {
    store_row(broadcast_row(0.0f), sum_);
    store_row(broadcast_row(0.0f), square_);
    rows_ = 0;
  }

  alignas(kAlignmentBytes) float pivot_[kTileFrames];
  alignas(kAlignmentBytes) float sum_[kTileFrames];
  alignas(kAlignmentBytes) float square_[kTileFrames];
  size_t rows_ = 0;
  Statistics statistics_;
  Sums sums_;
};

// Adds the first `valid` frames of a row to the sums of channel `channel`; the pivot is its first
// frame.
HWY_INLINE void add_channel_sums(const Row& r, size_t channel, size_t valid, const Sums& sums) {
  const float pivot = hn::GetLane(r.v0);
  Row d = r;
  subtract(d, broadcast_row(pivot));
  keep_first(d, valid);
  Row square = d;
  multiply(square, d);
  const auto n = static_cast<double>(valid);
  const auto p = static_cast<double>(pivot);
  const auto sum = static_cast<double>(sum_of(d));
  sums.sum[channel] += sum + n * p;
  sums.square[channel] += static_cast<double>(sum_of(square)) + p * (2.0 * sum + n * p);
}

// Visits the rows of channels 0 to `channels`: makes each with make(channel), takes its statistics,
// and hands it to keep(row, channel). Where statistics are asked for, frames that do not exist are
// zero in what is kept. The running sums are locals, so that they stay in registers.
template <class Make, class Keep>
HWY_INLINE void visit_rows(Statistics statistics, size_t valid_frames, const Sums& sums,
                           size_t channels, const Make& make, const Keep& keep) {
  constexpr size_t kRowsInRegisters = 64;
  FrameSums frame_sums(statistics, sums);
  Row pivot = broadcast_row(0.0f);
  for (size_t first = 0; first < channels; first += kRowsInRegisters) {
    const size_t end = HWY_MIN(first + kRowsInRegisters, channels);
    Row sum = broadcast_row(0.0f);
    Row square = sum;
    for (size_t c = first; c < end; ++c) {
      Row r = make(c);
      if (statistics != Statistics::kNone) {
        if (HWY_UNLIKELY(valid_frames < kTileFrames)) keep_first(r, valid_frames);
        if (HWY_UNLIKELY(statistics == Statistics::kPerChannel)) {
          add_channel_sums(r, c, valid_frames, sums);
        } else {
          if (HWY_UNLIKELY(c == 0)) {
            pivot = r;
            frame_sums.set_pivot(r);
          }
          Row d = r;
          subtract(d, pivot);
          add(sum, d);
          multiply_add(square, d, d);
        }
      }
      keep(r, c);
    }
    if (statistics == Statistics::kTotal || statistics == Statistics::kPerFrame) {
      frame_sums.add_rows(sum, square, end - first);
    }
  }
}

// The same for kernels that end with an activation and a store: Args has dst, channels, activation,
// slopes, statistics, valid_frames and sums.
template <class Args, class Make>
HWY_INLINE void finish_rows(const Args& args, const Make& make) {
  // Locals: what is stored cannot change them.
  const Activation activation = args.activation;
  const float* const slopes = args.slopes;
  float* const dst = args.dst;
  const auto finish = [&](size_t c) HWY_ATTR {
    Row r = make(c);
    if (HWY_LIKELY(activation == Activation::kPrelu)) {
      prelu(r, slopes[c]);
    } else if (activation == Activation::kRelu) {
      relu(r);
    }
    return r;
  };
  const auto store = [&](const Row& r, size_t c) HWY_ATTR { store_row(r, dst + c * kTileFrames); };
  visit_rows(args.statistics, args.valid_frames, args.sums, args.channels, finish, store);
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#endif
