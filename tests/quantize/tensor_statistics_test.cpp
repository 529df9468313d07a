#include "tessera/compiler/quantize.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "support/random_values.h"

namespace tessera {
namespace {

int64_t counted(const ChannelStatistics& statistics) {
  int64_t sum = 0;
  for (int64_t count : statistics.bins()) sum += count;
  return sum;
}

TEST(ChannelStatistics, KnowEndsAndMeans) {
  ChannelStatistics statistics;
  ASSERT_TRUE(statistics.observe(std::vector<float>{-1.0F, 3.0F}));
  ASSERT_TRUE(statistics.observe(std::vector<float>{4.0F, 2.0F}));
  EXPECT_EQ(statistics.low(), -1.0F);
  EXPECT_EQ(statistics.high(), 4.0F);
  EXPECT_EQ(statistics.mean(), 2.0);
  EXPECT_EQ(statistics.mean_square(), 7.5);
}

TEST(ChannelStatistics, KeepEveryValueWhenTheReachGrows) {
  ChannelStatistics statistics;
  test::Random random(1);
  for (float reach : {0.0F, 0.01F, 100.0F, 3.0F, 5000.0F}) {
    std::vector<float> values(100);
    for (float& x : values) x = reach > 0 ? random.uniform(-reach, reach) : 0.0F;
    ASSERT_TRUE(statistics.observe(values));
    EXPECT_EQ(counted(statistics), reach > 0 ? statistics.count() : 0);
  }
  EXPECT_EQ(statistics.reach(), 8192.0F);
}

TEST(ChannelStatistics, MergedAreThoseOfBothTogether) {
  test::Random random(2);
  ChannelStatistics together;
  ChannelStatistics merged;
  for (float reach : {0.0F, 2.0F, 0.1F, 30.0F}) {
    std::vector<float> values(50);
    for (float& x : values) x = reach > 0 ? random.uniform(-reach, reach) : 0.0F;
    ChannelStatistics part;
    ASSERT_TRUE(part.observe(values));
    merged.merge(part);
    ASSERT_TRUE(together.observe(values));
  }
  EXPECT_EQ(merged.count(), together.count());
  EXPECT_EQ(merged.low(), together.low());
  EXPECT_EQ(merged.high(), together.high());
  EXPECT_EQ(counted(merged), merged.count());
  EXPECT_DOUBLE_EQ(merged.mean(), together.mean());
}

TEST(ChannelStatistics, RefuseNanAndInfinity) {
  for (float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    ChannelStatistics statistics;
    EXPECT_FALSE(statistics.observe(std::vector<float>{1.0F, bad}));
    EXPECT_EQ(statistics.count(), 0);
  }
}

TEST(TensorStatistics, NameTheNodeThatGivesNan) {
  Graph graph;
  GraphEditor editor(graph, "import");
  const Node node = graph.node(editor.add(Input{Shape{2, 1, 2}}, {}, "encoder").value());
  TensorStatistics statistics;
  const std::vector<float> values{0.0F, 1.0F, 2.0F, std::nanf("")};
  EXPECT_EQ(
      statistics.observe(node, values).error().to_string(),
      "node 'encoder': gives NaN or infinity in channel 1 (look at the calibration input that "
      "causes it)");
}

// 10 000 values in -1..1 and one far outside.
ChannelStatistics with_an_outlier() {
  ChannelStatistics statistics;
  test::Random random(4);
  std::vector<float> values(10'000);
  for (float& x : values) x = random.uniform(-1.0F, 1.0F);
  values.push_back(60.0F);
  EXPECT_TRUE(statistics.observe(values));
  return statistics;
}

TEST(TensorStatistics, AreTheSameForAnyNumberOfThreads) {
  test::Random random(5);
  std::vector<Node> nodes(7);
  std::vector<std::vector<float>> values(7);
  std::vector<ObservedValue> run;
  for (size_t i = 0; i < nodes.size(); ++i) {
    nodes[i].name = std::string(1, static_cast<char>('a' + i));
    nodes[i].shape = {static_cast<int64_t>(i + 1), 1, 50};
    values[i].resize(50 * (i + 1));
    for (float& x : values[i]) x = random.uniform(-3, 5);
    run.push_back({&nodes[i], values[i]});
  }
  TensorStatistics alone;
  TensorStatistics together;
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(alone.observe(run, 1).has_value());
    ASSERT_TRUE(together.observe(run, 4).has_value());
  }
  for (const Node& node : nodes) {
    const auto& a = *alone.find(node.name);
    const auto& b = *together.find(node.name);
    ASSERT_EQ(a.size(), static_cast<size_t>(node.shape.c));
    for (size_t c = 0; c < a.size(); ++c) {
      EXPECT_EQ(a[c].count(), 100);
      EXPECT_EQ(a[c].sum(), b[c].sum());
      EXPECT_EQ(a[c].high(), b[c].high());
      EXPECT_TRUE(std::equal(a[c].bins().begin(), a[c].bins().end(), b[c].bins().begin()));
    }
  }
}

TEST(TensorStatistics, CountNothingOfARunThatHoldsNan) {
  Node good;
  good.name = "good";
  good.shape = {1, 1, 2};
  Node bad = good;
  bad.name = "bad";
  const std::vector<float> fine{1, 2};
  const std::vector<float> broken{1, std::numeric_limits<float>::quiet_NaN()};
  const std::vector<ObservedValue> run{{&good, fine}, {&bad, broken}};
  TensorStatistics statistics;
  const auto refused = statistics.observe(run, 2);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().to_string(),
            "node 'bad': gives NaN or infinity in channel 0 (look at the calibration input that "
            "causes it)");
  EXPECT_TRUE(statistics.nodes().empty());
}

TEST(RangeOf, MinMaxHoldsEverything) {
  EXPECT_EQ(range_of(with_an_outlier(), RangeEstimator::min_max).high, 60.0F);
}

TEST(RangeOf, ThePercentileLeavesAnOutlierOut) {
  EXPECT_LE(range_of(with_an_outlier(), RangeEstimator::percentile, 0.999).high, 1.25F);
}

TEST(RangeOf, LeastSquaresAndEntropyCutWhatCostsTooMuch) {
  ChannelStatistics statistics;
  std::vector<float> values(1'000'000, 0.5F);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(i % 1000) / 1000.0F - 0.5F;
  values[0] = 8.0F;
  ASSERT_TRUE(statistics.observe(values));
  EXPECT_LT(range_of(statistics, RangeEstimator::mse).high, 8.0F);
  EXPECT_LT(range_of(statistics, RangeEstimator::entropy).high, 8.0F);
}

TEST(RangeOf, AlwaysHoldsZero) {
  ChannelStatistics statistics;
  ASSERT_TRUE(statistics.observe(std::vector<float>{2.0F, 3.0F}));
  for (RangeEstimator observer : {RangeEstimator::min_max, RangeEstimator::percentile,
                                  RangeEstimator::mse, RangeEstimator::entropy}) {
    EXPECT_EQ(range_of(statistics, observer).low, 0.0F) << to_string(observer);
  }
}

}  // namespace
}  // namespace tessera
