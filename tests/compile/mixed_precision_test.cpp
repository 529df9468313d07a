#include "tessera/mixed_precision.h"

#include "compile/small_network.h"
#include "tessera/metrics.h"

namespace tessera {
namespace {

using namespace test;

class MixedPrecisionTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(calibrate(graph_, {}, *cpu_, windows_, statistics_).has_value());
  }
  MixedPrecision choose(double snr_db) {
    auto chosen = choose_mixed_precision(graph_, statistics_, {}, snr_db,
                                         std::span(windows_).first(1), *cpu_, *emulator_);
    EXPECT_TRUE(chosen.has_value()) << chosen.error().to_string();
    return std::move(chosen).value();
  }
  const Graph graph_ = legal_network(NormKind::global);
  const Windows windows_ = random_windows(graph_, 3);
  const std::unique_ptr<Backend> cpu_ = make_backend("cpu", {.threads = 1}).value();
  const std::unique_ptr<Backend> emulator_ = make_backend("emulator").value();
  CalibrationStatistics statistics_;
};

TEST_F(MixedPrecisionTest, WidensNothingWhere8BitsAreEnough) {
  const MixedPrecision chosen = choose(10.0);
  EXPECT_TRUE(chosen.reached);
  EXPECT_TRUE(chosen.options.widen.empty());
}

TEST_F(MixedPrecisionTest, WidensSomeValuesForAnSnrBetween8And16Bits) {
  const double wanted = choose(10.0).snr_db + 3;
  const MixedPrecision chosen = choose(wanted);
  EXPECT_TRUE(chosen.reached);
  EXPECT_GE(chosen.snr_db, wanted);
  EXPECT_FALSE(chosen.options.widen.empty());
  EXPECT_LT(chosen.options.widen.size(), chosen.sensitivities.size());
}

TEST_F(MixedPrecisionTest, KeepsNearlyWhat16BitsEverywhereDoWhereTheseAreNotEnough) {
  const MixedPrecision chosen = choose(150.0);
  EXPECT_FALSE(chosen.reached);
  QuantizeOptions wide;
  wide.wide = true;
  const std::vector<float>& input = windows_[0];
  const std::vector<float> expected = test::run_graph(graph_, {input})[0];
  const Encodings everywhere = quantize(graph_, statistics_, wide).value();
  EXPECT_GE(chosen.snr_db, snr_db(emulated(graph_, everywhere, input), expected).value() - 0.1);
}

// Window n holds n: `count` of them.
Windows numbered(size_t count) {
  Windows windows;
  for (size_t n = 0; n < count; ++n) windows.push_back({static_cast<float>(n)});
  return windows;
}

// One value in ten thousand lies far out: min-max spends its codes on what hardly ever comes.
TEST(ChooseObserver, CutsOffWhatIsRareWhereThatKeepsMore) {
  const Graph graph = legal_network(NormKind::batch);
  const auto cpu = make_backend("cpu", {.threads = 1}).value();
  const auto emulator = make_backend("emulator").value();
  Windows windows = random_windows(graph, 60);
  const Windows measured(windows.end() - 2, windows.end());
  windows.resize(58);
  CalibrationStatistics plain;
  ASSERT_TRUE(calibrate(graph, {}, *cpu, windows, plain).has_value());
  CalibrationStatistics clicked = plain;
  for (NodeId id : calibrated_nodes(graph)) {
    const Node& node = graph.node(id);
    std::vector<float> values(static_cast<size_t>(node.shape.size()), 0.0F);
    for (size_t c = 0; c < static_cast<size_t>(node.shape.c); ++c) {
      values[c * static_cast<size_t>(node.shape.h * node.shape.w)] =
          30 * (*plain.find(node.name))[c].high();
    }
    ASSERT_TRUE(clicked.observe(node, values).has_value());
  }

  const auto snr_db_of = [&](const CalibrationStatistics& statistics, Observer observer) {
    QuantizeOptions options;
    options.observer = observer;
    return choose_mixed_precision(graph, statistics, options, -100, measured, *cpu, *emulator)
        .value()
        .snr_db;
  };
  const auto chosen = choose_observer(graph, clicked, {}, measured, *cpu, *emulator);
  ASSERT_TRUE(chosen.has_value()) << chosen.error().to_string();
  EXPECT_NE(chosen->observer, Observer::min_max);
  EXPECT_EQ(chosen->snr_db, snr_db_of(clicked, chosen->observer));
  EXPECT_GT(chosen->snr_db, snr_db_of(clicked, Observer::min_max) + 6);
  EXPECT_GE(chosen->snr_db, snr_db_of(clicked, Observer::percentile));
  EXPECT_GE(chosen->snr_db, snr_db_of(clicked, Observer::mse));

  const auto of_plain = choose_observer(graph, plain, {}, measured, *cpu, *emulator);
  ASSERT_TRUE(of_plain.has_value()) << of_plain.error().to_string();
  EXPECT_GE(of_plain->snr_db, snr_db_of(plain, Observer::min_max));
}

TEST(DivideWindows, SetsThreeApartFromTheBeginningTheMiddleAndTheEnd) {
  const DividedWindows halves = divide_windows(numbered(13));  // the first is silent
  EXPECT_TRUE(halves.apart);
  EXPECT_EQ(halves.measured, (Windows{{3}, {7}, {11}}));
  EXPECT_EQ(halves.learned, (Windows{{0}, {1}, {2}, {4}, {5}, {6}, {8}, {9}, {10}, {12}}));
}

TEST(DivideWindows, LearnsFromEachOfAFew) {
  const DividedWindows halves = divide_windows(numbered(12));  // eleven that are heard
  EXPECT_FALSE(halves.apart);
  EXPECT_EQ(halves.learned, numbered(12));
  EXPECT_EQ(halves.measured, (Windows{{1}, {2}, {3}}));
}

}  // namespace
}  // namespace tessera
