#include "plan/window.h"

#include <gtest/gtest.h>

#include <ostream>

namespace tessera {

void PrintTo(const FrameRange& range, std::ostream* out) {
  *out << range.begin << ".." << range.end;
}

namespace {

// A kernel of so many taps along time, one channel.
Tensor taps(int64_t count) {
  return Tensor::full({1, 1, 1, count}, 1);
}

// Window of an operand of 20 frames; results are longer than one frame wherever they are not.
FrameRange window(const Op& op, FrameRange out, int64_t operand_frames = 20) {
  return operand_window(op, 0, {1, 1, operand_frames}, {1, 1, 20}, out);
}

// Frame t reads t - 2, t and t + 2.
TEST(OperandWindow, OfADilatedConvolutionReachesToBothSides) {
  const Conv conv{.weight = taps(3), .dilation = {1, 2}, .padding = {0, 0, 2, 2}};
  EXPECT_EQ(window(conv, {10, 20}), (FrameRange{8, 22}));
  EXPECT_EQ(window(conv, {0, 1}), (FrameRange{-2, 3}));
}

// Frame t reads 2t - 1 .. 2t + 2.
TEST(OperandWindow, OfAStridedConvolutionIsAsManyTimesLonger) {
  const Conv conv{.weight = taps(4), .stride = {1, 2}, .padding = {0, 0, 1, 1}};
  EXPECT_EQ(window(conv, {3, 5}), (FrameRange{5, 11}));
  EXPECT_EQ(window(Pool{.kernel = {1, 4}, .stride = {1, 2}, .padding = {0, 0, 1, 1}}, {3, 5}),
            (FrameRange{5, 11}));
}

// t = 2i + k - 1 with k = 0..3: frames 1 and 2 stand in 3 and in 4.
TEST(OperandWindow, OfATransposedConvolutionAreTheFramesThatOverlapThere) {
  const ConvTranspose up{.weight = taps(4), .stride = {1, 2}, .crop = {0, 0, 1, 1}};
  EXPECT_EQ(window(up, {3, 5}), (FrameRange{1, 3}));
}

// Kernel 2, stride 4: outputs 2 and 3 stand in no frame; the one before still marks the place.
TEST(OperandWindow, OfATransposedConvolutionWithGapsIsNeverEmpty) {
  const ConvTranspose up{.weight = taps(2), .stride = {1, 4}};
  EXPECT_EQ(window(up, {6, 8}), (FrameRange{1, 2}));
}

// 3, 5, 7, ... : outputs 1, 2, 3 are 5, 7, 9.
TEST(OperandWindow, OfASliceBeginsWhereItBegins) {
  EXPECT_EQ(window(Slice{Axis::w, 3, 20, 2}, {1, 4}), (FrameRange{5, 10}));
  EXPECT_EQ(window(Slice{Axis::c, 0, 1, 1}, {1, 4}), (FrameRange{1, 4}));
}

TEST(OperandWindow, OfAPadHoldsTheFramesThatItShowsAgain) {
  const Padding two{0, 0, 2, 2};
  EXPECT_EQ(window(Pad{two, PadMode::zero}, {0, 3}), (FrameRange{-2, 1}));
  // Frames 2, 1, 0 at the beginning; 19, 18, 17 at the end.
  EXPECT_EQ(window(Pad{two, PadMode::reflect}, {0, 3}), (FrameRange{-2, 3}));
  EXPECT_EQ(window(Pad{two, PadMode::reflect}, {21, 24}), (FrameRange{17, 22}));
  EXPECT_EQ(window(Pad{two, PadMode::edge}, {0, 1}), (FrameRange{-2, 1}));
  EXPECT_EQ(window(Pad{two, PadMode::edge}, {23, 24}), (FrameRange{19, 22}));
}

TEST(OperandWindow, OfAnOperandOfOneFrameIsThatFrame) {
  EXPECT_EQ(window(Add{}, {5, 9}, 1), (FrameRange{0, 1}));
  EXPECT_EQ(window(Add{}, {5, 9}), (FrameRange{5, 9}));
}

TEST(IsTileable, WhatLooksAtTheWholeSequenceIsNot) {
  const Op barriers[] = {Norm{.kind = NormKind::global},
                         Norm{.kind = NormKind::feature_wise},
                         Norm{.kind = NormKind::cumulative},
                         NormStatistics{},
                         ScaleShift{},
                         GlobalPool{},
                         CumulativeSum{},
                         Softmax{.over = SoftmaxOver::time},
                         Concat{Axis::w},
                         Reduce{.over_w = true}};
  for (const Op& op : barriers) EXPECT_FALSE(is_tileable(op)) << op_name(op);
  const Op local[] = {Conv{},
                      ConvTranspose{},
                      Affine{},
                      Norm{.kind = NormKind::batch},
                      Norm{.kind = NormKind::channel_wise},
                      Unary{},
                      Softmax{.over = SoftmaxOver::channel},
                      Add{},
                      Mul{},
                      Binary{},
                      Concat{Axis::c},
                      Slice{},
                      Pad{},
                      Pool{},
                      Reduce{.over_c = true}};
  for (const Op& op : local) EXPECT_TRUE(is_tileable(op)) << op_name(op);
}

// Frames 0 and 1 of a sequence: what lies before it is padding, what lies after is read.
TEST(TileOp, PadsWhatLiesOutsideAndNothingElse) {
  const Conv conv{.weight = taps(5), .padding = {0, 0, 2, 2}};
  const FrameRange wanted = window(conv, {0, 2});
  ASSERT_EQ(wanted, (FrameRange{-2, 4}));
  const TileOp tile = tile_op(conv, wanted, {0, 4}, {0, 2});
  EXPECT_EQ(std::get<Conv>(tile.op).padding, (Padding{0, 0, 2, 0}));
  EXPECT_EQ(tile.skip, 0);
}

// Output 3 is sample 4 of the frames from 0, so sample 2 of those from 1; two frames of four
// samples, two apart, are six: two before, two wanted, two after.
TEST(TileOp, CropsATransposedConvolutionToItsTile) {
  const ConvTranspose up{.weight = taps(4), .stride = {1, 2}, .crop = {0, 0, 1, 1}};
  const TileOp tile = tile_op(up, {1, 3}, {1, 3}, {3, 5});
  EXPECT_EQ(std::get<ConvTranspose>(tile.op).crop, (Padding{0, 0, 2, 2}));
}

TEST(TakesZerosFromInput, AreConvolutionsThatPad) {
  EXPECT_TRUE(takes_zeros_from_input(Conv{.weight = taps(3), .padding = {0, 0, 0, 2}}));
  EXPECT_FALSE(takes_zeros_from_input(Conv{.weight = taps(3)}));
  EXPECT_FALSE(takes_zeros_from_input(Pad{{0, 0, 1, 1}, PadMode::zero}));
}

TEST(FrameRanges, HullAndClip) {
  EXPECT_EQ(hull({3, 5}, {4, 9}), (FrameRange{3, 9}));
  EXPECT_EQ(clip({-3, 25}, 20), (FrameRange{0, 20}));
  EXPECT_EQ(clip({-3, -1}, 20).frames(), 0);
}

}  // namespace
}  // namespace tessera
