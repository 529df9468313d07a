#include "model/recognise/recognised.h"

namespace tessera {
namespace {

void expect_becomes(std::string_view before, std::string_view after) {
  test::expect_becomes(recognise_prelu, before, after);
}
void expect_stays(std::string_view text) {
  test::expect_stays(recognise_prelu, text);
}

constexpr std::string_view kPrelu = R"(%x = input() shape=[2,1,5] -> [2,1,5]
    %y = unary.prelu(%x) slope=@a[2] -> [2,1,5]
    output "y" = %y
    weights
    @a 2 values 0.25 0.5)";

TEST(RecognisePrelu, ReluLessItsShareOfReluOfMinusX) {
  expect_becomes(R"(%x = input() shape=[2,1,5] -> [2,1,5]
    %above = unary.relu(%x) -> [2,1,5]
    %n = unary.neg(%x) -> [2,1,5]
    %below = unary.relu(%n) -> [2,1,5]
    %share = affine(%below) scale=@a[2] bias=@none[2] -> [2,1,5]
    %y = binary.sub(%above, %share) -> [2,1,5]
    output "y" = %y
    weights
    @a 2 values 0.25 0.5
    @none 2 full 0)",
                 kPrelu);
}

TEST(RecognisePrelu, XTimesItsShareAndTheRestOfRelu) {
  expect_becomes(R"(%x = input() shape=[2,1,5] -> [2,1,5]
    %share = affine(%x) scale=@a[2] bias=@none[2] -> [2,1,5]
    %above = unary.relu(%x) -> [2,1,5]
    %rest = affine(%above) scale=@rest[2] bias=@none[2] -> [2,1,5]
    %y = add(%share, %rest) -> [2,1,5]
    output "y" = %y
    weights
    @a 2 values 0.25 0.5
    @rest 2 values 0.75 0.5
    @none 2 full 0)",
                 kPrelu);
}

TEST(RecognisePrelu, ClipsOnEitherSide) {
  expect_becomes(R"(%x = input() shape=[2,1,5] -> [2,1,5]
    %above = unary.relu(%x) -> [2,1,5]
    %below = unary.clip(%x) alpha=-inf beta=0 -> [2,1,5]
    %share = affine(%below) scale=@a[2] bias=@none[2] -> [2,1,5]
    %y = add(%above, %share) -> [2,1,5]
    output "y" = %y
    weights
    @a 2 values 0.25 0.5
    @none 2 full 0)",
                 kPrelu);
}

// (x + |x|)/2 + a*(x - |x|)/2
TEST(RecognisePrelu, HalvesOfXAndItsSize) {
  expect_becomes(R"(%x = input() shape=[2,1,5] -> [2,1,5]
    %size = unary.abs(%x) -> [2,1,5]
    %sum = add(%x, %size) -> [2,1,5]
    %above = affine(%sum) scale=@half[2] bias=@none[2] -> [2,1,5]
    %difference = binary.sub(%x, %size) -> [2,1,5]
    %below = affine(%difference) scale=@a[2] bias=@none[2] -> [2,1,5]
    %y = add(%above, %below) -> [2,1,5]
    output "y" = %y
    weights
    @half 2 full 0.5
    @a 2 values 0.125 0.25
    @none 2 full 0)",
                 kPrelu);
}

TEST(RecognisePrelu, TheLargerOfXAndItsShareHasOneSlopeWhereAllAreEqual) {
  expect_becomes(R"(%x = input() shape=[2,1,5] -> [2,1,5]
    %share = affine(%x) scale=@a[2] bias=@none[2] -> [2,1,5]
    %y = binary.max(%x, %share) -> [2,1,5]
    output "y" = %y
    weights
    @a 2 full 0.2
    @none 2 full 0)",
                 R"(%x = input() shape=[2,1,5] -> [2,1,5]
    %y = unary.prelu(%x) slope=@a[1] -> [2,1,5]
    output "y" = %y
    weights
    @a 1 values 0.2)");
}

TEST(RecognisePrelu, HalfOfXAndItsSizeIsRelu) {
  expect_becomes(R"(%x = input() shape=[2,1,5] -> [2,1,5]
    %size = unary.abs(%x) -> [2,1,5]
    %sum = add(%x, %size) -> [2,1,5]
    %y = affine(%sum) scale=@half[2] bias=@none[2] -> [2,1,5]
    output "y" = %y
    weights
    @half 2 full 0.5
    @none 2 full 0)",
                 R"(%x = input() shape=[2,1,5] -> [2,1,5]
    %y = unary.relu(%x) -> [2,1,5]
    output "y" = %y)");
}

TEST(RecognisePrelu, LeaveLinesOfTwoValues) {
  expect_stays(R"(%x = input() shape=[2,1,5] -> [2,1,5]
    %z = unary.tanh(%x) -> [2,1,5]
    %above = unary.relu(%x) -> [2,1,5]
    %below = unary.clip(%z) alpha=-inf beta=0 -> [2,1,5]
    %share = affine(%below) scale=@a[2] bias=@none[2] -> [2,1,5]
    %y = add(%above, %share) -> [2,1,5]
    output "y" = %y
    weights
    @a 2 values 0.25 0.5
    @none 2 full 0)");
}

TEST(RecognisePrelu, LeaveALineThatIsNotXAboveZero) {
  expect_stays(R"(%x = input() shape=[2,1,5] -> [2,1,5]
    %above = unary.relu(%x) -> [2,1,5]
    %twice = affine(%above) scale=@two[2] bias=@none[2] -> [2,1,5]
    %share = affine(%x) scale=@a[2] bias=@none[2] -> [2,1,5]
    %y = add(%twice, %share) -> [2,1,5]
    output "y" = %y
    weights
    @two 2 full 2
    @a 2 values 0.25 0.5
    @none 2 full 0)");
}

TEST(RecognisePrelu, LeaveAKinkBesideZero) {
  expect_stays(R"(%x = input() shape=[2,1,5] -> [2,1,5]
    %moved = affine(%x) scale=@a[2] bias=@one[2] -> [2,1,5]
    %y = binary.max(%x, %moved) -> [2,1,5]
    output "y" = %y
    weights
    @a 2 full 0.5
    @one 2 full 1)");
}

TEST(RecognisePrelu, LeaveAClipAtAnotherNumberThanZero) {
  expect_stays(R"(%x = input() shape=[2,1,5] -> [2,1,5]
    %above = unary.relu(%x) -> [2,1,5]
    %below = unary.clip(%x) alpha=-1 beta=0 -> [2,1,5]
    %y = add(%above, %below) -> [2,1,5]
    output "y" = %y)");
}

}  // namespace
}  // namespace tessera
