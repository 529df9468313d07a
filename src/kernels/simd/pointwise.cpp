#include "kernels/simd/pointwise.h"

#include <algorithm>

#include "kernels/simd/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/pointwise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/simd/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tessera::simd {
namespace HWY_NAMESPACE {
namespace {

// R rows of output. Members and not an array, so that every compiler keeps them in registers.
struct Block {
  HWY_INLINE Block() {}

  Row r0, r1, r2, r3;
  Row r4, r5, r6, r7;

  template <class Visit>
  HWY_INLINE void each(const Visit& visit) {
    visit(r0, size_t{0});
    visit(r1, size_t{1});
    visit(r2, size_t{2});
    visit(r3, size_t{3});
    if constexpr (kRowsPerBlock == 8) {
      visit(r4, size_t{4});
      visit(r5, size_t{5});
      visit(r6, size_t{6});
      visit(r7, size_t{7});
    }
  }
};

constexpr size_t kLineFloats = 16;
constexpr size_t kUnroll = PointwiseBlocking::kUnroll;
constexpr size_t kLinesPerStep = 2;  // fetched with kUnroll channels: one in 24 cycles or more

// block += weights * src, for one channel.
HWY_INLINE void add_channel(Block& block, const float* HWY_RESTRICT weights,
                            const float* HWY_RESTRICT src) {
  const Row b = load_row(src);
  block.each([&](Row& r, size_t i) HWY_ATTR { multiply_add(r, b, hn::Set(kF, weights[i])); });
}

// block += weights * src, over `in` channels. Where `ahead` is given, fetches
// in / kUnroll * kLinesPerStep lines from there on into the second-level cache: few at a time,
// because the processor keeps only a dozen on their way and stalls at the next.
template <bool kFetch>
HWY_INLINE void accumulate(Block& block, const float* HWY_RESTRICT weights,
                           const float* HWY_RESTRICT src, size_t in, const float* ahead) {
  const float* const end = src + in * kTileFrames;
  for (size_t step = in / kUnroll; step != 0; --step) {
    if constexpr (kFetch) {
      __builtin_prefetch(ahead, 0, 2);
      __builtin_prefetch(ahead + kLineFloats, 0, 2);
      ahead += kLinesPerStep * kLineFloats;
    }
#pragma GCC unroll 4
    for (size_t k = 0; k < kUnroll; ++k) {
      add_channel(block, weights + k * kRowsPerBlock, src + k * kTileFrames);
    }
    src += kUnroll * kTileFrames;
    weights += kUnroll * kRowsPerBlock;
  }
  for (; src != end; src += kTileFrames, weights += kRowsPerBlock) add_channel(block, weights, src);
}

// The output rows of one block and what becomes of them.
struct Output {
  float* dst;
  const float* residual;
  const float* bias;
  const float* slopes;
  size_t rows;     // that exist, <= kRowsPerBlock
  size_t channel;  // of the first row
};

HWY_INLINE void start(Block& block, const Output& out) {
  block.each([&](Row& r, size_t i)
                 HWY_ATTR { r = broadcast_row(out.bias != nullptr ? out.bias[i] : 0.0f); });
  if (out.residual == nullptr) return;
  block.each([&](Row& r, size_t i) HWY_ATTR {
    if (i < out.rows) add(r, load_row(out.residual + i * kTileFrames));
  });
}

HWY_INLINE void resume(Block& block, const Output& out) {
  block.each([&](Row& r, size_t i) HWY_ATTR {
    r = i < out.rows ? load_row(out.dst + i * kTileFrames) : broadcast_row(0.0f);
  });
}

HWY_INLINE void store(Block& block, const Output& out) {
  if (HWY_LIKELY(out.rows == kRowsPerBlock)) {
    block.each([&](Row& r, size_t i) HWY_ATTR { store_row(r, out.dst + i * kTileFrames); });
    return;
  }
  block.each([&](Row& r, size_t i) HWY_ATTR {
    if (i < out.rows) store_row(r, out.dst + i * kTileFrames);
  });
}

HWY_INLINE void finish(Block& block, const Output& out, const PointwiseArgs& args,
                       FrameSums& frame_sums) {
  if (args.activation == Activation::kPrelu) {
    block.each([&](Row& r, size_t i) HWY_ATTR { prelu(r, out.slopes[i]); });
  } else if (args.activation == Activation::kRelu) {
    block.each([&](Row& r, size_t) HWY_ATTR { relu(r); });
  }
  if (args.statistics == Statistics::kNone) return;
  if (HWY_UNLIKELY(args.valid_frames < kTileFrames)) {
    block.each([&](Row& r, size_t) HWY_ATTR { keep_first(r, args.valid_frames); });
  }
  if (args.statistics == Statistics::kPerChannel) {
    block.each([&](Row& r, size_t i) HWY_ATTR {
      if (i < out.rows) add_channel_sums(r, out.channel + i, args.valid_frames, args.sums);
    });
    return;
  }
  if (out.channel == 0) frame_sums.set_pivot(block.r0);
  const Row pivot = frame_sums.pivot();
  Row sum = broadcast_row(0.0f);
  Row square = sum;
  block.each([&](Row& r, size_t i) HWY_ATTR {
    if (HWY_UNLIKELY(i >= out.rows)) return;
    Row d = r;
    subtract(d, pivot);
    add(sum, d);
    multiply_add(square, d, d);
  });
  frame_sums.add_rows(sum, square, out.rows);
}

Output output_block(const PointwiseArgs& args, size_t channel) {
  const size_t offset = channel * kTileFrames;
  return {.dst = args.dst + offset,
          .residual = args.residual != nullptr ? args.residual + offset : nullptr,
          .bias = args.bias != nullptr ? args.bias + channel : nullptr,
          .slopes = args.slopes != nullptr ? args.slopes + channel : nullptr,
          .rows = std::min(kRowsPerBlock, args.out - channel),
          .channel = channel};
}

// Deals what comes next to the blocks of a product: to some of them, evenly spread, as many lines
// as one can fetch.
class Prefetcher {
 public:
  Prefetcher(std::span<const Ahead> ahead, size_t blocks, size_t in_step) : ahead_(ahead) {
    floats_per_block_ = in_step / kUnroll * kLinesPerStep * kLineFloats;
    if (floats_per_block_ == 0) {
      ahead_ = {};
      return;
    }
    size_t busy = 0;
    for (const Ahead& run : ahead_) busy += run.floats / floats_per_block_ + 1;
    period_ = busy == 0 ? 1 : std::max<size_t>(1, blocks / busy);
  }

  // Where the next block's lines begin; null: it has none.
  HWY_INLINE const float* take() {
    if (ahead_.empty() || ++waited_ < period_) return nullptr;
    waited_ = 0;
    const float* const first = ahead_.front().data + done_;
    done_ += floats_per_block_;
    if (done_ >= ahead_.front().floats) {
      ahead_ = ahead_.subspan(1);
      done_ = 0;
    }
    return first;
  }

 private:
  std::span<const Ahead> ahead_;
  size_t done_ = 0;  // floats of ahead_.front()
  size_t floats_per_block_ = 0;
  size_t period_ = 1;  // blocks from one that fetches to the next
  size_t waited_ = 0;
};

}  // namespace

void pointwise(const PointwiseArgs& args) {
  FrameSums frame_sums(args.statistics, args.sums);
  const size_t in_step = args.in_step;
  const size_t blocks =
      (args.in + in_step - 1) / in_step * ((args.out + kRowsPerBlock - 1) / kRowsPerBlock);
  Prefetcher prefetcher(args.ahead, blocks, in_step);
  const float* weights = args.weights;
  for (size_t first = 0; first < args.in; first += in_step) {
    const size_t in = std::min(in_step, args.in - first);
    for (size_t channel = 0; channel < args.out; channel += kRowsPerBlock) {
      const Output out = output_block(args, channel);
      Block block;
      if (first == 0) {
        start(block, out);
      } else {
        resume(block, out);
      }
      const float* const src = args.src + first * kTileFrames;
      if (const float* const ahead = prefetcher.take(); ahead != nullptr) {
        accumulate<true>(block, weights, src, in, ahead);
      } else {
        accumulate<false>(block, weights, src, in, nullptr);
      }
      weights += in * kRowsPerBlock;
      if (first + in == args.in) finish(block, out, args, frame_sums);
      store(block, out);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace tessera::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tessera::simd {
HWY_EXPORT(pointwise);
PointwiseKernel* pointwise_kernel() {
  return &HWY_DYNAMIC_DISPATCH(pointwise);
}
}  // namespace tessera::simd
#endif
