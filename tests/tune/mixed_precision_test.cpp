#include "tessera/compiler/tune.h"

#include <algorithm>

#include <fmt/format.h>

#include "support/small_network.h"
#include "tessera/metrics.h"

namespace tessera {
namespace {

using namespace test;

// Windows of four recordings, two of each; every recording at a level of its own, and some windows
// with a click or beside a pause, which reach further than the others.
Windows recorded_windows(const Graph& graph, uint32_t first_seed) {
  Windows windows;
  for (uint32_t n = 0; n < 8; ++n) {
    std::vector<float> window = random_inputs(graph, first_seed + n)[0];
    for (float& x : window) x *= 0.2F + 0.1F * static_cast<float>(n / 2);
    if (n % 4 == 1) window[window.size() / 2] *= 8;
    if (n % 4 == 3) std::fill_n(window.begin(), window.size() * 2 / 3, 0.0F);
    windows.push_back(std::move(window));
  }
  return windows;
}

std::vector<int64_t> numbers_of_recordings() {
  return {0, 0, 1, 1, 2, 2, 3, 3};
}

// A network, calibrated on recordings by parts, and what is measured on those held out.
class Calibrated {
 public:
  explicit Calibrated(Graph graph, uint32_t seed = 1) : graph_(std::move(graph)) {
    if (needs_silence_prefix(graph_)) set_range_margin_with_silence(options_);
    held_out_ = hold_out(recorded_windows(graph_, seed), numbers_of_recordings(), {1, true});
    const int64_t frames = graph_.node(graph_.inputs()[0]).shape.w;
    for (const Windows& fold : held_out_.folds) {
      TensorStatistics& own = of_folds_.emplace_back();
      EXPECT_TRUE(calibrate(graph_, options_, *cpu_, fold, own).has_value());
      if (needs_silence_prefix(graph_)) {
        EXPECT_TRUE(
            calibrate(graph_, options_, *cpu_, with_silence_prefix(fold, frames), own).has_value());
      }
      statistics_.merge(own);
    }
  }

  HeldOutTrial trial() const {
    auto trial = HeldOutTrial::create(graph_, held_out_, of_folds_, *cpu_, *emulator_);
    EXPECT_TRUE(trial.has_value()) << trial.error().to_string();
    return std::move(trial).value();
  }

  MixedPrecision choose(double snr_db) const {
    HeldOutTrial measured = trial();
    auto chosen = choose_mixed_precision(measured, options_, snr_db);
    EXPECT_TRUE(chosen.has_value()) << chosen.error().to_string();
    return std::move(chosen).value();
  }

  // Of recordings that nothing was taken from, with ranges of all that were calibrated on.
  std::vector<double> unheard_snr_db(const QuantizeOptions& options) const {
    const Encodings encodings = quantize(graph_, statistics_, options).value();
    std::vector<double> db;
    for (const std::vector<float>& input : recorded_windows(graph_, 1000)) {
      const std::vector<float> expected = run_graph(graph_, {input})[0];
      db.push_back(snr_db(emulated(graph_, encodings, input), expected).value());
    }
    return db;
  }

  const Graph& graph() const { return graph_; }
  const QuantizeOptions& options() const { return options_; }
  const TensorStatistics& statistics() const { return statistics_; }

 private:
  Graph graph_;
  QuantizeOptions options_;
  std::unique_ptr<Backend> cpu_ = make_backend("cpu", {.threads = 1}).value();
  std::unique_ptr<Backend> emulator_ = make_backend("emulator").value();
  HeldOut held_out_;
  std::vector<TensorStatistics> of_folds_;
  TensorStatistics statistics_;
};

TEST(MixedPrecision, WidensNothingWhere8BitsAreEnough) {
  const MixedPrecision chosen = Calibrated(legal_network(NormKind::global)).choose(10.0);
  EXPECT_TRUE(chosen.reached);
  EXPECT_TRUE(chosen.options.int16_values.empty());
}

TEST(MixedPrecision, WidensSomeValuesForAnSnrBetween8And16Bits) {
  const Calibrated calibrated(legal_network(NormKind::global));
  const double wanted = calibrated.choose(10.0).quality.lowest_db() + 3;
  const MixedPrecision chosen = calibrated.choose(wanted);
  EXPECT_TRUE(chosen.reached);
  EXPECT_GE(chosen.quality.lowest_db(), wanted);
  EXPECT_FALSE(chosen.options.int16_values.empty());
  EXPECT_LT(chosen.options.int16_values.size(), chosen.sensitivities.size());
}

TEST(MixedPrecision, KeepsNearlyWhat16BitsEverywhereDoWhereTheseAreNotEnough) {
  const Calibrated calibrated(legal_network(NormKind::global));
  const MixedPrecision chosen = calibrated.choose(150.0);
  EXPECT_FALSE(chosen.reached);
  QuantizeOptions wide = calibrated.options();
  wide.int16 = true;
  const double everywhere = calibrated.trial().quality(wide).value().lowest_db();
  EXPECT_GE(chosen.quality.lowest_db(), everywhere - 0.1);
}

// Whether no channel's codes reach less far. A zero point may round the other way.
bool covers(const ValueEncoding& wide, const ValueEncoding& narrow) {
  for (size_t c = 0; c < wide.scale.size(); ++c) {
    if (wide.scale[c] < 0.99F * narrow.scale[c]) return false;
  }
  return wide.scale.size() == narrow.scale.size();
}

// More bits keep more of every recording, those too that no choice was made on; and what stays in 8
// bits has the ranges that it has without, or wider ones.
TEST(MixedPrecision, KeepsMoreOfUnheardRecordingsThanFewerBits) {
  for (const NormKind norm : {NormKind::global, NormKind::channel_wise, NormKind::batch}) {
    const Calibrated calibrated(legal_network(norm));
    const double wanted = calibrated.choose(10.0).quality.lowest_db() + 4;
    const MixedPrecision chosen = calibrated.choose(wanted);
    ASSERT_FALSE(chosen.options.int16_values.empty()) << to_string(norm);
    QuantizeOptions wide = calibrated.options();
    wide.int16 = true;
    const std::vector<double> int8 = calibrated.unheard_snr_db(calibrated.options());
    const std::vector<double> mixed = calibrated.unheard_snr_db(chosen.options);
    const std::vector<double> int16 = calibrated.unheard_snr_db(wide);
    for (size_t i = 0; i < int8.size(); ++i) {
      EXPECT_GE(mixed[i], int8[i]) << to_string(norm) << " recording " << i;
      EXPECT_GE(int16[i], mixed[i] - 0.1) << to_string(norm) << " recording " << i;
    }
    const Encodings narrow =
        quantize(calibrated.graph(), calibrated.statistics(), calibrated.options()).value();
    const Encodings some =
        quantize(calibrated.graph(), calibrated.statistics(), chosen.options).value();
    for (const auto& [name, encoding] : some.values) {
      if (encoding.bits != 8) continue;
      EXPECT_TRUE(covers(encoding, narrow.values.at(name))) << name;
    }
  }
}

// What a build prints is of recordings that it has not heard: others keep as much. Recordings of so
// short a calibration differ, so the middle is compared over several.
TEST(HeldOutQuality, HoldsOnUnheardRecordings) {
  for (const NormKind norm : {NormKind::global, NormKind::channel_wise, NormKind::batch}) {
    double told_db = 0;
    double kept_db = 0;
    const std::vector<uint32_t> seeds{1, 51, 101};
    for (const uint32_t seed : seeds) {
      const Calibrated calibrated(legal_network(norm), seed);
      const HeldOutQuality told = calibrated.trial().quality(calibrated.options()).value();
      const HeldOutQuality kept{calibrated.unheard_snr_db(calibrated.options())};
      const std::string where = fmt::format("{} {}", to_string(norm), seed);
      EXPECT_GE(kept.typical_db(), told.lowest_db() - 1) << where;
      // The least of eight others may lie below the least of these.
      EXPECT_GE(kept.lowest_db(), told.lowest_db() - 2) << where;
      told_db += told.typical_db() / static_cast<double>(seeds.size());
      kept_db += kept.typical_db() / static_cast<double>(seeds.size());
    }
    EXPECT_LE(told_db, kept_db + 1) << to_string(norm);  // it does not flatter
  }
}

// One value in ten thousand lies far out: min-max spends its codes on what hardly ever comes.
TEST(ChooseObserver, CutsOffWhatIsRareWhereThatKeepsMore) {
  const Graph graph = legal_network(NormKind::batch);
  const auto cpu = make_backend("cpu", {.threads = 1}).value();
  const auto emulator = make_backend("emulator").value();
  const Windows windows = random_windows(graph, 60);
  std::vector<int64_t> recordings(58, 0);
  recordings.resize(60, 1);
  const HeldOut held_out = hold_out(windows, recordings, {1, false});
  TensorStatistics plain;
  ASSERT_TRUE(calibrate(graph, {}, *cpu, held_out.folds[0], plain).has_value());
  TensorStatistics clicked = plain;
  for (NodeId id : calibrated_nodes(graph)) {
    const Node& node = graph.node(id);
    std::vector<float> values(static_cast<size_t>(node.shape.size()), 0.0F);
    for (size_t c = 0; c < static_cast<size_t>(node.shape.c); ++c) {
      values[c * static_cast<size_t>(node.shape.h * node.shape.w)] =
          30 * (*plain.find(node.name))[c].high();
    }
    ASSERT_TRUE(clicked.observe(node, values).has_value());
  }

  // Both parts have the same statistics, so that each is measured with these ranges.
  const auto trial_with = [&](const TensorStatistics& statistics) {
    const std::vector<TensorStatistics> of_folds{statistics, statistics};
    return HeldOutTrial::create(graph, held_out, of_folds, *cpu, *emulator).value();
  };
  const auto snr_db_of = [&](HeldOutTrial& trial, RangeEstimator range_estimator) {
    QuantizeOptions options;
    options.range_estimator = range_estimator;
    return trial.quality(options).value().mean_error_db();
  };
  HeldOutTrial of_clicked = trial_with(clicked);
  const auto chosen = choose_range_estimator(of_clicked, {});
  ASSERT_TRUE(chosen.has_value()) << chosen.error().to_string();
  const double kept = chosen->quality.mean_error_db();
  EXPECT_NE(chosen->range_estimator, RangeEstimator::min_max);
  EXPECT_EQ(kept, snr_db_of(of_clicked, chosen->range_estimator));
  EXPECT_GT(kept, snr_db_of(of_clicked, RangeEstimator::min_max) + 6);
  EXPECT_GE(kept, snr_db_of(of_clicked, RangeEstimator::percentile));
  EXPECT_GE(kept, snr_db_of(of_clicked, RangeEstimator::mse));

  HeldOutTrial of_plain = trial_with(plain);
  const auto usual = choose_range_estimator(of_plain, {});
  ASSERT_TRUE(usual.has_value()) << usual.error().to_string();
  EXPECT_GE(usual->quality.mean_error_db(), snr_db_of(of_plain, RangeEstimator::min_max));
}

}  // namespace
}  // namespace tessera
