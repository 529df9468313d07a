// Windows after a silence: what a norm over time makes of a voice that begins late.
#include "support/small_network.h"
#include "tessera/metrics.h"

namespace tessera {
namespace {

using namespace test;

// Of a network whose norms measure the whole sequence, a voice after a long silence leaves the
// ranges that the voice alone was seen in.
TEST(Pauses, AVoiceAfterAPauseStaysInRangesThatWereTakenFromOne) {
  const Graph graph = legal_network(NormKind::global);
  ASSERT_TRUE(needs_silence_prefix(graph));
  const auto backend = make_backend("cpu", {.threads = 1}).value();
  const auto windows = random_windows(graph, 3);
  TensorStatistics alone;
  ASSERT_TRUE(calibrate(graph, {}, *backend, windows, alone).has_value());
  TensorStatistics both = alone;
  const auto paused = with_silence_prefix(windows, graph.node(graph.inputs()[0]).shape.w);
  ASSERT_TRUE(calibrate(graph, {}, *backend, paused, both).has_value());
  std::vector<float> input = random_inputs(graph, 9)[0];
  std::fill(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(input.size() / 8 * 7), 0.0F);
  const std::vector<float> expected = run_graph(graph, {input})[0];
  const auto snr = [&](const TensorStatistics& statistics) {
    return snr_db(emulated(graph, quantize(graph, statistics).value(), input), expected).value();
  };
  EXPECT_GT(snr(both), snr(alone) + 3);
}

TEST(Pauses, OnlyNormsOverTimeHearPauses) {
  for (NormKind norm : kNorms) {
    const bool over_time =
        norm == NormKind::global || norm == NormKind::feature_wise || norm == NormKind::cumulative;
    ConvTasNet network = small_network(norm);
    network.causal = norm == NormKind::cumulative;
    EXPECT_EQ(needs_silence_prefix(legal(network)), over_time) << to_string(norm);
  }
}

TEST(Pauses, ComeBeforeWindowsOrInPlaceOfTheirQuieterHalf) {
  const Windows windows{{1, 2, 3, 4}, {0, 0, 0, 0}, {4, 3, 2, 1}};
  EXPECT_EQ(with_silence_prefix(windows, 8),
            (Windows{{0, 0, 0, 0, 1, 2, 3, 4}, {0, 0, 0, 0, 4, 3, 2, 1}}));
  EXPECT_EQ(with_silence_prefix(windows, 4), (Windows{{0, 0, 3, 4}, {0, 0, 4, 3}}));
  EXPECT_EQ(with_silence_prefix(windows, 8, 1), (Windows{{0, 0, 0, 0, 1, 2, 3, 4}}));
}

}  // namespace
}  // namespace tessera
