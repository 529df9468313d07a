#include "evaluate/evaluation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "base/folder_lock.h"
#include "support/scratch_folder.h"
#include "tessera/audio.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = TESSERA_SOURCE_DIR;
const fs::path kModels = kSource / "models";
const fs::path kSmallNetwork = kSource / "tests/data/asteroid/gln_sigmoid.pth";
const fs::path kOtherNetwork = kSource / "tests/data/asteroid/causal_cln.pth";

class EvaluationTest : public testing::Test {
 protected:
  // Deterministic voices of a quarter of a second, and their sum.
  void mixture(const std::string& name, uint32_t seed, int rate = 8000) {
    std::vector<float> voices[2];
    std::vector<float> mix(2000);
    for (size_t v = 0; v < 2; ++v) {
      const double step = 0.02 * (seed + 3.0 * static_cast<double>(v));
      uint32_t state = seed * 2 + static_cast<uint32_t>(v) + 1;
      for (size_t i = 0; i < mix.size(); ++i) {
        state = state * 1664525 + 1013904223;
        voices[v].push_back(0.2F * static_cast<float>(std::sin(step * static_cast<double>(i))) +
                            0.02F * (static_cast<float>(state >> 16) / 65536 - 0.5F));
        mix[i] += voices[v][i];
      }
    }
    write(name + "_mix.wav", mix, rate);
    write(name + "_s1.wav", voices[0], rate);
    write(name + "_s2.wav", voices[1], rate);
  }
  void write(const std::string& name, const std::vector<float>& samples, int rate = 8000) {
    fs::create_directories(data_);
    ASSERT_TRUE(
        write_audio(data_ / name, samples, rate, {.format = SampleFormat::kFloat, .force = true})
            .has_value());
  }
  void mixtures(int count) {
    for (int i = 1; i <= count; ++i) mixture("m" + std::to_string(i), static_cast<uint32_t>(i));
  }

  EvaluationOptions options(const std::string& folder, std::vector<fs::path> models) const {
    EvaluationOptions made;
    for (fs::path& model : models) made.models.push_back({std::move(model), {.threads = 1}});
    made.folder = folder_ / folder;
    return made;
  }
  Result<Evaluation> try_evaluate(EvaluationOptions options,
                                  const EvaluationProgress& progress = nullptr) {
    auto evaluator = Evaluator::open(std::move(options));
    if (!evaluator) return evaluator.error();
    const auto data = read_data_set({.root = data_, .sources = evaluator->voices()});
    if (!data) return data.error();
    return evaluator->run(*data, progress);
  }
  Evaluation evaluate(EvaluationOptions options) {
    auto evaluation = try_evaluate(std::move(options));
    EXPECT_TRUE(evaluation.has_value()) << evaluation.error().to_string();
    return std::move(evaluation).value();
  }
  Evaluation evaluate(const std::string& folder, std::vector<fs::path> models = {kSmallNetwork}) {
    return evaluate(options(folder, std::move(models)));
  }

  static void expect_same(const Evaluation& a, const Evaluation& b) {
    ASSERT_EQ(a.items.size(), b.items.size());
    for (size_t i = 0; i < a.items.size(); ++i) {
      SCOPED_TRACE(a.items[i].item.name);
      ASSERT_EQ(a.items[i].scores.size(), b.items[i].scores.size());
      for (size_t m = 0; m < a.items[i].scores.size(); ++m) {
        const SeparationScore& x = a.items[i].scores[m];
        const SeparationScore& y = b.items[i].scores[m];
        EXPECT_EQ(x.mean_si_snr_db, y.mean_si_snr_db);
        EXPECT_EQ(x.mean_sdr_improvement_db, y.mean_sdr_improvement_db);
        EXPECT_EQ(x.sources[1].snr_db, y.sources[1].snr_db);
      }
    }
    ASSERT_EQ(a.means.size(), b.means.size());
    EXPECT_EQ(a.means[0].si_snr_improvement.mean, b.means[0].si_snr_improvement.mean);
    EXPECT_EQ(a.means[0].sdr.half_width, b.means[0].sdr.half_width);
  }

  ScratchFolder folder_;
  fs::path data_ = folder_ / "data";
};

// The figure of bench/separation and models/README.md for the same network and mixtures, and the
// scores of the same steps one by one.
TEST_F(EvaluationTest, ScoresAreThoseOfSeparatingAndScoringByHand) {
  data_ = kModels / "mixtures";
  const fs::path model = kModels / "convtasnet_demo_gln_8k.pth";
  const Evaluation evaluation = evaluate("out", {model});
  ASSERT_EQ(evaluation.items.size(), 3u);
  EXPECT_NEAR(evaluation.means[0].si_snr_improvement.mean, 11.25, 0.005);
  Separator separator = Separator::open(model, {.threads = 1}).value();
  for (const EvaluatedItem& item : evaluation.items) {
    const std::string name = (data_ / item.item.name).string();
    const AudioBuffer mix = read_audio(name + "_mix.wav").value();
    const Separation separated = separator.separate(mix).value();
    const std::vector<std::vector<float>> references{read_audio(name + "_s1.wav")->channels[0],
                                                     read_audio(name + "_s2.wav")->channels[0]};
    const SeparationScore score =
        score_separation(separated.voices, references, mix.channels[0]).value();
    EXPECT_NEAR(item.scores[0].mean_si_snr_db, score.mean_si_snr_db, 1e-4);
    EXPECT_NEAR(*item.scores[0].mean_sdr_improvement_db, *score.mean_sdr_improvement_db, 1e-4);
    EXPECT_EQ(item.scores[0].sources[0].estimate, score.sources[0].estimate);
    EXPECT_EQ(item.sample_rate, 8000);
    EXPECT_EQ(item.frames, 32000);
  }
}

TEST_F(EvaluationTest, AnInterruptedRunGoesOnAndGivesTheSameScores) {
  mixtures(4);
  const Evaluation whole = evaluate("whole");
  EXPECT_EQ(whole.scored, 4);
  const auto stopped = try_evaluate(options("parts", {kSmallNetwork}),
                                    [](int64_t done, int64_t) { return done < 2; });
  ASSERT_FALSE(stopped.has_value());
  EXPECT_EQ(stopped.error().to_string(),
            "evaluation: stopped after 2 of 4 (the same command goes on from there)");
  const Evaluation rest = evaluate("parts");
  EXPECT_EQ(rest.resumed, 2);
  EXPECT_EQ(rest.scored, 2);
  expect_same(whole, rest);
  const Evaluation again = evaluate("parts");
  EXPECT_EQ(again.resumed, 4);
  EXPECT_EQ(again.scored, 0);
  expect_same(whole, again);
}

TEST_F(EvaluationTest, SeveralJobsGiveTheScoresOfOne) {
  mixtures(5);
  EvaluationOptions several = options("several", {kSmallNetwork});
  several.jobs = 3;
  expect_same(evaluate("one"), evaluate(std::move(several)));
}

TEST_F(EvaluationTest, TwoNetworksAreComparedMixtureByMixture) {
  mixtures(4);
  const Evaluation evaluation = evaluate("out", {kSmallNetwork, kOtherNetwork});
  ASSERT_EQ(evaluation.means.size(), 2u);
  ASSERT_TRUE(evaluation.difference.has_value());
  std::vector<double> differences;
  for (const EvaluatedItem& item : evaluation.items)
    differences.push_back(*item.scores[1].mean_si_snr_improvement_db -
                          *item.scores[0].mean_si_snr_improvement_db);
  const MeanInterval expected = mean_interval(differences);
  EXPECT_EQ(evaluation.difference->si_snr_improvement.mean, expected.mean);
  EXPECT_EQ(evaluation.difference->si_snr_improvement.half_width, expected.half_width);
  const std::vector<size_t> worst = evaluation.worst_first();
  ASSERT_EQ(worst.size(), 4u);
  for (size_t i = 1; i < worst.size(); ++i)
    EXPECT_LE(differences[worst[i - 1]], differences[worst[i]]);
  const Evaluation same = evaluate("same", {kSmallNetwork, kSmallNetwork});
  EXPECT_EQ(same.difference->si_snr.mean, 0);
  EXPECT_EQ(same.difference->si_snr.half_width, 0);
}

TEST_F(EvaluationTest, WhatCannotBeScoredIsToldAndTheRestIsDone) {
  mixtures(6);
  write("m1_s2.wav", std::vector<float>(1999, 0.1F));
  write("m2_s1.wav", std::vector<float>(2000, 0.1F), 16000);
  ASSERT_TRUE(write_file_atomically(data_ / "m3_mix.wav", "no sound", {.force = true}));
  write("m4_s2.wav", std::vector<float>(2000, 0.0F));
  fs::remove(data_ / "m5_s1.wav");
  const Evaluation evaluation = evaluate("out");
  EXPECT_EQ(evaluation.failed, 5);
  EXPECT_EQ(evaluation.scored, 1);
  EXPECT_EQ(evaluation.means[0].si_snr.count, 1);
  const auto text = [&](size_t i) {
    const std::string whole = evaluation.items[i].error->to_string();
    return whole.substr(whole.find(data_.string()) + data_.string().size() + 1);
  };
  EXPECT_EQ(text(0),
            "m1_s2.wav: has 1999 samples, its mixture 2000 (give sources as long as their "
            "mixture)");
  EXPECT_EQ(text(1),
            "m2_s1.wav: has 16000 Hz, its mixture 8000 Hz (bring all files of a mixture to "
            "one rate)");
  EXPECT_TRUE(text(2).starts_with("m3_mix.wav: ")) << text(2);
  EXPECT_TRUE(text(3).starts_with("m4_s2.wav: ")) << text(3);
  EXPECT_TRUE(text(4).starts_with("m5_s1.wav: is not there")) << text(4);
  // Mended files are scored, the others are not scored again.
  mixture("m1", 1);
  const Evaluation mended = evaluate("out");
  EXPECT_EQ(mended.resumed, 1);
  EXPECT_EQ(mended.scored, 1);
}

TEST_F(EvaluationTest, AnotherLengthThanTheTableSaysIsRefused) {
  mixtures(1);
  std::ofstream(folder_ / "t.csv") << "mixture_path,source_1_path,source_2_path,length\n"
                                      "m1_mix.wav,m1_s1.wav,m1_s2.wav,1000\n";
  Evaluator evaluator = Evaluator::open(options("out", {kSmallNetwork})).value();
  const DataSet data =
      read_data_set({.root = data_, .metadata = folder_ / "t.csv", .sources = 2}).value();
  const Evaluation evaluation = evaluator.run(data).value();
  ASSERT_TRUE(evaluation.items[0].error.has_value());
  EXPECT_EQ(evaluation.items[0].error->message, "has 2000 samples, the metadata says 1000");
}

TEST_F(EvaluationTest, WhatTheNetworkWarnsOfIsCounted) {
  mixtures(2);
  EvaluationOptions windowed = options("out", {kSmallNetwork});
  windowed.models[0].separator.window_seconds = 1;
  const std::vector<float> sound = read_audio(data_ / "m1_mix.wav")->channels[0];
  std::vector<float> longer;
  for (int i = 0; i < 12; ++i) longer.insert(longer.end(), sound.begin(), sound.end());
  for (const char* name : {"m1_mix.wav", "m1_s1.wav"}) write(name, longer);
  for (float& x : longer) x = -x * x;
  write("m1_s2.wav", longer);
  const Evaluation evaluation = evaluate(windowed);
  ASSERT_EQ(evaluation.warnings.size(), 1u);
  EXPECT_EQ(evaluation.warnings.begin()->second, 1);
  EXPECT_NE(evaluation.warnings.begin()->first.find("window"), std::string::npos)
      << evaluation.warnings.begin()->first;
  // Another length of windows gives other scores.
  windowed.models[0].separator.window_seconds = 2;
  const auto refused = try_evaluate(windowed);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kMismatch);
}

TEST_F(EvaluationTest, AChangedFileIsScoredAgain) {
  mixtures(2);
  evaluate("out");
  mixture("m2", 77);
  const Evaluation again = evaluate("out");
  EXPECT_EQ(again.resumed, 1);
  EXPECT_EQ(again.scored, 1);
}

TEST_F(EvaluationTest, AFolderOfAnotherNetworkIsRefusedUnlessItIsToBeReplaced) {
  mixtures(1);
  evaluate("out");
  const auto refused = try_evaluate(options("out", {kOtherNetwork}));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kMismatch);
  EvaluationOptions forced = options("out", {kOtherNetwork});
  forced.force = true;
  EXPECT_EQ(evaluate(std::move(forced)).scored, 1);
}

TEST_F(EvaluationTest, TwoRunsIntoOneFolderAreRefused) {
  mixtures(1);
  ASSERT_TRUE(ensure_directory(folder_ / "out").has_value());
  {
    const auto other = FolderLock::take(folder_ / "out");
    ASSERT_TRUE(other.has_value()) << other.error().to_string();
    const auto refused = try_evaluate(options("out", {kSmallNetwork}));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().to_string(), (folder_ / "out").string() +
                                               ": another run writes into this folder (wait for "
                                               "its end, or give another folder)");
  }
  EXPECT_EQ(evaluate("out").scored, 1);
}

TEST_F(EvaluationTest, OptionsAreNamedWhereTheyMakeNoSense) {
  const auto subject = [](const EvaluationOptions& options) {
    const auto checked = options.validate();
    return checked ? "" : checked.error().subject;
  };
  EvaluationOptions good = options("out", {kSmallNetwork});
  EXPECT_EQ(subject(good), "");
  good.jobs = 0;
  EXPECT_EQ(subject(good), "EvaluationOptions::jobs");
  EXPECT_EQ(subject(options("out", {})), "EvaluationOptions::models");
  EXPECT_EQ(subject({{{kSmallNetwork, {}}}, {}, 1}), "EvaluationOptions::folder");
}

}  // namespace
}  // namespace tessera
