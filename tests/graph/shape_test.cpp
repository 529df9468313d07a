// Shape inference: what each op gives, and the exact words of each refusal.
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "tessera/compiler/op.h"

namespace tessera {
namespace {

Shape shape(const Op& op, std::vector<Shape> operands) {
  return infer_shape(op, operands).value();
}

std::string error(const Op& op, std::vector<Shape> operands) {
  const Result<Shape> result = infer_shape(op, operands);
  if (result) return "no error";
  EXPECT_EQ(result.error().code, ErrorCode::kInvalidModel);
  return result.error().to_string();
}

Tensor ones(std::vector<int64_t> dims) {
  return Tensor::full(std::move(dims), 1);
}

constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();

TEST(ShapeOfConv, FollowsTheUsualFormula) {
  EXPECT_EQ(shape(Conv{.weight = ones({512, 1, 1, 16}), .stride = {1, 8}}, {{1, 1, 16000}}),
            (Shape{512, 1, 1999}));
  EXPECT_EQ(shape(Conv{.weight = ones({8, 1, 1, 3}),
                       .dilation = {1, 4},
                       .padding = {0, 0, 8, 0},
                       .groups = 8},
                  {{8, 2, 100}}),
            (Shape{8, 2, 100}));
}

TEST(ShapeOfConv, RefusesAnInputShorterThanTheKernel) {
  EXPECT_EQ(error(Conv{.weight = ones({4, 1, 1, 16})}, {{1, 1, 15}}),
            "input of 15 along w (padding 0) is shorter than the kernel's span of 16");
}

TEST(ShapeOfConv, RefusesWeightsThatDoNotFitTheChannels) {
  EXPECT_EQ(error(Conv{.weight = ones({4, 3, 1, 1})}, {{8, 1, 10}}),
            "weight [4, 3, 1, 1] with 1 group needs 3 input channels, found 8");
  EXPECT_EQ(error(Conv{.weight = ones({4, 8, 1, 1}), .groups = 3}, {{8, 1, 10}}),
            "groups 3 do not divide 8 input and 4 output channels");
  EXPECT_EQ(error(Conv{.weight = ones({4, 8, 1})}, {{8, 1, 10}}),
            "weight has shape [4, 8, 1], expected four dimensions");
  EXPECT_EQ(error(Conv{}, {{8, 1, 10}}), "weight has shape [], expected four dimensions");
  EXPECT_EQ(error(Conv{.weight = ones({4, 8, 1, 1}), .bias = ones({3})}, {{8, 1, 10}}),
            "bias has shape [3], expected [4]");
}

TEST(ShapeOfConv, RefusesImpossibleAttributes) {
  const Tensor weight = ones({1, 1, 1, 3});
  const std::vector<Shape> x = {{1, 1, 10}};
  EXPECT_EQ(error(Conv{.weight = weight, .stride = {1, 0}}, x),
            "stride must lie between 1 and 1073741824, found h=1 w=0");
  EXPECT_EQ(error(Conv{.weight = weight, .dilation = {1, kHuge}}, x),
            "dilation must lie between 1 and 1073741824, found h=1 w=9223372036854775807");
  EXPECT_EQ(error(Conv{.weight = weight, .padding = {0, 0, -1, 0}}, x),
            "padding has an impossible value -1");
  EXPECT_EQ(error(Conv{.weight = weight, .groups = 0}, x),
            "groups 0 do not divide 1 input and 1 output channels");
  EXPECT_EQ(error(Conv{.weight = weight, .groups = kHuge}, x),
            "groups 9223372036854775807 do not divide 1 input and 1 output channels");
}

TEST(ShapeOfConvTranspose, UndoesTheEncoderUpToTheRemainder) {
  EXPECT_EQ(
      shape(ConvTranspose{.weight = ones({512, 1, 1, 16}), .stride = {1, 8}}, {{512, 1, 1999}}),
      (Shape{1, 1, 16000}));
  EXPECT_EQ(shape(ConvTranspose{.weight = ones({6, 2, 1, 5}),
                                .stride = {1, 3},
                                .crop = {0, 0, 2, 1},
                                .extra = {0, 1},
                                .groups = 3},
                  {{6, 1, 10}}),
            (Shape{6, 1, 9 * 3 + 5 + 1 - 3}));
}

TEST(ShapeOfConvTranspose, RefusesWhatLeavesNothing) {
  EXPECT_EQ(error(ConvTranspose{.weight = ones({1, 1, 1, 2}), .crop = {0, 0, 2, 2}}, {{1, 1, 3}}),
            "the crop leaves nothing of the output (h=1 w=0)");
}

TEST(ShapeOfConvTranspose, RefusesSizesBeyondAllReason) {
  EXPECT_EQ(error(ConvTranspose{.weight = ones({1, 1, 1, 2}), .stride = {1, 1 << 30}},
                  {{1, 1, int64_t{1} << 31}}),
            "result [1,1,2305843008139952130] has an impossible size");
  EXPECT_EQ(error(ConvTranspose{.weight = ones({1, 1, 1, 2}), .extra = {0, -1}}, {{1, 1, 3}}),
            "extra output has an impossible value h=0 w=-1");
  EXPECT_EQ(error(ConvTranspose{.weight = ones({2, 1, 1, 2})}, {{1, 1, 3}}),
            "weight [2, 1, 1, 2] needs 2 input channels, found 1");
  EXPECT_EQ(error(ConvTranspose{.weight = ones({4, 1, 1, 2}), .groups = 3}, {{4, 1, 3}}),
            "groups 3 do not divide 4 input channels");
}

TEST(ShapeOfInput, RefusesEmptyAndHugeShapes) {
  EXPECT_EQ(error(Input{{1, 1, 0}}, {}), "result [1,1,0] has an impossible size");
  EXPECT_EQ(error(Input{{-4, 1, 8}}, {}), "result [-4,1,8] has an impossible size");
  EXPECT_EQ(error(Input{{1 << 20, 1 << 20, 1 << 20}}, {}),
            "result [1048576,1048576,1048576] has too many elements");
}

TEST(ShapeOfConstant, IsThatOfItsValue) {
  EXPECT_EQ(shape(Constant{ones({2, 1, 3})}, {}), (Shape{2, 1, 3}));
  EXPECT_EQ(error(Constant{ones({2, 3})}, {}), "a constant has three dimensions [C, H, W]");
}

TEST(ShapeOfNorm, NeedsOneGammaAndBetaPerChannel) {
  EXPECT_EQ(error(Norm{.gamma = ones({3}), .beta = ones({4})}, {{4, 1, 5}}),
            "gamma has shape [3], expected [4]");
  EXPECT_EQ(error(Norm{.gamma = ones({4})}, {{4, 1, 5}}), "beta has shape [], expected [4]");
}

TEST(ShapeOfNorm, ChecksEpsilonAndRunningStatistics) {
  const Norm norm{.gamma = ones({4}), .beta = ones({4})};
  Norm nan = norm;
  nan.eps = std::nan("");
  EXPECT_EQ(error(nan, {{4, 1, 5}}), "eps must be a number of at least 0, found nan");
  Norm batch = norm;
  batch.kind = NormKind::batch;
  EXPECT_EQ(error(batch, {{4, 1, 5}}), "mean has shape [], expected [4]");
  Norm with_mean = norm;
  with_mean.mean = ones({4});
  EXPECT_EQ(error(with_mean, {{4, 1, 5}}), "only a batch norm has a running mean and variance");
}

TEST(ShapeOfUnary, ChecksSlopesAndBounds) {
  EXPECT_EQ(shape(Unary{.kind = UnaryKind::prelu, .slope = ones({1})}, {{4, 1, 5}}),
            (Shape{4, 1, 5}));
  EXPECT_EQ(error(Unary{.kind = UnaryKind::prelu, .slope = ones({3})}, {{4, 1, 5}}),
            "prelu slope has shape [3], expected [1] or [4]");
  EXPECT_EQ(error(Unary{.kind = UnaryKind::prelu}, {{4, 1, 5}}),
            "prelu slope has shape [], expected [1] or [4]");
  EXPECT_EQ(error(Unary{.kind = UnaryKind::relu, .slope = ones({1})}, {{4, 1, 5}}),
            "only prelu has a slope");
  EXPECT_EQ(error(Unary{.kind = UnaryKind::clip, .alpha = 1, .beta = 0}, {{4, 1, 5}}),
            "clip bounds are in the wrong order: 1 above 0");
}

TEST(ShapeOfAffine, NeedsOneScaleAndBiasPerChannel) {
  EXPECT_EQ(error(Affine{ones({1}), ones({4})}, {{4, 1, 5}}), "scale has shape [1], expected [4]");
}

TEST(ShapeOfSoftmax, DividesChannelsAmongSources) {
  EXPECT_EQ(error(Softmax{SoftmaxOver::source, 3}, {{4, 1, 5}}),
            "4 channels cannot be split among 3 sources");
  EXPECT_EQ(error(Softmax{SoftmaxOver::source, 0}, {{4, 1, 5}}),
            "4 channels cannot be split among 0 sources");
}

TEST(ShapeOfAdd, Broadcasts) {
  EXPECT_EQ(shape(Add{}, {{4, 1, 5}, {1, 2, 1}}), (Shape{4, 2, 5}));
  EXPECT_EQ(error(Add{}, {{4, 1, 5}, {3, 1, 5}}), "operands [4,1,5] and [3,1,5] do not broadcast");
}

TEST(ShapeOfAnything, CountsOperands) {
  EXPECT_EQ(error(Add{}, {{4, 1, 5}}), "add takes 2 operands, found 1");
  EXPECT_EQ(error(Unary{}, {}), "unary.relu takes 1 operand, found 0");
  EXPECT_EQ(error(Concat{}, {}), "concat takes at least 1 operand, found 0");
  EXPECT_EQ(error(Input{{1, 1, 1}}, {{4, 1, 5}}), "input takes 0 operands, found 1");
}

TEST(ShapeOfConcat, AddsAlongItsAxisOnly) {
  EXPECT_EQ(shape(Concat{Axis::w}, {{4, 1, 5}, {4, 1, 7}}), (Shape{4, 1, 12}));
  EXPECT_EQ(error(Concat{Axis::c}, {{4, 1, 5}, {4, 1, 7}}),
            "cannot join [4,1,5] and [4,1,7] along c");
}

TEST(ShapeOfSlice, StaysInside) {
  EXPECT_EQ(shape(Slice{Axis::w, 1, 8, 3}, {{1, 1, 10}}), (Shape{1, 1, 3}));
  EXPECT_EQ(error(Slice{Axis::w, 0, 11, 1}, {{1, 1, 10}}),
            "slice 0:11:1 along w does not lie inside 10 elements");
  EXPECT_EQ(error(Slice{Axis::c, 0, 1, 0}, {{1, 1, 10}}),
            "slice 0:1:0 along c does not lie inside 1 elements");
}

TEST(ShapeOfPad, ReflectsLessThanItHas) {
  EXPECT_EQ(shape(Pad{{1, 0, 2, 3}, PadMode::edge}, {{1, 1, 4}}), (Shape{1, 2, 9}));
  EXPECT_EQ(error(Pad{{0, 0, 4, 0}, PadMode::reflect}, {{1, 1, 4}}),
            "reflection of left 4 right 0 top 0 bottom 0 needs more than that many elements, found "
            "[1,1,4]");
}

TEST(ShapeOfPool, NeedsPaddingBelowTheKernel) {
  EXPECT_EQ(shape(Pool{.kernel = {1, 3}, .stride = {1, 2}, .padding = {0, 0, 1, 1}}, {{2, 1, 11}}),
            (Shape{2, 1, 6}));
  EXPECT_EQ(error(Pool{.kernel = {1, 2}, .padding = {0, 0, 2, 0}}, {{2, 1, 11}}),
            "pool padding must be smaller than the kernel");
}

TEST(ShapeOfGemm, NeedsOneFrame) {
  EXPECT_EQ(shape(Gemm{ones({64, 256})}, {{256, 2, 1}}), (Shape{64, 2, 1}));
  EXPECT_EQ(error(Gemm{ones({64, 256})}, {{256, 1, 7}}), "gemm needs w = 1, found [256,1,7]");
  EXPECT_EQ(error(Gemm{ones({64, 255})}, {{256, 1, 1}}),
            "weight has shape [64, 255], expected [64, 256]");
  EXPECT_EQ(error(Gemm{ones({64})}, {{64, 1, 1}}), "gemm weight has two dimensions [out, in]");
}

TEST(ShapeOfReduce, KeepsReducedAxesAtOne) {
  EXPECT_EQ(shape(Reduce{.over_c = true, .over_w = true}, {{4, 2, 5}}), (Shape{1, 2, 1}));
  EXPECT_EQ(error(Reduce{}, {{4, 2, 5}}), "a reduction names at least one axis");
}

TEST(MacsOfConv, CountEveryProductOnce) {
  const std::vector<Shape> x = {{8, 1, 100}};
  const Conv grouped{.weight = ones({4, 4, 1, 3}), .padding = {0, 0, 1, 1}, .groups = 2};
  EXPECT_EQ(macs(grouped, x, shape(grouped, x)), 100 * 4 * 4 * 3);
  const ConvTranspose decoder{.weight = ones({8, 2, 1, 16}), .stride = {1, 8}};
  EXPECT_EQ(macs(decoder, x, shape(decoder, x)), 100 * 8 * 2 * 16);
  EXPECT_EQ(macs(Affine{ones({8}), ones({8})}, x, x[0]), 0);
}

TEST(MacsOfConv, SaturateInsteadOfOverflowing) {
  const Conv conv{.weight = ones({1, 1, 1, 1 << 20})};
  EXPECT_EQ(macs(conv, {}, {int64_t{1} << 22, 1, int64_t{1} << 22}), kHuge);
}

}  // namespace
}  // namespace tessera
