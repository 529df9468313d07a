#include "each_instruction_set.h"
#include "tiles.h"

namespace tessera::simd {
namespace {

struct Case {
  size_t in = 1;
  size_t out = 1;
  size_t valid = 1;
  bool bias = false;
  bool residual = false;
  bool in_place = false;  // the residual is the destination
  bool gain = false;
  Activation activation = Activation::kNone;
  Statistics statistics = Statistics::kNone;
};

void check(const Kernels& kernels, const Case& c, test::Random& random) {
  const size_t frames = kernels.tile_frames;
  const size_t padded = kernels.blocking.padded(c.out);
  const AlignedBuffer weights = random.values(c.out * c.in);
  const AlignedBuffer gain = random.values(c.in);
  const AlignedBuffer bias = random.values(padded);
  const AlignedBuffer slopes = random.values(padded);
  const AlignedBuffer src = random.values(c.in * frames);
  const AlignedBuffer residual = random.values(c.out * frames);
  AlignedBuffer packed(padded * c.in);
  pack_pointwise(kernels.blocking, weights.data(), c.gain ? gain.data() : nullptr, c.out, c.in,
                 packed.data());
  // One row more than the kernel may write.
  AlignedBuffer dst = random.values((c.out + 1) * frames);
  const float behind = dst.data()[c.out * frames];
  if (c.in_place) std::copy_n(residual.data(), c.out * frames, dst.data());
  test::StatisticsCheck statistics(c.statistics, c.out, frames);
  PointwiseArgs args;
  args.weights = packed.data();
  args.bias = c.bias ? bias.data() : nullptr;
  if (c.residual) args.residual = c.in_place ? dst.data() : residual.data();
  args.src = src.data();
  args.dst = dst.data();
  args.in = c.in;
  args.in_step = kernels.blocking.in_step(c.in);
  args.out = c.out;
  args.activation = c.activation;
  args.slopes = slopes.data();
  args.statistics = c.statistics;
  args.valid_frames = c.valid;
  args.sums = statistics.sums();
  kernels.pointwise(args);
  for (size_t o = 0; o < c.out; ++o) {
    for (size_t t = 0; t < c.valid; ++t) {
      double y = c.bias ? static_cast<double>(bias.data()[o]) : 0.0;
      if (c.residual) y += static_cast<double>(residual.data()[o * frames + t]);
      for (size_t i = 0; i < c.in; ++i) {
        const double w = static_cast<double>(weights.data()[o * c.in + i]) *
                         (c.gain ? static_cast<double>(gain.data()[i]) : 1.0);
        y += w * static_cast<double>(src.data()[i * frames + t]);
      }
      y = test::activate(y, c.activation, static_cast<double>(slopes.data()[o]));
      ASSERT_NEAR(dst.data()[o * frames + t], y, 2e-5)
          << c.in << " -> " << c.out << ", channel " << o << " frame " << t;
      statistics.add(o, t, y);
    }
  }
  EXPECT_EQ(dst.data()[c.out * frames], behind);
  statistics.expect_right();
}

TEST(PointwiseKernel, IsAMatrixProductForAnyNumberOfChannels) {
  test::each_instruction_set([](const Kernels& kernels) {
    test::Random random(1);
    for (size_t in : {1, 2, 7, 127, 128, 129, 300, 513}) {
      for (size_t out : {1, 3, 4, 7, 8, 9, 17, 40}) {
        check(kernels, {.in = in, .out = out, .valid = kernels.tile_frames, .bias = true}, random);
        if (::testing::Test::HasFatalFailure()) return;
      }
    }
  });
}

// Partial sums rest in dst between the blocks.
TEST(PointwiseKernel, GivesTheSameBitsInBlocksOfAnySize) {
  test::each_instruction_set([](const Kernels& kernels) {
    constexpr size_t kIn = 150;
    constexpr size_t kOut = 19;
    const size_t frames = kernels.tile_frames;
    test::Random random(3);
    const AlignedBuffer weights = random.values(kOut * kIn);
    const AlignedBuffer src = random.values(kIn * frames);
    std::vector<float> in_one_block;
    for (size_t in_channels : {152, 148, 76, 40, 4}) {
      const PointwiseBlocking blocking = {.rows = kernels.blocking.rows,
                                          .in_channels = in_channels};
      AlignedBuffer packed(blocking.padded(kOut) * kIn);
      pack_pointwise(blocking, weights.data(), nullptr, kOut, kIn, packed.data());
      AlignedBuffer dst(kOut * frames);
      PointwiseArgs args;
      args.weights = packed.data();
      args.src = src.data();
      args.dst = dst.data();
      args.in = kIn;
      args.in_step = blocking.in_step(kIn);
      EXPECT_LE(args.in_step, in_channels);
      args.out = kOut;
      args.valid_frames = frames;
      kernels.pointwise(args);
      const std::vector<float> result(dst.data(), dst.data() + kOut * frames);
      if (in_one_block.empty()) in_one_block = result;
      EXPECT_EQ(result, in_one_block) << in_channels << " channels a block";
    }
  });
}

TEST(PointwiseKernel, FinishesValuesOnTheWayOut) {
  test::each_instruction_set([](const Kernels& kernels) {
    test::Random random(2);
    for (Activation activation : test::kEveryActivation) {
      for (Statistics statistics : test::kEveryStatistics) {
        for (int i = 0; i < 12; ++i) {
          const bool residual = random.coin();
          check(kernels,
                {.in = random.size(1, 280),
                 .out = random.size(1, 35),
                 .valid = random.size(1, kernels.tile_frames),
                 .bias = random.coin(),
                 .residual = residual,
                 .in_place = residual && random.coin(),
                 .gain = random.coin(),
                 .activation = activation,
                 .statistics = statistics},
                random);
          if (::testing::Test::HasFatalFailure()) return;
        }
      }
    }
  });
}

// Frames behind the end of the sequence may hold anything.
TEST(PointwiseKernel, KeepsFramesBehindTheEndOutOfTheStatistics) {
  test::each_instruction_set([](const Kernels& kernels) {
    const size_t frames = kernels.tile_frames;
    AlignedBuffer src(frames);
    std::fill_n(src.data(), frames, NAN);
    src.data()[0] = 3.0f;
    const float weight = 1.0f;
    AlignedBuffer packed(kernels.blocking.rows);
    pack_pointwise(kernels.blocking, &weight, nullptr, 1, 1, packed.data());
    AlignedBuffer dst(frames);
    double sum = 0;
    double square = 0;
    PointwiseArgs args;
    args.weights = packed.data();
    args.src = src.data();
    args.dst = dst.data();
    args.in = args.in_step = args.out = args.valid_frames = 1;
    args.statistics = Statistics::kTotal;
    args.sums = {&sum, &square};
    kernels.pointwise(args);
    EXPECT_EQ(sum, 3.0);
    EXPECT_EQ(square, 9.0);
  });
}

// Variance 1 around a mean of 4096: squares alone would lose it in float.
TEST(PointwiseKernel, KeepsTheVarianceOfValuesWithALargeMean) {
  test::each_instruction_set([](const Kernels& kernels) {
    const size_t frames = kernels.tile_frames;
    const size_t channels = 64;
    AlignedBuffer src(frames);
    std::fill_n(src.data(), frames, 1.0f);
    std::vector<float> weights(channels);
    for (size_t o = 0; o < channels; ++o) weights[o] = 4096.0f + (o % 2 == 0 ? 1.0f : -1.0f);
    AlignedBuffer packed(channels);
    pack_pointwise(kernels.blocking, weights.data(), nullptr, channels, 1, packed.data());
    AlignedBuffer dst(channels * frames);
    for (Statistics statistics : {Statistics::kTotal, Statistics::kPerFrame}) {
      std::vector<double> sum(frames), square(frames);
      PointwiseArgs args;
      args.weights = packed.data();
      args.src = src.data();
      args.dst = dst.data();
      args.in = args.in_step = 1;
      args.out = channels;
      args.valid_frames = frames;
      args.statistics = statistics;
      args.sums = {sum.data(), square.data()};
      kernels.pointwise(args);
      const double n =
          static_cast<double>(statistics == Statistics::kTotal ? channels * frames : channels);
      EXPECT_NEAR(square[0] / n - sum[0] / n * (sum[0] / n), 1.0, 1e-6);
    }
  });
}

}  // namespace
}  // namespace tessera::simd
