#include "model/recognise/recognised.h"

namespace tessera {
namespace {

void expect_becomes(std::string_view before, std::string_view after) {
  test::expect_becomes(recognise_affine, before, after);
}
void expect_stays(std::string_view text) {
  test::expect_stays(recognise_affine, text);
}

TEST(RecogniseAffine, OnceXPlusNothingIsX) {
  expect_becomes(R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %a = affine(%x) scale=@one[2] bias=@none[2] -> [2,1,4]
    %y = unary.tanh(%a) -> [2,1,4]
    output "y" = %y
    weights
    @one 2 full 1
    @none 2 full 0)",
                 R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %y = unary.tanh(%x) -> [2,1,4]
    output "y" = %y)");
}

// (x*s + t)*u + v = x*(s*u) + (t*u + v): scales 2*5 and 3*7, shifts 1*5 + 10 and -1*7 + 20.
TEST(RecogniseAffine, OneAfterAnotherIsOne) {
  expect_becomes(R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %a = affine(%x) scale=@s[2] bias=@t[2] -> [2,1,4]
    %y = affine(%a) scale=@u[2] bias=@v[2] -> [2,1,4]
    output "y" = %y
    weights
    @s 2 values 2 3
    @t 2 values 1 -1
    @u 2 values 5 7
    @v 2 values 10 20)",
                 R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %y = affine(%x) scale=@s[2] bias=@t[2] -> [2,1,4]
    output "y" = %y
    weights
    @s 2 values 10 21
    @t 2 values 15 13)");
}

// gamma 2, 3 times 5, 7; beta 1, -1 times 5, 7 plus 10, 20.
TEST(RecogniseAffine, AfterANormIsItsGammaAndBeta) {
  expect_becomes(R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %n = norm.global(%x) gamma=@g[2] beta=@b[2] -> [2,1,4]
    %y = affine(%n) scale=@u[2] bias=@v[2] -> [2,1,4]
    output "y" = %y
    weights
    @g 2 values 2 3
    @b 2 values 1 -1
    @u 2 values 5 7
    @v 2 values 10 20)",
                 R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %y = norm.global(%x) gamma=@g[2] beta=@b[2] -> [2,1,4]
    output "y" = %y
    weights
    @g 2 values 10 21
    @b 2 values 15 13)");
}

TEST(RecogniseAffine, AShiftAfterAConvolutionIsItsBias) {
  expect_becomes(R"(%x = input() shape=[1,1,4] -> [1,1,4]
    %c = conv(%x) weight=@w[2,1,1,1] bias=@b[2] -> [2,1,4]
    %y = affine(%c) scale=@one[2] bias=@v[2] -> [2,1,4]
    output "y" = %y
    weights
    @w 2 values 3 4
    @b 2 values 1 2
    @one 2 full 1
    @v 2 values 10 20)",
                 R"(%x = input() shape=[1,1,4] -> [1,1,4]
    %y = conv(%x) weight=@w[2,1,1,1] bias=@b[2] -> [2,1,4]
    output "y" = %y
    weights
    @w 2 values 3 4
    @b 2 values 11 22)");
}

// It may be a norm's gamma, which its author wrote apart from the convolution.
TEST(RecogniseAffine, LeaveAScaleAfterAConvolution) {
  expect_stays(R"(%x = input() shape=[1,1,4] -> [1,1,4]
    %c = conv(%x) weight=@w[1,1,1,1] -> [1,1,4]
    %y = affine(%c) scale=@s[1] bias=@t[1] -> [1,1,4]
    output "y" = %y
    weights
    @w 1 values 3
    @s 1 values 2
    @t 1 values 1)");
}

TEST(RecogniseAffine, LeaveAShiftWhereTheConvolutionIsReadWithoutIt) {
  expect_stays(R"(%x = input() shape=[1,1,4] -> [1,1,4]
    %c = conv(%x) weight=@w[1,1,1,1] -> [1,1,4]
    %a = affine(%c) scale=@one[1] bias=@t[1] -> [1,1,4]
    %y = add(%c, %a) -> [1,1,4]
    output "y" = %y
    weights
    @w 1 values 3
    @one 1 values 1
    @t 1 values 5)");
}

TEST(RecogniseAffine, LeaveAnInputThatIsAnOutputANodeOfItsOwn) {
  expect_stays(R"(%x = input() shape=[1,1,4] -> [1,1,4]
    %y = affine(%x) scale=@one[1] bias=@none[1] -> [1,1,4]
    output "y" = %y
    weights
    @one 1 values 1
    @none 1 values 0)");
}

}  // namespace
}  // namespace tessera
