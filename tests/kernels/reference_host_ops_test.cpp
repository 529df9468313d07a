// Ops that only rewriting makes: they are held to the ops they stand for.
#include <gtest/gtest.h>

#include "kernels/evaluate_op.h"

namespace tessera {
namespace {

test::Value wave(Shape shape) {
  test::Value value{shape, {}};
  for (int64_t i = 0; i < shape.size(); ++i)
    value.values.push_back(static_cast<float>((i * 37 + i * i * 7) % 64 - 28) / 16.0F);
  return value;
}

Tensor weights(int64_t seed, std::vector<int64_t> dims) {
  int64_t count = 1;
  for (int64_t dim : dims) count *= dim;
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(static_cast<float>((i * 29 + seed * 13) % 31 - 15) / 16.0F);
  return Tensor(std::move(dims), std::move(values));
}

TEST(OverlapAdd, IsATransposedConvolutionOfUnitTaps) {
  for (int64_t stride : {1, 2, 3, 5, 7}) {
    constexpr int64_t kKernel = 5;
    constexpr int64_t kChannels = 2;
    const test::Value x = wave({kKernel * kChannels, 2, 6});
    // Channel k*2 + o goes to tap k of channel o.
    std::vector<float> unit(static_cast<size_t>(kKernel * kChannels * kChannels * kKernel), 0.0F);
    for (int64_t k = 0; k < kKernel; ++k) {
      for (int64_t o = 0; o < kChannels; ++o)
        unit[static_cast<size_t>(((k * kChannels + o) * kChannels + o) * kKernel + k)] = 1.0F;
    }
    ConvTranspose conv;
    conv.weight = Tensor({kKernel * kChannels, kChannels, 1, kKernel}, unit);
    conv.stride.w = stride;
    const test::Value expected = test::evaluate_op(conv, {x});
    const test::Value sums = test::evaluate_op(OverlapAdd{kKernel, stride}, {x});
    EXPECT_EQ(sums.shape, expected.shape);
    EXPECT_EQ(sums.values, expected.values) << "stride " << stride;
  }
}

TEST(OverlapAdd, OfAHopAsLongAsTheKernelInterleaves) {
  const test::Value woven =
      test::evaluate_op(OverlapAdd{2, 2}, {test::rows({{1, 3, 5}, {2, 4, 6}})});
  EXPECT_EQ(woven.values, (std::vector<float>{1, 2, 3, 4, 5, 6}));
}

TEST(NormStatistics, WithScaleAndShiftAreTheNorm) {
  for (NormKind kind :
       {NormKind::global, NormKind::feature_wise, NormKind::channel_wise, NormKind::cumulative}) {
    const test::Value x = wave({3, 2, 700});  // longer than one tile of the kernels
    Norm norm;
    norm.kind = kind;
    norm.gamma = weights(1, {3});
    norm.beta = weights(2, {3});
    norm.eps = 1e-5;
    const test::Value expected = test::evaluate_op(norm, {x});
    const test::Value numbers =
        test::evaluate_op(NormStatistics{kind, norm.gamma, norm.beta, norm.gamma, norm.eps}, {x});
    const test::Value actual = test::evaluate_op(ScaleShift{}, {x, numbers});
    ASSERT_EQ(actual.shape, expected.shape);
    for (size_t i = 0; i < expected.values.size(); ++i)
      ASSERT_NEAR(actual.values[i], expected.values[i], 2e-6F) << to_string(kind) << " at " << i;
  }
}

TEST(NormStatistics, OfASequenceAreOneNumberPerRowAndDevice) {
  const NormStatistics op{NormKind::global, weights(1, {3}), weights(2, {3}), weights(3, {3}),
                          1e-8};
  const std::vector<Shape> operand{{5, 2, 40}};
  EXPECT_EQ(infer_shape(op, operand).value(), (Shape{6, 2, 1}));
  const NormStatistics per_frame{NormKind::cumulative, op.gamma, op.beta, op.center, op.eps};
  EXPECT_EQ(infer_shape(per_frame, operand).value(), (Shape{6, 2, 40}));
}

TEST(NormStatistics, OfABatchNormAreRefused) {
  const NormStatistics op{NormKind::batch, weights(1, {3}), weights(2, {3}), weights(3, {3}), 1e-8};
  const std::vector<Shape> operand{{3, 1, 40}};
  const Result<Shape> shape = infer_shape(op, operand);
  ASSERT_FALSE(shape);
  EXPECT_EQ(shape.error().message, "a batch norm has no statistics to compute");
}

TEST(ScaleShift, RefusesNumbersOfOtherChannels) {
  const std::vector<Shape> operands{{3, 1, 40}, {4, 1, 1}};
  const Result<Shape> shape = infer_shape(ScaleShift{}, operands);
  ASSERT_FALSE(shape);
  EXPECT_EQ(shape.error().message, "[4,1,1] cannot scale and shift [3,1,40]");
}

TEST(OverlapAdd, RefusesChannelsThatAreNoMultipleOfTheKernel) {
  const std::vector<Shape> operand{{7, 1, 40}};
  const Result<Shape> shape = infer_shape(OverlapAdd{4, 2}, operand);
  ASSERT_FALSE(shape);
  EXPECT_EQ(shape.error().message, "7 channels cannot be split into 4 taps");
}

}  // namespace
}  // namespace tessera
