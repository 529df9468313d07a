// Norms of [2,1,4]: two channels, four frames, eps 1e-3.
#include <fmt/format.h>

#include "model/recognise/recognised.h"

namespace tessera {
namespace {

void expect_becomes(std::string_view before, std::string_view after) {
  test::expect_becomes(recognise_norm, before, after);
}
void expect_stays(std::string_view text) {
  test::expect_stays(recognise_norm, text);
}

// (x - m)/sqrt(E[(x - m)^2] + eps), and what a test changes about it.
struct Written {
  std::string_view mean = "over_c=true over_w=true -> [1,1,1]";
  std::string_view variance = "over_c=true over_w=true -> [1,1,1]";
  std::string_view statistics = "[1,1,1]";  // their shape
  std::string_view minuend = "x";
  std::string_view kind = "mean";  // of the reductions
  std::string_view root = "unary.sqrt";
};

std::string written(const Written& norm) {
  return fmt::format(R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %z = unary.tanh(%x) -> [2,1,4]
    %eps = constant() value=@eps[1,1,1] -> [1,1,1]
    %m = reduce.{kind}(%x) {mean}
    %d = binary.sub(%{minuend}, %m) -> [2,1,4]
    %sq = unary.square(%d) -> [2,1,4]
    %v = reduce.{kind}(%sq) {variance}
    %ve = add(%v, %eps) -> {statistics}
    %s = {root}(%ve) -> {statistics}
    %y = binary.div(%d, %s) -> [2,1,4]
    output "y" = %y
    output "z" = %z
    weights
    @eps 1 values 1e-3)",
                     fmt::arg("kind", norm.kind), fmt::arg("mean", norm.mean),
                     fmt::arg("minuend", norm.minuend), fmt::arg("variance", norm.variance),
                     fmt::arg("statistics", norm.statistics), fmt::arg("root", norm.root));
}

std::string recognised(std::string_view kind) {
  return fmt::format(R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %z = unary.tanh(%x) -> [2,1,4]
    %y = norm.{}(%x) gamma=@one[2] beta=@none[2] eps=1e-3 -> [2,1,4]
    output "y" = %y
    output "z" = %z
    weights
    @one 2 full 1
    @none 2 full 0)",
                     kind);
}

TEST(RecogniseNorm, StatisticsOverChannelsAndTimeAreGlobal) {
  expect_becomes(written({}), recognised("global"));
}

TEST(RecogniseNorm, StatisticsOverTimeAreFeatureWise) {
  constexpr std::string_view kOverTime = "over_w=true -> [2,1,1]";
  expect_becomes(written({.mean = kOverTime, .variance = kOverTime, .statistics = "[2,1,1]"}),
                 recognised("feature_wise"));
}

TEST(RecogniseNorm, StatisticsOverChannelsAreChannelWise) {
  constexpr std::string_view kOverChannels = "over_c=true -> [1,1,4]";
  expect_becomes(
      written({.mean = kOverChannels, .variance = kOverChannels, .statistics = "[1,1,4]"}),
      recognised("channel_wise"));
}

// Running sums of channel sums, divided by 2 channels times 1, 2, 3, 4 frames.
TEST(RecogniseNorm, RunningStatisticsAreCumulative) {
  expect_becomes(R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %z = unary.tanh(%x) -> [2,1,4]
    %eps = constant() value=@eps[1,1,1] -> [1,1,1]
    %count = constant() value=@count[1,1,4] -> [1,1,4]
    %c = reduce.sum(%x) over_c=true -> [1,1,4]
    %run = cumulative_sum(%c) -> [1,1,4]
    %m = binary.div(%run, %count) -> [1,1,4]
    %sq = unary.square(%x) -> [2,1,4]
    %csq = reduce.sum(%sq) over_c=true -> [1,1,4]
    %runsq = cumulative_sum(%csq) -> [1,1,4]
    %power = binary.div(%runsq, %count) -> [1,1,4]
    %mm = unary.square(%m) -> [1,1,4]
    %v = binary.sub(%power, %mm) -> [1,1,4]
    %ve = add(%v, %eps) -> [1,1,4]
    %s = unary.sqrt(%ve) -> [1,1,4]
    %d = binary.sub(%x, %m) -> [2,1,4]
    %y = binary.div(%d, %s) -> [2,1,4]
    output "y" = %y
    output "z" = %z
    weights
    @eps 1 values 1e-3
    @count 4 values 2 4 6 8)",
                 recognised("cumulative"));
}

// x*(gamma*r) + (beta - m*gamma*r), with E[x^2] - m^2 from stacked means and sums (1/8: 2*4
// values).
TEST(RecogniseNorm, ScaleAndShiftFromMomentsOfStackedReductions) {
  expect_becomes(R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %gamma = constant() value=@g[2,1,1] -> [2,1,1]
    %beta = constant() value=@b[2,1,1] -> [2,1,1]
    %mw = reduce.mean(%x) over_w=true -> [2,1,1]
    %m = reduce.mean(%mw) over_c=true -> [1,1,1]
    %sq = mul(%x, %x) -> [2,1,4]
    %sw = reduce.sum(%sq) over_w=true -> [2,1,1]
    %sum = reduce.sum(%sw) over_c=true -> [1,1,1]
    %power = affine(%sum) scale=@eighth[1] bias=@eps[1] -> [1,1,1]
    %mm = unary.square(%m) -> [1,1,1]
    %v = binary.sub(%power, %mm) -> [1,1,1]
    %s = unary.sqrt(%v) -> [1,1,1]
    %r = unary.reciprocal(%s) -> [1,1,1]
    %gr = mul(%gamma, %r) -> [2,1,1]
    %scaled = mul(%x, %gr) -> [2,1,4]
    %mgr = mul(%m, %gr) -> [2,1,1]
    %shift = binary.sub(%beta, %mgr) -> [2,1,1]
    %y = add(%scaled, %shift) -> [2,1,4]
    output "y" = %y
    weights
    @eighth 1 values 0.125
    @eps 1 values 1e-3
    @g 2 values 2 3
    @b 2 values 0.5 -0.5)",
                 R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %y = norm.global(%x) gamma=@g[2] beta=@b[2] eps=1e-3 -> [2,1,4]
    output "y" = %y
    weights
    @g 2 values 2 3
    @b 2 values 0.5 -0.5)");
}

// 4 frames over 3: sqrt(4/3*(v + eps*3/4)), so that gamma is sqrt(3/4).
TEST(RecogniseNorm, AnUnbiasedVarianceIsInGammaAndEps) {
  expect_becomes(R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %m = reduce.mean(%x) over_w=true -> [2,1,1]
    %d = binary.sub(%x, %m) -> [2,1,4]
    %sq = unary.square(%d) -> [2,1,4]
    %v = reduce.mean(%sq) over_w=true -> [2,1,1]
    %ve = affine(%v) scale=@unbiased[2] bias=@eps[2] -> [2,1,1]
    %s = unary.sqrt(%ve) -> [2,1,1]
    %y = binary.div(%d, %s) -> [2,1,4]
    output "y" = %y
    weights
    @unbiased 2 full 1.33333333
    @eps 2 full 1e-3)",
                 R"(%x = input() shape=[2,1,4] -> [2,1,4]
    %y = norm.feature_wise(%x) gamma=@g[2] beta=@none[2] eps=7.5e-4 -> [2,1,4]
    output "y" = %y
    weights
    @g 2 full 0.8660254
    @none 2 full 0)");
}

TEST(RecogniseNorm, LeaveAMeanAndAVarianceOverOtherAxes) {
  expect_stays(written({.mean = "over_c=true -> [1,1,4]"}));
  expect_stays(written({.variance = "over_w=true -> [2,1,1]", .statistics = "[2,1,1]"}));
}

TEST(RecogniseNorm, LeaveAMeanThatIsTakenFromAnotherValue) {
  expect_stays(written({.minuend = "z"}));
}

TEST(RecogniseNorm, LeaveADivisionByTheVarianceItself) {
  expect_stays(written({.root = "unary.relu"}));
}

TEST(RecogniseNorm, LeaveSumsThatNobodyDivides) {
  expect_stays(written({.kind = "sum"}));
}

TEST(RecogniseNorm, LeaveTheLargestValuesInPlaceOfTheMeans) {
  expect_stays(written({.kind = "max"}));
}

}  // namespace
}  // namespace tessera
