// Which norms may be frozen, what constants stand for them, and what the search makes of both.
#include "tessera/compiler/tune.h"

#include <cmath>

#include <gtest/gtest.h>

#include "support/small_network.h"
#include "tessera/metrics.h"
#include "tessera/session.h"

namespace tessera {
namespace {

using namespace test;

Target hailo8() {
  return read_target(TESSERA_SOURCE_DIR "/targets/hailo8.toml").value();
}

std::map<std::string, NormConstants> constants_of(const Graph& graph, const Windows& windows) {
  const auto backend = make_backend("cpu", {.threads = 1}).value();
  NormCalibration statistics;
  const auto done = statistics.observe(graph, *backend, windows);
  EXPECT_TRUE(done.has_value()) << done.error().to_string();
  return statistics.constants();
}

Graph frozen_with(Graph graph, const std::map<std::string, NormConstants>& constants) {
  RewriteOptions options;
  options.only = {"freeze_global_norm"};
  options.parameters.calibrated = constants;
  EXPECT_TRUE(rewrite(graph, options).has_value());
  return graph;
}

FrozenNormsCurve curve_of(const Graph& graph, const Windows& windows,
                          const FrozenNormsOptions& options = {}) {
  const auto backend = make_backend("cpu", {.threads = 1}).value();
  auto curve = measure_frozen_norms(graph, graph, hailo8(), constants_of(graph, windows), windows,
                                    options, *backend);
  EXPECT_TRUE(curve.has_value()) << curve.error().to_string();
  return std::move(curve).value();
}

TEST(FrozenNorms, TheFirstNormMayNotBeFrozen) {
  const Graph graph = build(small_network(NormKind::global));
  std::vector<std::string> norms;
  for (NodeId id : graph.order()) {
    if (graph.get_if<Norm>(id)) norms.push_back(graph.node(id).name);
  }
  ASSERT_EQ(norms.size(), 13U);
  norms.erase(norms.begin());
  EXPECT_EQ(freezable_norms(graph), norms);
}

TEST(FrozenNorms, OnlyNormsOverTheWholeSequenceMayBeFrozen) {
  EXPECT_TRUE(freezable_norms(build(small_network(NormKind::batch))).empty());
  EXPECT_TRUE(freezable_norms(build(small_network(NormKind::channel_wise))).empty());
  EXPECT_EQ(freezable_norms(build(small_network(NormKind::feature_wise))).size(), 12U);
}

class FrozenNormsOf : public testing::TestWithParam<NormKind> {};

TEST_P(FrozenNormsOf, ConstantsOfOneWindowAreItsStatistics) {
  const Graph graph = build(small_network(GetParam()));
  const Windows windows = random_windows(graph, 1);
  const Graph frozen = frozen_with(graph, constants_of(graph, windows));
  EXPECT_GT(snr_db(run_graph(frozen, {windows[0]})[0], run_graph(graph, {windows[0]})[0]).value(),
            100);
}

TEST_P(FrozenNormsOf, SilentWindowsDoNotCount) {
  const Graph graph = build(small_network(GetParam()));
  Windows windows = random_windows(graph, 2);
  const auto heard = constants_of(graph, windows);
  windows.insert(windows.begin() + 1, std::vector<float>(windows[0].size(), 0.0F));
  const auto with_silence = constants_of(graph, windows);
  EXPECT_FALSE(heard.empty());
  for (const auto& [name, constants] : heard) {
    EXPECT_EQ(with_silence.at(name).mean, constants.mean);
    EXPECT_EQ(with_silence.at(name).variance, constants.variance);
  }
}

TEST_P(FrozenNormsOf, TheLevelOfTheInputGoesThrough) {
  const Graph graph = build(small_network(GetParam()));
  const Graph frozen = frozen_with(graph, constants_of(graph, random_windows(graph, 2)));
  std::vector<float> input = random_windows(graph, 3)[2];
  std::vector<float> expected = run_graph(frozen, {input})[0];
  for (float& x : input) x *= 8;
  for (float& x : expected) x *= 8;
  EXPECT_GT(snr_db(run_graph(frozen, {input})[0], expected).value(), 80);
}

TEST_P(FrozenNormsOf, EveryPointOfTheCurveIsFasterThanTheOneBefore) {
  const Graph graph = build(small_network(GetParam()));
  const FrozenNormsCurve curve = curve_of(graph, random_windows(graph, 3));
  ASSERT_GT(curve.points.size(), 3U);
  EXPECT_TRUE(curve.points[0].frozen.empty());
  EXPECT_EQ(curve.points[0].loss_db, 0);
  EXPECT_EQ(curve.all.frozen.size(), 12U);
  for (size_t i = 1; i < curve.points.size(); ++i) {
    EXPECT_EQ(curve.points[i].frozen.size(), i);
    EXPECT_LT(curve.points[i].seconds, curve.points[i - 1].seconds);
    EXPECT_LE(curve.points[i].segments, curve.points[i - 1].segments);
    EXPECT_TRUE(std::isfinite(curve.points[i].snr_db));
  }
}

INSTANTIATE_TEST_SUITE_P(Norms, FrozenNormsOf,
                         testing::Values(NormKind::global, NormKind::feature_wise));

TEST(FrozenNorms, ABudgetTakesTheFastestPointThatKeepsIt) {
  const Graph graph = build(small_network(NormKind::global));
  const FrozenNormsCurve curve = curve_of(graph, random_windows(graph, 3));
  const FrozenNormsPoint& middle = curve.points[curve.points.size() / 2];
  const FrozenNormsPoint& chosen = curve.within(middle.loss_db);
  EXPECT_LE(chosen.loss_db, middle.loss_db);
  EXPECT_LE(chosen.seconds, middle.seconds);
  EXPECT_TRUE(curve.within(0).frozen.empty());
  EXPECT_LE(curve.within(1e9).seconds, curve.points.back().seconds);
}

// A norm whose statistics wander costs much to freeze: it must not be among the first.
TEST(FrozenNorms, ANormThatWandersIsFrozenLast) {
  const Graph graph = build(small_network(NormKind::global));
  const Windows windows = random_windows(graph, 3);
  auto constants = constants_of(graph, windows);
  const std::string wandering = freezable_norms(graph)[4];
  for (double& variance : constants.at(wandering).variance) variance *= 30;
  const auto backend = make_backend("cpu", {.threads = 1}).value();
  const auto curve =
      measure_frozen_norms(graph, graph, hailo8(), constants, windows, {}, *backend).value();
  for (size_t i = 0; i < curve.points.size() / 2; ++i)
    EXPECT_FALSE(curve.points[i].frozen.contains(wandering)) << i;
}

TEST(FrozenNorms, TheCurveEndsWhereTheLossIsTooLarge) {
  const Graph graph = build(small_network(NormKind::global));
  FrozenNormsOptions options;
  options.stop_loss_db = -1;
  EXPECT_EQ(curve_of(graph, random_windows(graph, 2), options).points.size(), 1U);
}

TEST(FrozenNorms, SilenceAloneIsRefused) {
  const Graph graph = build(small_network(NormKind::global));
  const auto backend = make_backend("cpu", {.threads = 1}).value();
  NormCalibration statistics;
  const auto done = statistics.observe(graph, *backend, Windows{std::vector<float>(3011, 0.0F)});
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().to_string(),
            "calibration: every window is silent (give recordings of what the network will hear)");
  EXPECT_TRUE(statistics.constants().empty());
}

TEST(FrozenNorms, NeedsWindows) {
  const Graph graph = build(small_network(NormKind::global));
  const auto backend = make_backend("cpu", {.threads = 1}).value();
  const auto curve = measure_frozen_norms(graph, graph, hailo8(), {}, {}, {}, *backend);
  ASSERT_FALSE(curve.has_value());
  EXPECT_EQ(curve.error().to_string(),
            "frozen norms: there are no windows to measure on (give recordings that are long and "
            "loud enough)");
}

TEST(Quality, LossAndSnrAreInverse) {
  EXPECT_NEAR(snr_for_loss_db(10 * std::log10(2.0)), kReferenceQualityDb, 1e-9);
  EXPECT_NEAR(loss_for_snr_db(snr_for_loss_db(0.05, 12), 12), 0.05, 1e-9);
  EXPECT_EQ(loss_for_snr_db(INFINITY), 0);
}

}  // namespace
}  // namespace tessera
