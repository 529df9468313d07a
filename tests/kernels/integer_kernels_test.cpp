#include "kernels/ref/integer_kernels.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "kernels/ref/exact_sum.h"
#include "support/random_values.h"

namespace tessera::integer {
namespace {

using test::Random;

Coding coding8(std::vector<float> scale, std::vector<int32_t> zero) {
  const auto channels = static_cast<int64_t>(scale.size());
  return make_coding({8, false, std::move(scale), std::move(zero)}, channels);
}

int quantized(float x, float scale, int32_t zero, int bits = 8, bool is_signed = false) {
  const Coding coding = make_coding({bits, is_signed, {scale}, {zero}}, 1);
  const int move = coding.lowest - (is_signed ? -(1 << (bits - 1)) : 0);
  if (coding.is_int16) {
    Code16 code = 0;
    quantize<Code16>({&x, {1, 1, 1}}, coding, {&code, {1, 1, 1}});
    return code - move;
  }
  Code8 code = 0;
  quantize<Code8>({&x, {1, 1, 1}}, coding, {&code, {1, 1, 1}});
  return code - move;
}

TEST(Quantize, RoundsHalfToEven) {
  EXPECT_EQ(quantized(0.5F, 1.0F, 10), 10);
  EXPECT_EQ(quantized(1.5F, 1.0F, 10), 12);
  EXPECT_EQ(quantized(2.5F, 1.0F, 10), 12);
  EXPECT_EQ(quantized(-0.5F, 1.0F, 10), 10);
  EXPECT_EQ(quantized(-1.5F, 1.0F, 10), 8);
}

TEST(Quantize, SaturatesAtBothEnds) {
  for (int32_t zero : {0, 1, 128, 255}) {
    EXPECT_EQ(quantized(1e30F, 0.1F, zero), 255);
    EXPECT_EQ(quantized(-1e30F, 0.1F, zero), 0);
  }
  EXPECT_EQ(quantized(1e30F, 0.1F, -128, 8, true), 127);
  EXPECT_EQ(quantized(-1e30F, 0.1F, 127, 8, true), -128);
  EXPECT_EQ(quantized(1e30F, 0.1F, 0, 16, true), 32767);
  EXPECT_EQ(quantized(-1e30F, 0.1F, 0, 16, true), -32768);
  EXPECT_EQ(quantized(1e30F, 0.1F, 65535, 16, false), 65535);
}

TEST(Quantize, InfinitiesSaturateAndNanIsTheLowestCode) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(quantized(infinity, 1.0F, 7), 255);
  EXPECT_EQ(quantized(-infinity, 1.0F, 7), 0);
  EXPECT_EQ(quantized(std::nanf(""), 1.0F, 7), 0);
}

TEST(Quantize, ZeroIsTheZeroPoint) {
  for (int32_t zero : {0, 3, 255}) EXPECT_EQ(quantized(0.0F, 0.37F, zero), zero);
}

// What carries codes through floats between the pieces of a plan.
TEST(Quantize, OfEveryDequantizedCodeIsThatCode) {
  Random random(3);
  for (int trial = 0; trial < 50; ++trial) {
    const float scale =
        std::ldexp(random.uniform(1.0F, 2.0F), static_cast<int>(random.integer(-40, 20)));
    const auto zero = static_cast<int32_t>(random.integer(-32768, 32767));
    const Coding coding = make_coding({16, true, {scale}, {zero}}, 1);
    std::vector<Code16> codes(65536);
    for (size_t i = 0; i < codes.size(); ++i)
      codes[i] = static_cast<Code16>(static_cast<int>(i) - 32768);
    const Shape shape{1, 1, 65536};
    std::vector<float> values(65536);
    std::vector<Code16> again(65536);
    dequantize<Code16>({codes.data(), shape}, coding, {values.data(), shape});
    quantize<Code16>({values.data(), shape}, coding, {again.data(), shape});
    EXPECT_EQ(codes, again) << scale << " " << zero;
  }
}

// One convolution of random geometry, zero points and scales.
struct RandomConv {
  explicit RandomConv(uint32_t seed, bool wide) : random(seed) {
    const bool depthwise = random.chance(0.4);
    const int64_t channels = random.integer(1, 9);
    const int64_t outputs = depthwise ? channels : random.integer(1, 7);
    op.groups = depthwise ? channels : 1;
    op.stride = {random.integer(1, 2), random.integer(1, 3)};
    op.dilation = {1, random.integer(1, 4)};
    op.padding = {random.integer(0, 1), random.integer(0, 1), random.integer(0, 5),
                  random.integer(0, 5)};
    src_shape = {channels, random.integer(1, 3), random.integer(16, 700)};
    weights.dims = {outputs, depthwise ? 1 : channels, 1, random.integer(1, 4)};
    op.weight = Tensor::full(weights.dims, 1.0F);
    for (int64_t i = 0; i < op.weight.size(); ++i)
      weights.values.push_back(static_cast<int8_t>(random.pick({-127, 127, 0, 3, -50})));
    for (int64_t o = 0; o < outputs; ++o) {
      weights.bias.push_back(static_cast<int32_t>(random.integer(-100000, 100000)));
      weights.scale.push_back(random.uniform(1e-4F, 1e-2F));
    }
    ValueEncoding encoding{wide ? 16 : 8, wide, {}, {}};
    for (int64_t c = 0; c < channels; ++c) {
      encoding.scale.push_back(random.uniform(0.1F, 1.0F));
      encoding.zero_point.push_back(random.pick({encoding.lowest(), encoding.highest(), 17}));
    }
    coding = make_coding(encoding, channels);
    dst_shape = infer_shape(op, std::vector<Shape>{src_shape}).value();
    for (int64_t i = 0; i < src_shape.size(); ++i) {
      codes.push_back(static_cast<int32_t>(
          random.chance(0.2)
              ? random.pick({coding.lowest, coding.highest})
              : static_cast<int32_t>(random.integer(coding.lowest, coding.highest))));
    }
  }

  // Straight from the definition.
  int64_t accumulator(int64_t o, int64_t y, int64_t t) const {
    int64_t sum = weights.bias[static_cast<size_t>(o)];
    const int64_t in = weights.dims[1];
    for (int64_t c = 0; c < in; ++c) {
      for (int64_t k = 0; k < weights.dims[3]; ++k) {
        const int64_t channel = op.groups > 1 ? o : c;
        const int64_t h = y * op.stride.h - op.padding.top;
        const int64_t w = t * op.stride.w + k * op.dilation.w - op.padding.left;
        if (h < 0 || h >= src_shape.h || w < 0 || w >= src_shape.w) continue;
        const int64_t code =
            codes[static_cast<size_t>((channel * src_shape.h + h) * src_shape.w + w)];
        sum += weights.values[static_cast<size_t>((o * in + c) * weights.dims[3] + k)] *
               (code - coding.zero_point[static_cast<size_t>(channel)]);
      }
    }
    return sum;
  }

  Random random;
  Conv op;
  IntegerWeights weights;
  Shape src_shape;
  Shape dst_shape;
  Coding coding;
  std::vector<int32_t> codes;
};

template <typename Code>
void expect_definition(bool wide) {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    const RandomConv conv_case(seed, wide);
    const std::vector<Code> codes(conv_case.codes.begin(), conv_case.codes.end());
    const ConvOperands<Code> operands{
        conv_case.op, conv_case.weights, {codes.data(), conv_case.src_shape}, conv_case.coding};
    const Shape& shape = conv_case.dst_shape;
    std::vector<float> floats(static_cast<size_t>(shape.size()));
    conv(operands, {floats.data(), shape});
    const auto channels = static_cast<size_t>(shape.c);
    const Coding result =
        coding8(std::vector<float>(channels, 0.5F), std::vector<int32_t>(channels, 40));
    std::vector<Code8> results(floats.size());
    conv<Code, Code8>(operands, result, {results.data(), shape});
    size_t i = 0;
    for (int64_t o = 0; o < shape.c; ++o) {
      for (int64_t y = 0; y < shape.h; ++y) {
        for (int64_t t = 0; t < shape.w; ++t, ++i) {
          const auto sum = static_cast<int32_t>(conv_case.accumulator(o, y, t));
          const float unit = conv_case.weights.scale[static_cast<size_t>(o)];
          ASSERT_EQ(floats[i], static_cast<float>(sum) * unit) << seed;
          const float rounded = std::nearbyint(static_cast<float>(sum) * (unit / 0.5F)) + 40;
          ASSERT_EQ(results[i], static_cast<int>(std::min(255.0F, std::max(0.0F, rounded))))
              << seed;
        }
      }
    }
  }
}

TEST(IntegerConv, OfCodesOf8BitsIsItsDefinition) {
  expect_definition<Code8>(false);
}

TEST(IntegerConv, OfCodesOf16BitsIsItsDefinition) {
  expect_definition<Code16>(true);
}

TEST(ExactSum, KeepsWhatADoubleLoses) {
  Sum sum = sum_of((int64_t{1} << 62) + 1);
  sum = sum + -sum_of(int64_t{1} << 62);
  EXPECT_EQ(sum.value(), 1.0);
  EXPECT_EQ((exact_multiply(1e16 + 2, 3.0) + -exact_multiply(1e16, 3.0)).value(), 6.0);
}

// Ten minutes of frames of two channels whose mean is far from zero and whose variance is small:
// what sums in float, or of squares in double, get wrong.
TEST(IntegerStatistics, AreTheExactRationalsOfTenMinutesOfCodes) {
  constexpr int64_t kFrames = 600'000;
  const Shape shape{2, 1, kFrames};
  std::vector<Code16> codes(static_cast<size_t>(shape.size()));
  Random random(5);
  __int128 sum = 0;
  __int128 squares = 0;
  const Coding coding = make_coding({16, true, {0.25F, 0.5F}, {-32768, -32768}}, 2);
  for (size_t i = 0; i < codes.size(); ++i) {
    codes[i] = static_cast<Code16>(random.integer(32700, 32703) / (i < kFrames ? 1 : 2));
    const __int128 value = (static_cast<__int128>(codes[i]) + 32768) * (i < kFrames ? 1 : 2);
    sum += value;  // in units of 0.25
    squares += value * value;
  }
  const __int128 count = shape.size();
  const double mean = static_cast<double>(sum) / static_cast<double>(count) * 0.25;
  const double variance = static_cast<double>(count * squares - sum * sum) /
                          (static_cast<double>(count) * static_cast<double>(count)) * 0.0625;
  NormStatistics op{NormKind::global, Tensor::full({2}, 1.0F), Tensor::full({2}, 0.0F),
                    Tensor::full({2}, 1.0F), 0.0};
  std::vector<float> ab(4);
  norm_statistics<Code16>(op, {codes.data(), shape}, coding, {ab.data(), {4, 1, 1}});
  EXPECT_EQ(ab[0], static_cast<float>(1.0 / std::sqrt(variance)));
  EXPECT_EQ(ab[2], static_cast<float>(-mean / std::sqrt(variance)));
}

TEST(IntegerStatistics, OfAConstantHaveNoVariance) {
  const std::vector<Code8> codes(300, 77);
  NormStatistics op{NormKind::global, Tensor::full({3}, 1.0F), Tensor::full({3}, 0.0F),
                    Tensor::full({3}, 1.0F), 1e-8};
  std::vector<float> ab(6);
  norm_statistics<Code8>(op, {codes.data(), {3, 1, 100}}, coding8({0.1F, 0.1F, 0.1F}, {0, 0, 0}),
                         {ab.data(), {6, 1, 1}});
  EXPECT_EQ(ab[0], 1e4F);
}

// Every kind against the float reference on the dequantised values.
TEST(IntegerStatistics, AgreeWithTheFloatReference) {
  Random random(9);
  const Shape shape{5, 2, 300};
  std::vector<Code8> codes(static_cast<size_t>(shape.size()));
  for (Code8& code : codes) code = static_cast<Code8>(random.integer(0, 255));
  const Coding coding = coding8({0.1F, 0.2F, 0.03F, 0.4F, 0.05F}, {0, 255, 100, 7, 128});
  std::vector<float> values(codes.size());
  dequantize<Code8>({codes.data(), shape}, coding, {values.data(), shape});
  for (NormKind kind :
       {NormKind::global, NormKind::feature_wise, NormKind::channel_wise, NormKind::cumulative}) {
    const NormStatistics op{kind, random.tensor({5}, 0.5F, 2.0F), random.tensor({5}, -1.0F, 1.0F),
                            random.tensor({5}, 0.5F, 2.0F), 1e-8};
    const Shape result = infer_shape(op, std::vector<Shape>{shape}).value();
    std::vector<float> expected(static_cast<size_t>(result.size()));
    std::vector<float> actual(expected.size());
    reference::norm_statistics(op, {values.data(), shape}, {expected.data(), result});
    norm_statistics<Code8>(op, {codes.data(), shape}, coding, {actual.data(), result});
    for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(actual[i], expected[i], 2e-6F);
  }
}

}  // namespace
}  // namespace tessera::integer
