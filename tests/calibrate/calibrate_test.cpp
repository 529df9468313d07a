// What calibration refuses, and what it makes of odd signals.
#include <cmath>

#include "support/small_network.h"

namespace tessera {
namespace {

using namespace test;

class CalibrateRefuses : public testing::Test {
 protected:
  std::string error(const std::vector<std::vector<float>>& windows) {
    TensorStatistics statistics;
    const auto done = calibrate(graph_, {}, *backend_, windows, statistics);
    return done ? "" : done.error().to_string();
  }
  const Graph graph_ = legal_network(NormKind::global);
  const std::unique_ptr<Backend> backend_ = make_backend("cpu", {.threads = 1}).value();
};

TEST_F(CalibrateRefuses, NoWindows) {
  EXPECT_EQ(error({}),
            "calibration: there are no windows (give recordings that are long and loud enough)");
}

TEST_F(CalibrateRefuses, AWindowOfOneSample) {
  EXPECT_EQ(error({{0.5F}}),
            "calibration window 0: has 1 value, the network takes 3011 (cut or pad it to the "
            "network's input)");
}

TEST_F(CalibrateRefuses, Silence) {
  EXPECT_EQ(error({std::vector<float>(3011, 0.0F)}),
            "calibration: every window is silent (give recordings of what the network will hear)");
}

TEST_F(CalibrateRefuses, Nan) {
  std::vector<float> window(3011, 0.1F);
  window[7] = std::nanf("");
  EXPECT_EQ(error({window}),
            "calibration window 0: holds NaN or infinity (leave it out, or repair the recording)");
}

TEST(Calibrate, AConstantSignalStillGivesANetworkThatRuns) {
  const Graph graph = legal_network(NormKind::global);
  TensorStatistics statistics;
  const auto backend = make_backend("cpu", {.threads = 1}).value();
  const Windows windows{std::vector<float>(3011, 0.25F)};
  ASSERT_TRUE(calibrate(graph, {}, *backend, windows, statistics).has_value());
  const auto encodings = quantize(graph, statistics, {});
  ASSERT_TRUE(encodings.has_value()) << encodings.error().to_string();
  for (float x : emulated(graph, *encodings, random_inputs(graph, 5)[0]))
    ASSERT_TRUE(std::isfinite(x));
}

TEST(Calibrate, StopsWhenAskedAndKeepsWhatItHas) {
  const Graph graph = legal_network(NormKind::global);
  TensorStatistics statistics;
  const auto backend = make_backend("cpu", {.threads = 1}).value();
  const auto done = calibrate(graph, {}, *backend, random_windows(graph, 3), statistics,
                              [](int64_t so_far, int64_t) { return so_far < 2; });
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().to_string(), "calibration: stopped after 2 of 3 windows");
  EXPECT_FALSE(statistics.nodes().empty());
}

}  // namespace
}  // namespace tessera
