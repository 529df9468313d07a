// Kernels of a few frames against plain loops, on every instruction set.
#include "kernels/simd/frames.h"

#include <cmath>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/simd/kernels.h"

namespace tessera::simd {
namespace {

std::vector<float> random_floats(size_t count, uint32_t seed) {
  std::mt19937 engine(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(engine() % 2001) / 1000.0F - 1.0F;
  return values;
}

struct Product {
  size_t in;
  size_t out;
  size_t frames;
};

void expect_product(const Kernels& kernels, const Product& size) {
  const auto weights = random_floats(size.in * size.out, 1);
  auto bias = random_floats(size.out, 2);
  bias.resize(frame_stride(size.out));
  const size_t src_stride = size.in + 3;
  const auto src = random_floats(size.frames * src_stride, 3);
  std::vector<float> packed(frame_stride(size.out) * size.in);
  pack_frame_product(weights.data(), size.out, size.in, packed.data());
  std::vector<float> dst(frame_stride(size.out) * size.frames);
  kernels.frames.product({.weights = packed.data(),
                          .bias = bias.data(),
                          .src = src.data(),
                          .src_stride = src_stride,
                          .dst = dst.data(),
                          .in = size.in,
                          .out = size.out,
                          .frames = size.frames});
  for (size_t f = 0; f < size.frames; ++f) {
    for (size_t o = 0; o < size.out; ++o) {
      double expected = static_cast<double>(bias[o]);
      for (size_t i = 0; i < size.in; ++i)
        expected += static_cast<double>(weights[o * size.in + i]) *
                    static_cast<double>(src[f * src_stride + i]);
      ASSERT_NEAR(dst[f * frame_stride(size.out) + o], expected, 2e-5)
          << kernels.instruction_set << " frame " << f << " channel " << o;
    }
  }
}

TEST(FrameKernels, ProductsEqualPlainLoopsOfEveryWidth) {
  for (const Kernels& kernels : all_kernels()) {
    for (size_t out : {1, 15, 16, 17, 33, 48, 64, 65, 100, 128, 130}) {
      for (size_t frames : {1, 2, 3, 4, 5, 9}) expect_product(kernels, {37, out, frames});
    }
    expect_product(kernels, {1, 20, 1});
  }
}

TEST(FrameKernels, AFramesProductDoesNotDependOnHowManyThereAre) {
  for (const Kernels& kernels : all_kernels()) {
    const size_t in = 50;
    const size_t out = 70;
    const size_t stride = frame_stride(out);
    const auto weights = random_floats(in * out, 1);
    const std::vector<float> bias(stride, 0.25F);
    const auto src = random_floats(7 * in, 3);
    std::vector<float> packed(stride * in);
    pack_frame_product(weights.data(), out, in, packed.data());
    const auto run = [&](size_t first, size_t frames) {
      std::vector<float> dst(stride * frames);
      kernels.frames.product({.weights = packed.data(),
                              .bias = bias.data(),
                              .src = src.data() + first * in,
                              .src_stride = in,
                              .dst = dst.data(),
                              .in = in,
                              .out = out,
                              .frames = frames});
      return dst;
    };
    const auto together = run(0, 7);
    for (size_t f = 0; f < 7; ++f) {
      const auto alone = run(f, 1);
      for (size_t o = 0; o < out; ++o)
        ASSERT_EQ(together[f * stride + o], alone[o]) << kernels.instruction_set;
    }
  }
}

TEST(FrameKernels, TapsEqualPlainLoopsAndSkipWhatIsNotThere) {
  for (const Kernels& kernels : all_kernels()) {
    for (size_t channels : {1, 16, 31}) {
      const size_t stride = frame_stride(channels);
      const auto weights = random_floats(3 * stride, 1);
      const auto bias = random_floats(stride, 2);
      const auto values = random_floats(3 * stride, 3);
      const float* const taps[] = {values.data(), nullptr, values.data() + 2 * stride};
      std::vector<float> dst(stride);
      kernels.frames.taps({.taps = taps,
                           .weights = weights.data(),
                           .bias = bias.data(),
                           .dst = dst.data(),
                           .count = 3,
                           .channels = channels});
      for (size_t c = 0; c < channels; ++c) {
        const float expected =
            bias[c] + weights[c] * values[c] + weights[2 * stride + c] * values[2 * stride + c];
        ASSERT_NEAR(dst[c], expected, 1e-6) << kernels.instruction_set;
      }
    }
  }
}

TEST(FrameKernels, ElementwiseKernelsEqualPlainLoops) {
  for (const Kernels& kernels : all_kernels()) {
    const size_t channels = 45;
    const size_t stride = frame_stride(channels);
    const auto a = random_floats(stride, 1);
    const auto b = random_floats(stride, 2);
    const auto c = random_floats(stride, 3);
    std::vector<float> affine(stride);
    std::vector<float> prelu(stride);
    std::vector<float> sum(stride);
    std::vector<float> product(stride);
    kernels.frames.affine({.src = a.data(),
                           .scale = b.data(),
                           .shift = c.data(),
                           .dst = affine.data(),
                           .channels = channels,
                           .center = 0.5F,
                           .r = 3.0F});
    kernels.frames.prelu(
        {.src = a.data(), .slope = b.data(), .dst = prelu.data(), .channels = channels});
    kernels.frames.add({.a = a.data(), .b = b.data(), .dst = sum.data(), .count = stride});
    kernels.frames.mul({.a = a.data(), .b = b.data(), .dst = product.data(), .count = stride});
    for (size_t i = 0; i < channels; ++i) {
      ASSERT_NEAR(affine[i], (a[i] - 0.5F) * 3.0F * b[i] + c[i], 1e-6);
      ASSERT_EQ(prelu[i], a[i] < 0 ? a[i] * b[i] : a[i]);
      ASSERT_EQ(sum[i], a[i] + b[i]);
      ASSERT_EQ(product[i], a[i] * b[i]);
    }
  }
}

}  // namespace
}  // namespace tessera::simd
