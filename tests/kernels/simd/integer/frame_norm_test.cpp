// Norms of frames against the plain loops of kernels/ref, written out for one frame at a time.
#include <limits>

#include "kernels/ref/exact_sum.h"
#include "plain_integers.h"

namespace tessera::simd {
namespace {

using integer::Sum;

struct Moments {
  std::vector<double> first;
  std::vector<double> second;
};

TEST(FrameMoments, AreSumsInFloat64ChannelByChannel) {
  test::each_integer_set([](const IntegerKernels& kernels) {
    test::RandomCodes random(21);
    for (int trial = 0; trial < 60; ++trial) {
      const Format format = test::kCodeFormats[trial % 2];
      const auto frames = static_cast<size_t>(random.integer(1, 150));
      const auto channels = static_cast<size_t>(random.integer(1, 20));
      const size_t stride = frames + static_cast<size_t>(random.integer(0, 30));
      Moments expected{std::vector<double>(frames), std::vector<double>(frames)};
      Moments made{std::vector<double>(frames + 1, -7.0), std::vector<double>(frames + 1, -7.0)};
      std::vector<CodeScale> codes;
      test::Cells src(format, channels * stride);
      src.fill(random);
      for (size_t channel = 0; channel < channels; ++channel) {
        codes.push_back(random.scale(format, 0.001f, 2.0f));
        for (size_t t = 0; t < frames; ++t) {
          const double x =
              static_cast<double>(src.code(channel * stride + t) - codes.back().zero_point) *
              static_cast<double>(codes.back().scale);
          expected.first[t] += x;
          expected.second[t] += x * x;
        }
      }
      kernels.frame_norms.moments({src.data(), stride, format, codes.data(), channels, frames,
                                   made.first.data(), made.second.data()});
      for (size_t t = 0; t < frames; ++t) {
        ASSERT_EQ(made.first[t], expected.first[t]);
        ASSERT_EQ(made.second[t], expected.second[t]);
      }
      ASSERT_EQ(made.first.back(), -7.0);
      ASSERT_EQ(made.second.back(), -7.0);
    }
  });
}

// Arrays of what a norm takes from frames, and how they are made by plain arithmetic.
struct Normals {
  explicit Normals(size_t frames)
      : mean(frames + 1, -7.0), r(mean), near_r(frames + 1), near_mean_r(near_r) {}

  FrameNormals pointers() const {
    float most = 0;
    for (float x : near_mean_r) most = std::max(most, std::fabs(x));
    return {mean.data(), r.data(), near_r.data(), near_mean_r.data(), most};
  }

  std::vector<double> mean;
  std::vector<double> r;
  std::vector<float> near_r;
  std::vector<float> near_mean_r;
};

void make_normals(const IntegerKernels& kernels, const Moments& moments, double terms, double eps,
                  Normals& normals) {
  kernels.frame_norms.normals({moments.first.data(), moments.second.data(), terms, eps,
                               moments.first.size(), normals.mean.data(), normals.r.data(),
                               normals.near_r.data(), normals.near_mean_r.data()});
}

TEST(FrameNormals, HaveTheBitsOfQuotientsInTwiceFloat64) {
  test::each_integer_set([](const IntegerKernels& kernels) {
    test::RandomCodes random(22);
    for (int trial = 0; trial < 200; ++trial) {
      const auto frames = static_cast<size_t>(random.integer(1, 40));
      const auto terms = static_cast<double>(random.integer(1, 512));
      const double eps = random.chance(0.2) ? 0.0 : 1e-8;
      const double size = std::ldexp(1.0, static_cast<int>(random.integer(-40, 40)));
      Moments moments;
      for (size_t t = 0; t < frames; ++t) {
        const double mean = static_cast<double>(random.uniform(-2.0f, 2.0f)) * size;
        const double spread =
            random.chance(0.2) ? 0.0 : static_cast<double>(random.uniform(0.0f, 1.0f)) * size;
        moments.first.push_back(random.chance(0.1) ? 0.0 : mean * terms);
        moments.second.push_back((mean * mean + spread * spread) * terms);
      }
      Normals normals(frames);
      make_normals(kernels, moments, terms, eps, normals);
      for (size_t t = 0; t < frames; ++t) {
        const Sum first{moments.first[t], 0};
        const Sum second{moments.second[t], 0};
        const double mean = (first / terms).value();
        const double variance =
            std::max(0.0, ((second + -(first * first / terms)) / terms).value());
        const double r = 1.0 / std::sqrt(variance + eps);
        ASSERT_EQ(normals.mean[t], mean);
        ASSERT_EQ(normals.r[t], r);
        ASSERT_EQ(normals.near_r[t], static_cast<float>(r));
      }
      ASSERT_EQ(normals.mean.back(), -7.0);
      ASSERT_EQ(normals.r.back(), -7.0);
    }
  });
}

struct Case {
  Format from = Format::kCode8;
  Format to = Format::kCode8;
  size_t frames = 1;
  ChannelNorm channel;
  CodeScale read;
  CodeScale written;
};

float scale_of(const Case& c, const Normals& normals, size_t t) {
  return static_cast<float>(static_cast<double>(c.channel.gamma) * normals.r[t]);
}
float shift_of(const Case& c, const Normals& normals, size_t t) {
  return static_cast<float>(static_cast<double>(c.channel.beta) -
                            static_cast<double>(c.channel.center) * normals.mean[t] * normals.r[t]);
}

void check(const IntegerKernels& kernels, const Case& c, const Normals& normals,
           test::RandomCodes& random) {
  test::Cells src(c.from, c.frames);
  src.fill(random);
  test::Cells codes(c.to, c.frames);
  const RowOperand from{src.data(), c.from, c.read, 1};
  kernels.frame_norms.scale({c.channel,
                             near_scale(c.channel, c.read, c.written),
                             normals.pointers(),
                             from,
                             {codes.data(), c.to, c.written},
                             c.frames});
  std::vector<float> floats(c.frames + 1, -7.0f);
  kernels.frame_norms.scale(
      {c.channel, {}, normals.pointers(), from, {floats.data(), Format::kFloat, {}}, c.frames});
  std::vector<float> a(c.frames + 1, -7.0f);
  std::vector<float> b(a);
  kernels.frame_norms.coefficients({c.channel, normals.pointers(), c.frames, a.data(), b.data()});
  const auto same = [](float x, float y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  for (size_t t = 0; t < c.frames; ++t) {
    const float scale = scale_of(c, normals, t);
    const float shift = shift_of(c, normals, t);
    ASSERT_TRUE(same(a[t], scale));
    ASSERT_TRUE(same(b[t], shift));
    const float x = static_cast<float>(src.code(t) - c.read.zero_point) * c.read.scale;
    const auto y = static_cast<float>(static_cast<double>(scale) * static_cast<double>(x) +
                                      static_cast<double>(shift));
    ASSERT_TRUE(same(floats[t], y));
    ASSERT_EQ(codes.code(t), test::plain_code(y / c.written.scale, c.written))
        << scale << " * " << x << " + " << shift << " in " << c.written.scale;
  }
  codes.expect_guard_untouched();
  ASSERT_EQ(floats.back(), -7.0f);
  ASSERT_EQ(a.back(), -7.0f);
  ASSERT_EQ(b.back(), -7.0f);
}

// Frames of silence, of one value and of noise; powers of two, which meet halves exactly.
TEST(FrameNorms, ScaleAndShiftByDefinition) {
  test::each_integer_set([](const IntegerKernels& kernels) {
    test::RandomCodes random(23);
    for (int trial = 0; trial < 600; ++trial) {
      Case c;
      c.from = test::kCodeFormats[trial % 2];
      c.to = test::kCodeFormats[trial / 2 % 2];
      c.frames = static_cast<size_t>(random.integer(1, 140));
      c.read = random.scale(c.from, 0.01f, 0.05f);
      c.written = random.scale(c.to, 0.001f, 0.05f);
      c.channel = {random.uniform(-2.0f, 2.0f), random.uniform(-1.0f, 1.0f), 0};
      c.channel.center = random.chance(0.7) ? c.channel.gamma : random.uniform(-2.0f, 2.0f);
      const bool halves = random.chance(0.4);
      if (halves) {
        c.read.scale = 0.0625f;
        c.written.scale = 0.125f;
        c.channel = {1.0f, 0.0625f, 1.0f};
      } else if (random.chance(0.1)) {
        c.read.scale = std::ldexp(c.read.scale, static_cast<int>(random.integer(-60, 60)));
        c.channel.beta = std::ldexp(c.channel.beta, static_cast<int>(random.integer(-60, 60)));
      }
      c.written.inverse = inverse_of(c.written.scale);
      Moments moments;
      for (size_t t = 0; t < c.frames; ++t) {
        const auto mean = halves ? static_cast<double>(random.integer(-8, 8))
                                 : static_cast<double>(random.uniform(-3.0f, 3.0f));
        const double spread = halves ? 4.0 : static_cast<double>(random.uniform(0.0f, 3.0f));
        moments.first.push_back(mean * 64);
        moments.second.push_back((mean * mean + (random.chance(0.1) ? 0.0 : spread * spread)) * 64);
      }
      Normals normals(c.frames);
      make_normals(kernels, moments, 64, halves && random.chance(0.5) ? 0.0 : 1e-8, normals);
      check(kernels, c, normals, random);
      if (::testing::Test::HasFatalFailure()) return;
    }
  });
}

}  // namespace
}  // namespace tessera::simd
