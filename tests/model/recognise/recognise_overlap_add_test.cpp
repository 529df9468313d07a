// A decoder of two filters with frames of four samples, two samples apart, in every spelling that
// is recognised: filter 1 is 1 2 3 4, filter 2 is 5 6 7 8.
#include "model/recognise/recognised.h"

namespace tessera {
namespace {

void expect_becomes(std::string_view before, std::string_view after) {
  test::expect_becomes(recognise_overlap_add, before, after);
}
void expect_stays(std::string_view text) {
  test::expect_stays(recognise_overlap_add, text);
}

constexpr std::string_view kDecoder = R"(%x = input() shape=[2,1,3] -> [2,1,3]
    %y = conv_transpose(%x) weight=@w[2,1,1,4] stride=[1,2] -> [1,1,8]
    output "y" = %y
    weights
    @w 8 values 1 2 3 4 5 6 7 8)";

// The convolution makes sample k of a frame in channel k, from filter 1 and filter 2.
TEST(RecogniseOverlapAdd, SamplesThatAreOnlyPickedJoinTheConvolutionThatMakesThem) {
  expect_becomes(R"(%x = input() shape=[2,1,3] -> [2,1,3]
    %frames = conv(%x) weight=@f[4,2,1,1] -> [4,1,3]
    %y = conv_transpose(%frames) weight=@pick[4,1,1,4] stride=[1,2] -> [1,1,8]
    output "y" = %y
    weights
    @f 8 values 1 5 2 6 3 7 4 8
    @pick 16 values 1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1)",
                 kDecoder);
}

// Subframes of two samples: first laid one apart in channels, then written one after the other.
TEST(RecogniseOverlapAdd, SubframesWrittenOneAfterTheOtherJoinTheOverlapAdd) {
  expect_becomes(R"(%x = input() shape=[2,1,3] -> [2,1,3]
    %sub = conv_transpose(%x) weight=@s[2,2,1,2] -> [2,1,4]
    %y = conv_transpose(%sub) weight=@pick[2,1,1,2] stride=[1,2] -> [1,1,8]
    output "y" = %y
    weights
    @s 8 values 1 3 2 4 5 7 6 8
    @pick 4 values 1 0 0 1)",
                 kDecoder);
}

// The first two samples of all frames, and the last two moved on by two, are added.
TEST(RecogniseOverlapAdd, ShiftedHalvesOfTheFramesAreOneDecoder) {
  expect_becomes(R"(%x = input() shape=[2,1,3] -> [2,1,3]
    %a = conv_transpose(%x) weight=@first[2,1,1,2] stride=[1,2] -> [1,1,6]
    %b = conv_transpose(%x) weight=@second[2,1,1,2] stride=[1,2] -> [1,1,6]
    %pa = pad.zero(%a) padding=[0,0,0,2] -> [1,1,8]
    %pb = pad.zero(%b) padding=[0,0,2,0] -> [1,1,8]
    %y = add(%pa, %pb) -> [1,1,8]
    output "y" = %y
    weights
    @first 4 values 1 2 5 6
    @second 4 values 3 4 7 8)",
                 kDecoder);
}

TEST(RecogniseOverlapAdd, LeaveFramesThatHaveABias) {
  expect_stays(R"(%x = input() shape=[2,1,3] -> [2,1,3]
    %frames = conv(%x) weight=@f[2,2,1,1] bias=@b[2] -> [2,1,3]
    %y = conv_transpose(%frames) weight=@pick[2,1,1,2] stride=[1,2] -> [1,1,6]
    output "y" = %y
    weights
    @f 4 values 1 5 2 6
    @b 2 values 1 1
    @pick 4 values 1 0 0 1)");
}

TEST(RecogniseOverlapAdd, LeaveSamplesThatAreWeighed) {
  expect_stays(R"(%x = input() shape=[2,1,3] -> [2,1,3]
    %frames = conv(%x) weight=@f[2,2,1,1] -> [2,1,3]
    %y = conv_transpose(%frames) weight=@pick[2,1,1,2] stride=[1,2] -> [1,1,6]
    output "y" = %y
    weights
    @f 4 values 1 5 2 6
    @pick 4 values 1 0 0 0.5)");
}

TEST(RecogniseOverlapAdd, LeaveFramesThatAreReadElsewhere) {
  expect_stays(R"(%x = input() shape=[2,1,3] -> [2,1,3]
    %frames = conv(%x) weight=@f[2,2,1,1] -> [2,1,3]
    %y = conv_transpose(%frames) weight=@pick[2,1,1,2] stride=[1,2] -> [1,1,6]
    output "y" = %y
    output "frames" = %frames
    weights
    @f 4 values 1 5 2 6
    @pick 4 values 1 0 0 1)");
}

TEST(RecogniseOverlapAdd, LeaveHalvesOfOtherFrames) {
  expect_stays(R"(%x = input() shape=[2,1,3] -> [2,1,3]
    %z = unary.tanh(%x) -> [2,1,3]
    %a = conv_transpose(%x) weight=@first[2,1,1,2] stride=[1,2] -> [1,1,6]
    %b = conv_transpose(%z) weight=@first[2,1,1,2] stride=[1,2] -> [1,1,6]
    %pa = pad.zero(%a) padding=[0,0,0,2] -> [1,1,8]
    %pb = pad.zero(%b) padding=[0,0,2,0] -> [1,1,8]
    %y = add(%pa, %pb) -> [1,1,8]
    output "y" = %y
    weights
    @first 4 values 1 2 5 6)");
}

// The crop takes samples of the first half that the sum still has room for.
TEST(RecogniseOverlapAdd, LeaveAHalfThatIsCutInside) {
  expect_stays(R"(%x = input() shape=[2,1,3] -> [2,1,3]
    %a = conv_transpose(%x) weight=@first[2,1,1,2] stride=[1,2] -> [1,1,6]
    %b = conv_transpose(%x) weight=@second[2,1,1,2] stride=[1,2] -> [1,1,6]
    %cut = slice(%a) axis=w begin=0 end=5 -> [1,1,5]
    %pa = pad.zero(%cut) padding=[0,0,0,3] -> [1,1,8]
    %pb = pad.zero(%b) padding=[0,0,2,0] -> [1,1,8]
    %y = add(%pa, %pb) -> [1,1,8]
    output "y" = %y
    weights
    @first 4 values 1 2 5 6
    @second 4 values 3 4 7 8)");
}

}  // namespace
}  // namespace tessera
