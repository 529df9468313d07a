#include "model/recognise/recognised.h"

namespace tessera {
namespace {

void expect_becomes(std::string_view before, std::string_view after) {
  test::expect_becomes(recognise_padding, before, after);
}
void expect_stays(std::string_view text) {
  test::expect_stays(recognise_padding, text);
}

TEST(RecognisePadding, ZerosBeforeAConvolutionAreItsOwn) {
  expect_becomes(R"(%x = input() shape=[1,1,6] -> [1,1,6]
    %p = pad.zero(%x) padding=[0,0,2,1] -> [1,1,9]
    %y = conv(%p) weight=@w[1,1,1,3] padding=[0,0,0,1] -> [1,1,8]
    output "y" = %y
    weights
    @w 3 values 1 2 3)",
                 R"(%x = input() shape=[1,1,6] -> [1,1,6]
    %y = conv(%x) weight=@w[1,1,1,3] padding=[0,0,2,2] -> [1,1,8]
    output "y" = %y
    weights
    @w 3 values 1 2 3)");
}

TEST(RecognisePadding, OnePadAfterAnotherIsOne) {
  expect_becomes(R"(%x = input() shape=[1,1,6] -> [1,1,6]
    %p = pad.edge(%x) padding=[0,0,2,0] -> [1,1,8]
    %y = pad.edge(%p) padding=[0,0,1,3] -> [1,1,12]
    output "y" = %y)",
                 R"(%x = input() shape=[1,1,6] -> [1,1,6]
    %y = pad.edge(%x) padding=[0,0,3,3] -> [1,1,12]
    output "y" = %y)");
}

// A causal convolution as people write it: padded on both sides, the end chopped off.
TEST(RecognisePadding, FramesThatPaddingMadeAndASliceTakesAreNotMade) {
  expect_becomes(R"(%x = input() shape=[1,1,6] -> [1,1,6]
    %c = conv(%x) weight=@w[1,1,1,3] padding=[0,0,2,2] -> [1,1,8]
    %y = slice(%c) axis=w begin=0 end=6 -> [1,1,6]
    output "y" = %y
    weights
    @w 3 values 1 2 3)",
                 R"(%x = input() shape=[1,1,6] -> [1,1,6]
    %y = conv(%x) weight=@w[1,1,1,3] padding=[0,0,2,0] -> [1,1,6]
    output "y" = %y
    weights
    @w 3 values 1 2 3)");
}

TEST(RecognisePadding, TheSliceMayStandAfterAnActivation) {
  expect_becomes(R"(%x = input() shape=[1,1,6] -> [1,1,6]
    %c = conv(%x) weight=@w[1,1,1,3] padding=[0,0,2,2] -> [1,1,8]
    %a = unary.tanh(%c) -> [1,1,8]
    %y = slice(%a) axis=w begin=0 end=6 -> [1,1,6]
    output "y" = %y
    weights
    @w 3 values 1 2 3)",
                 R"(%x = input() shape=[1,1,6] -> [1,1,6]
    %c = conv(%x) weight=@w[1,1,1,3] padding=[0,0,2,0] -> [1,1,6]
    %y = unary.tanh(%c) -> [1,1,6]
    output "y" = %y
    weights
    @w 3 values 1 2 3)");
}

TEST(RecognisePadding, PartOfAPadThatASliceTakesIsNotMade) {
  expect_becomes(R"(%x = input() shape=[1,1,6] -> [1,1,6]
    %p = pad.zero(%x) padding=[0,0,1,3] -> [1,1,10]
    %y = slice(%p) axis=w begin=2 end=8 -> [1,1,6]
    output "y" = %y)",
                 R"(%x = input() shape=[1,1,6] -> [1,1,6]
    %p = pad.zero(%x) padding=[0,0,0,1] -> [1,1,7]
    %y = slice(%p) axis=w begin=1 end=7 -> [1,1,6]
    output "y" = %y)");
}

TEST(RecognisePadding, LeaveReflectionsBeforeAConvolution) {
  expect_stays(R"(%x = input() shape=[1,1,6] -> [1,1,6]
    %p = pad.reflect(%x) padding=[0,0,1,1] -> [1,1,8]
    %y = conv(%p) weight=@w[1,1,1,3] -> [1,1,6]
    output "y" = %y
    weights
    @w 3 values 1 2 3)");
}

// A reflection of a reflection shows other frames than one of both lengths.
TEST(RecognisePadding, LeaveReflectionsOfReflections) {
  expect_stays(R"(%x = input() shape=[1,1,6] -> [1,1,6]
    %p = pad.reflect(%x) padding=[0,0,2,0] -> [1,1,8]
    %y = pad.reflect(%p) padding=[0,0,2,0] -> [1,1,10]
    output "y" = %y)");
}

TEST(RecognisePadding, LeaveASliceThatTakesMoreThanPaddingMade) {
  expect_stays(R"(%x = input() shape=[1,1,6] -> [1,1,6]
    %c = conv(%x) weight=@w[1,1,1,3] padding=[0,0,1,1] -> [1,1,6]
    %y = slice(%c) axis=w begin=0 end=4 -> [1,1,4]
    output "y" = %y
    weights
    @w 3 values 1 2 3)");
}

TEST(RecognisePadding, LeaveAConvolutionThatIsReadWhole) {
  expect_stays(R"(%x = input() shape=[1,1,6] -> [1,1,6]
    %c = conv(%x) weight=@w[1,1,1,3] padding=[0,0,2,2] -> [1,1,8]
    %y = slice(%c) axis=w begin=0 end=6 -> [1,1,6]
    output "y" = %y
    output "c" = %c
    weights
    @w 3 values 1 2 3)");
}

}  // namespace
}  // namespace tessera
