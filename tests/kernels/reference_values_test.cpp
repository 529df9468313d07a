// The reference kernels on values worked out by hand, where PyTorch's vectors do not look: borders,
// extremes, NaN, stretches longer than one tile.
#include <cmath>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include "kernels/evaluate_op.h"
#include "kernels/ref/time_tile.h"

namespace tessera {
namespace {

using test::evaluate_op;
using test::rows;
using test::Value;
using Floats = std::vector<float>;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(ReferenceConv, CorrelatesWithoutFlippingTheKernel) {
  const Conv op{.weight = Tensor({1, 1, 1, 2}, {10, 1}), .bias = Tensor({1}, {100})};
  EXPECT_EQ(evaluate_op(op, {rows({{1, 2, 3}})}).values, (Floats{112, 123}));
}

TEST(ReferenceConv, SeesZerosOutside) {
  const Conv op{.weight = Tensor({1, 1, 1, 3}, {1, 10, 100}), .padding = {0, 0, 2, 1}};
  EXPECT_EQ(evaluate_op(op, {rows({{1, 2, 3}})}).values, (Floats{100, 210, 321, 32}));
}

TEST(ReferenceConv, DoesNotMixDeviceRowsOrGroups) {
  const Conv op{.weight = Tensor({2, 1, 1, 1}, {2, 3}), .groups = 2};
  const Value x{{2, 2, 1}, {1, 10, 100, 1000}};
  EXPECT_EQ(evaluate_op(op, {x}).values, (Floats{2, 20, 300, 3000}));
}

TEST(ReferenceConv, DoesNotLetPaddingTouchInfinities) {
  const Conv op{.weight = Tensor({1, 1, 1, 2}, {kInfinity, 1}), .padding = {0, 0, 1, 0}};
  EXPECT_EQ(evaluate_op(op, {rows({{5, 6}})}).values, (Floats{5, kInfinity}));
}

TEST(ReferenceConv, RoundsOnce) {
  // 2^24 + 1 + 1 in float32 would lose both ones.
  const Conv op{.weight = Tensor::full({1, 3, 1, 1}, 1)};
  EXPECT_EQ(evaluate_op(op, {rows({{16777216}, {1}, {1}})}).values, (Floats{16777218}));
}

TEST(ReferenceConv, IsTheSameAcrossBordersOfTiles) {
  for (int64_t stride : {1, 3}) {
    const int64_t frames = 3 * reference::kTileFrames + 17;
    Value x{{1, 1, frames}, Floats(static_cast<size_t>(frames))};
    std::iota(x.values.begin(), x.values.end(), 1.0F);
    const Conv op{.weight = Tensor({1, 1, 1, 3}, {1, 2, 3}),
                  .stride = {1, stride},
                  .dilation = {1, 5},
                  .padding = {0, 0, 7, 9}};
    const Value y = evaluate_op(op, {x});
    const auto at = [&](int64_t i) {
      return i < 0 || i >= frames ? 0.0F : x.values[static_cast<size_t>(i)];
    };
    for (int64_t t = 0; t < y.shape.w; ++t) {
      const int64_t s = t * stride - 7;
      ASSERT_EQ(y.values[static_cast<size_t>(t)], at(s) + 2 * at(s + 5) + 3 * at(s + 10)) << t;
    }
  }
}

TEST(ReferenceConvTranspose, OverlapsAndAdds) {
  const ConvTranspose op{.weight = Tensor({1, 1, 1, 3}, {1, 10, 100}), .stride = {1, 2}};
  EXPECT_EQ(evaluate_op(op, {rows({{1, 2}})}).values, (Floats{1, 10, 102, 20, 200}));
}

TEST(ReferenceConvTranspose, CropsAndAppends) {
  const ConvTranspose op{.weight = Tensor({1, 1, 1, 2}, {1, 10}),
                         .bias = Tensor({1}, {0.5F}),
                         .stride = {1, 3},
                         .crop = {0, 0, 1, 0},
                         .extra = {0, 2}};
  EXPECT_EQ(evaluate_op(op, {rows({{1, 2}})}).values,
            (Floats{10.5F, 0.5F, 2.5F, 20.5F, 0.5F, 0.5F}));
}

Norm norm(NormKind kind, int64_t channels) {
  return Norm{.kind = kind,
              .gamma = Tensor::full({channels}, 1),
              .beta = Tensor::full({channels}, 0),
              .eps = 0};
}

TEST(ReferenceNorm, TakesItsStatisticsOverItsOwnSet) {
  const Value x = rows({{1, 3}, {5, 7}});  // mean 4, variance 5
  const float one = std::sqrt(5.0F);
  const Value global = evaluate_op(norm(NormKind::global, 2), {x});
  EXPECT_FLOAT_EQ(global.values[0], -3 / one);
  EXPECT_FLOAT_EQ(global.values[3], 3 / one);
  EXPECT_EQ(evaluate_op(norm(NormKind::feature_wise, 2), {x}).values, (Floats{-1, 1, -1, 1}));
  EXPECT_EQ(evaluate_op(norm(NormKind::channel_wise, 2), {x}).values, (Floats{-1, -1, 1, 1}));
  const Value cumulative = evaluate_op(norm(NormKind::cumulative, 2), {x});
  EXPECT_FLOAT_EQ(cumulative.values[0], -1);        // frame 0: 1 and 5
  EXPECT_FLOAT_EQ(cumulative.values[1], -1 / one);  // frame 1: all four
}

TEST(ReferenceNorm, KeepsDeviceRowsApart) {
  const Value x{{1, 2, 2}, {1, 3, 100, 300}};
  for (NormKind kind : {NormKind::global, NormKind::feature_wise})
    EXPECT_EQ(evaluate_op(norm(kind, 1), {x}).values, (Floats{-1, 1, -1, 1}));
}

TEST(ReferenceNorm, AddsEpsilonInsideTheRoot) {
  Norm op = norm(NormKind::global, 1);
  op.eps = 0.25;
  EXPECT_EQ(evaluate_op(op, {rows({{3, 3}})}).values, (Floats{0, 0}));
  op.gamma = Tensor({1}, {2});
  op.beta = Tensor({1}, {1});
  op.eps = 3;
  EXPECT_EQ(evaluate_op(op, {rows({{-1, 1}})}).values, (Floats{0, 2}));
}

TEST(ReferenceNorm, DoesNotCancelOnALargeMean) {
  // In float32 a sum of squares of 1e4 has no digits left for a variance of 1.
  Floats x(2000);
  for (size_t i = 0; i < x.size(); ++i) x[i] = i % 2 == 0 ? 9999.0F : 10001.0F;
  for (NormKind kind : {NormKind::global, NormKind::feature_wise}) {
    EXPECT_EQ(evaluate_op(norm(kind, 1), {rows({x})}).values[0], -1);
  }
  EXPECT_NEAR(evaluate_op(norm(NormKind::cumulative, 1), {rows({x})}).values[1999], 1, 1e-6);
}

TEST(ReferenceNorm, CumulativeIsTheSameAcrossBordersOfTiles) {
  const int64_t frames = reference::kTileFrames + 5;
  Value x{{1, 1, frames}, Floats(static_cast<size_t>(frames), 1)};
  x.values[static_cast<size_t>(reference::kTileFrames)] = static_cast<float>(frames);
  const Value y = evaluate_op(norm(NormKind::cumulative, 1), {x});
  const auto n = static_cast<float>(reference::kTileFrames + 1);
  // One outlier among n equal values stands sqrt(n - 1) deviations above the mean.
  EXPECT_NEAR(y.values[static_cast<size_t>(reference::kTileFrames)], std::sqrt(n - 1), 1e-4);
}

TEST(ReferenceUnary, PreluKeepsZeroAndPositives) {
  const Unary op{.kind = UnaryKind::prelu, .slope = Tensor({2}, {0.5F, -2})};
  EXPECT_EQ(evaluate_op(op, {rows({{-2, 0, 3}, {-1, 4, -0.5F}})}).values,
            (Floats{-1, 0, 3, 2, 4, 1}));
}

TEST(ReferenceUnary, NeverHidesANan) {
  for (int kind = 0; kind <= static_cast<int>(UnaryKind::erf); ++kind) {
    Unary op{.kind = static_cast<UnaryKind>(kind), .alpha = 0.1, .beta = 0.5};
    if (op.kind == UnaryKind::prelu) op.slope = Tensor({1}, {0.5F});
    EXPECT_TRUE(std::isnan(evaluate_op(op, {rows({{kNan}})}).values[0])) << to_string(op.kind);
  }
}

TEST(ReferenceUnary, SurvivesExtremes) {
  const auto at = [](UnaryKind kind, float x) {
    return evaluate_op(Unary{.kind = kind}, {rows({{x}})}).values[0];
  };
  EXPECT_EQ(at(UnaryKind::sigmoid, -1000), 0);
  EXPECT_EQ(at(UnaryKind::sigmoid, 1000), 1);
  EXPECT_EQ(at(UnaryKind::softplus, 1000), 1000);
  EXPECT_EQ(at(UnaryKind::softplus, -1000), 0);
  EXPECT_EQ(at(UnaryKind::silu, -1000), 0);
  EXPECT_EQ(at(UnaryKind::gelu, 1000), 1000);
}

TEST(ReferenceSoftmax, DoesNotOverflow) {
  const Value y = evaluate_op(Softmax{SoftmaxOver::source, 2}, {rows({{1000}, {1000}})});
  EXPECT_EQ(y.values, (Floats{0.5F, 0.5F}));
}

TEST(ReferenceSoftmax, OverSourcesComparesTheSameChannelOfEach) {
  const Value x = rows({{0}, {50}, {0}, {0}});  // two sources of two channels
  EXPECT_EQ(evaluate_op(Softmax{SoftmaxOver::source, 2}, {x}).values,
            (Floats{0.5F, 1, 0.5F, static_cast<float>(std::exp(-50.0))}));
  EXPECT_EQ(evaluate_op(Softmax{SoftmaxOver::channel, 2}, {x}).values[2], 0.5F);
}

TEST(ReferenceBinary, BroadcastsEitherOperand) {
  const Value grid = rows({{1, 2}, {3, 4}});
  const Value column{{2, 1, 1}, {10, 20}};
  EXPECT_EQ(evaluate_op(Add{}, {grid, column}).values, (Floats{11, 12, 23, 24}));
  EXPECT_EQ(evaluate_op(Mul{}, {column, grid}).values, (Floats{10, 20, 60, 80}));
  EXPECT_EQ(evaluate_op(Add{}, {rows({{1, 2}}), column}).values, (Floats{11, 12, 21, 22}));
}

TEST(ReferenceBinary, MaximumAndMinimumPassNanOn) {
  for (BinaryKind kind : {BinaryKind::max, BinaryKind::min}) {
    const Floats result = evaluate_op(Binary{kind}, {rows({{kNan, 1}}), rows({{1, kNan}})}).values;
    EXPECT_TRUE(std::isnan(result[0]) && std::isnan(result[1]));
  }
}

TEST(ReferenceConcat, JoinsAlongEveryAxis) {
  const Value a{{1, 2, 1}, {1, 2}};
  const Value b{{1, 2, 1}, {3, 4}};
  const Value by_c = evaluate_op(Concat{Axis::c}, {a, b});
  EXPECT_EQ(by_c.shape, (Shape{2, 2, 1}));
  EXPECT_EQ(by_c.values, (Floats{1, 2, 3, 4}));
  const Value by_h = evaluate_op(Concat{Axis::h}, {a, b});
  EXPECT_EQ(by_h.shape, (Shape{1, 4, 1}));
  EXPECT_EQ(by_h.values, (Floats{1, 2, 3, 4}));
  const Value by_w = evaluate_op(Concat{Axis::w}, {a, b});
  EXPECT_EQ(by_w.shape, (Shape{1, 2, 2}));
  EXPECT_EQ(by_w.values, (Floats{1, 3, 2, 4}));
}

TEST(ReferenceSlice, StepsAlongEveryAxis) {
  const Value x{{2, 2, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}};
  EXPECT_EQ(evaluate_op(Slice{Axis::w, 0, 3, 2}, {x}).values, (Floats{0, 2, 3, 5, 6, 8, 9, 11}));
  EXPECT_EQ(evaluate_op(Slice{Axis::h, 1, 2, 1}, {x}).values, (Floats{3, 4, 5, 9, 10, 11}));
  EXPECT_EQ(evaluate_op(Slice{Axis::c, 1, 2, 1}, {x}).values, (Floats{6, 7, 8, 9, 10, 11}));
}

TEST(ReferencePad, ReflectsWithoutRepeatingTheBorder) {
  EXPECT_EQ(evaluate_op(Pad{{0, 0, 2, 1}, PadMode::reflect}, {rows({{1, 2, 3}})}).values,
            (Floats{3, 2, 1, 2, 3, 2}));
  EXPECT_EQ(evaluate_op(Pad{{0, 0, 2, 1}, PadMode::edge}, {rows({{1, 2, 3}})}).values,
            (Floats{1, 1, 1, 2, 3, 3}));
}

TEST(ReferencePool, DividesByTheKernelOrByWhatItCovers) {
  Pool op{.kind = PoolKind::average, .kernel = {1, 3}, .padding = {0, 0, 1, 1}};
  EXPECT_EQ(evaluate_op(op, {rows({{3, 6}})}).values, (Floats{3, 3}));
  op.count_padding = false;
  EXPECT_EQ(evaluate_op(op, {rows({{3, 6}})}).values, (Floats{4.5F, 4.5F}));
}

TEST(ReferencePool, TakesTheMaximumOfNegativesNotOfPadding) {
  const Pool op{.kind = PoolKind::max, .kernel = {1, 3}, .padding = {0, 0, 1, 1}};
  EXPECT_EQ(evaluate_op(op, {rows({{-5, -3, -4}})}).values, (Floats{-3, -3, -3}));
}

TEST(ReferenceReduce, NamesItsAxes) {
  const Value x{{2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 9}};
  EXPECT_EQ(evaluate_op(Reduce{.kind = ReduceKind::sum, .over_c = true}, {x}).values,
            (Floats{6, 8, 10, 13}));
  EXPECT_EQ(evaluate_op(Reduce{.kind = ReduceKind::max, .over_h = true}, {x}).values,
            (Floats{3, 4, 7, 9}));
  EXPECT_EQ(
      evaluate_op(Reduce{.kind = ReduceKind::mean, .over_c = true, .over_w = true}, {x}).values,
      (Floats{3.5F, 5.75F}));
}

TEST(ReferenceCumulativeSum, RunsAlongTimeInFloat64) {
  EXPECT_EQ(evaluate_op(CumulativeSum{}, {rows({{16777216, 1, 1}, {1, 2, 3}})}).values,
            (Floats{16777216, 16777216, 16777218, 1, 3, 6}));
}

}  // namespace
}  // namespace tessera
