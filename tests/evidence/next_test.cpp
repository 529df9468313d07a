#include "evidence/fit/next.h"

#include <gtest/gtest.h>

#include "support/conv_tasnet.h"
#include "support/hidden_limits.h"
#include "support/planned.h"

namespace tessera {
namespace {

Limit limit_of(int64_t pass, int64_t fail, std::vector<DataPoint> points = {}) {
  Limit limit;
  limit.pass = pass;
  limit.fail = fail;
  limit.data_points = std::move(points);
  return limit;
}

TEST(Next, ProbabilityIsLogUniformAndFollowsDataPoints) {
  EXPECT_DOUBLE_EQ(probability_of(limit_of(100, 1600), 100), 1);
  EXPECT_NEAR(probability_of(limit_of(100, 1600), 400), 0.5, 1e-12);
  EXPECT_DOUBLE_EQ(probability_of(limit_of(100, 1600), 1600), 0);
  EXPECT_NEAR(probability_of(limit_of(100, 1600, {{300, "fails", ""}}), 400), 0.05, 1e-12);
  EXPECT_NEAR(probability_of(limit_of(100, 1600, {{500, "passes", ""}}), 400), 0.95, 1e-12);
  EXPECT_NEAR(probability_of(limit_of(100, 1600, {{500, "probably passes", ""}}), 400), 0.75,
              1e-12);
}

TEST(Next, OpenNumbersLieInsideTheInterval) {
  EXPECT_EQ(open_numbers(limit_of(100, 1600)), (std::vector<int64_t>{200, 400, 800, 1599}));
  EXPECT_TRUE(open_numbers(limit_of(4, 5)).empty());
}

// A network whose row limit binds: the experiment is a piece that has the number and asks nothing
// else, and its answer is learnt.
TEST(Next, ProposesAPieceThatAsksOneQuestion) {
  Target target = test::hailo8();
  Limit& rows = target.limits.find("row_bytes")->second;
  rows.pass = 2048;
  rows.data_points.clear();
  Graph legal = test::build(test::small_conv_tasnet(8011));
  ASSERT_TRUE(rewrite(legal));
  const Result<NextReport> report = propose_next(legal, target);
  ASSERT_TRUE(report) << report.error().to_string();
  ASSERT_FALSE(report->proposals.empty());
  for (const Proposal& one : report->proposals) {
    EXPECT_GT(one.gain_s, 0);
    if (!one.word.empty()) continue;
    EXPECT_EQ(limit_numbers(one.experiment.graph, target).at(one.experiment.limit), one.number);
    EXPECT_EQ(evidence_of(one.experiment.graph, target, false).suspects,
              std::vector<std::string>{one.entry});
  }
}

TEST(Next, AskingByValueNeedsFewerExperimentsThanChance) {
  Target target = test::hailo8();
  Limit& rows = target.limits.find("row_bytes")->second;
  rows.pass = 2048;
  rows.data_points.clear();
  Graph legal = test::build(test::small_conv_tasnet(8011));
  ASSERT_TRUE(rewrite(legal));
  int64_t by_value = 0;
  int64_t at_random = 0;
  for (uint32_t seed = 1; seed <= 4; ++seed) {
    std::mt19937 bits(seed);
    const test::HiddenLimits hidden(target, bits);
    by_value += test::learn(legal, target, hidden, nullptr).experiments;
    at_random += test::learn(legal, target, hidden, &bits).experiments;
  }
  EXPECT_GT(by_value, 0);
  EXPECT_LE(2 * by_value, at_random);
}

}  // namespace
}  // namespace tessera
