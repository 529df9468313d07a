#include <fmt/format.h>

#include "model/recognise/recognised.h"

namespace tessera {
namespace {

void expect_becomes(std::string_view before, std::string_view after) {
  test::expect_becomes(recognise_activation, before, after);
}
void expect_stays(std::string_view text) {
  test::expect_stays(recognise_activation, text);
}

std::string one(std::string_view op) {
  return fmt::format(R"(%x = input() shape=[2,1,5] -> [2,1,5]
    %y = {}(%x) -> [2,1,5]
    output "y" = %y)",
                     op);
}

TEST(RecogniseActivation, XTimesItsSigmoidIsSilu) {
  expect_becomes(R"(%x = input() shape=[2,1,5] -> [2,1,5]
    %gate = unary.sigmoid(%x) -> [2,1,5]
    %y = mul(%gate, %x) -> [2,1,5]
    output "y" = %y)",
                 one("unary.silu"));
}

// 0.5*x times 1 + erf(x/sqrt 2), where the half may stand before, in the gate or after.
std::string gelu(double before, double gate, double argument = 0.70710678) {
  return fmt::format(R"(%x = input() shape=[2,1,5] -> [2,1,5]
    %scaled = affine(%x) scale=@r[2] bias=@none[2] -> [2,1,5]
    %erf = unary.erf(%scaled) -> [2,1,5]
    %gate = affine(%erf) scale=@g[2] bias=@g[2] -> [2,1,5]
    %half = affine(%x) scale=@h[2] bias=@none[2] -> [2,1,5]
    %y = mul(%half, %gate) -> [2,1,5]
    output "y" = %y
    weights
    @r 2 full {}
    @g 2 full {}
    @h 2 full {}
    @none 2 full 0)",
                     argument, gate, before);
}

TEST(RecogniseActivation, GeluWithItsHalfInEitherFactor) {
  expect_becomes(gelu(0.5, 1), one("unary.gelu"));
  expect_becomes(gelu(1, 0.5), one("unary.gelu"));
}

TEST(RecogniseActivation, GeluWhoseHalfComesLaterIsTwiceGelu) {
  expect_becomes(gelu(1, 1), R"(%x = input() shape=[2,1,5] -> [2,1,5]
    %g = unary.gelu(%x) -> [2,1,5]
    %y = affine(%g) scale=@two[2] bias=@none[2] -> [2,1,5]
    output "y" = %y
    weights
    @two 2 full 2
    @none 2 full 0)");
}

TEST(RecogniseActivation, LeaveAGateOfAnotherArgument) {
  expect_stays(gelu(0.5, 1, 0.7));
}

std::string reciprocal_of_one_plus_exp(std::string_view argument, double constant) {
  return fmt::format(R"(%x = input() shape=[2,1,5] -> [2,1,5]
    %n = unary.{}(%x) -> [2,1,5]
    %e = unary.exp(%n) -> [2,1,5]
    %sum = affine(%e) scale=@one[2] bias=@b[2] -> [2,1,5]
    %y = unary.reciprocal(%sum) -> [2,1,5]
    output "y" = %y
    weights
    @one 2 full 1
    @b 2 full {})",
                     argument, constant);
}

TEST(RecogniseActivation, OneOverOnePlusExpOfMinusXIsSigmoid) {
  expect_becomes(reciprocal_of_one_plus_exp("neg", 1), one("unary.sigmoid"));
}

TEST(RecogniseActivation, LeaveASigmoidOfAnotherSignOrConstant) {
  expect_stays(reciprocal_of_one_plus_exp("abs", 1));
  expect_stays(reciprocal_of_one_plus_exp("neg", 2));
}

std::string log_of_exp_plus(double constant) {
  return fmt::format(R"(%x = input() shape=[2,1,5] -> [2,1,5]
    %e = unary.exp(%x) -> [2,1,5]
    %sum = affine(%e) scale=@one[2] bias=@b[2] -> [2,1,5]
    %y = unary.log(%sum) -> [2,1,5]
    output "y" = %y
    weights
    @one 2 full 1
    @b 2 full {})",
                     constant);
}

TEST(RecogniseActivation, LogOfOnePlusExpIsSoftplus) {
  expect_becomes(log_of_exp_plus(1), one("unary.softplus"));
  expect_stays(log_of_exp_plus(2));
}

TEST(RecogniseActivation, LeaveXTimesTheSigmoidOfAnotherValue) {
  expect_stays(R"(%x = input() shape=[2,1,5] -> [2,1,5]
    %z = unary.tanh(%x) -> [2,1,5]
    %gate = unary.sigmoid(%z) -> [2,1,5]
    %y = mul(%gate, %x) -> [2,1,5]
    output "y" = %y)");
}

}  // namespace
}  // namespace tessera
