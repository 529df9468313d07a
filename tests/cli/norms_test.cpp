// tessera tune norms, and builds that freeze within a budget.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>

#include "cli/tool.h"
#include "exit_codes.h"
#include "tessera/audio.h"

namespace tessera {
namespace {

using nlohmann::json;

const std::string kMixtures = TESSERA_SOURCE_DIR "/models/mixtures";
const std::string kBatchNorm = TESSERA_SOURCE_DIR "/models/convtasnet_demo_bn_8k.pth";

class CliNorms : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  ScratchFolder folder_;
};

TEST_F(CliNorms, TheCurveBeginsExactAndEndsWithEverythingFrozen) {
  const Outcome outcome =
      tessera_tool({"tune", "norms", kDemoModel, "--calib", kDemoMixture, "--length", "16000",
                    "--mixtures", kMixtures, "--svg", path("curve.svg"), "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  const json document = json::parse(outcome.out);
  const json& points = document.at("points");
  ASSERT_GT(points.size(), 3U);
  EXPECT_EQ(points.front().at("mode"), "exact");
  EXPECT_EQ(points.back().at("mode"), "frozen");
  EXPECT_EQ(points.back().at("frozen").size(), document.at("freezable").size());
  EXPECT_GT(points.front().at("si_snr_improvement_db"), 10);
  EXPECT_EQ(points.front().at("loss_db"), 0);
  // All norms frozen cost more than the first ones.
  EXPECT_GT(points.back().at("loss_db"), points[2].at("loss_db"));
  EXPECT_LT(points.back().at("segments"), points.front().at("segments"));
  EXPECT_NE(contents(path("curve.svg")).find("dB of SI-SNR lost, measured"), std::string::npos);
}

TEST_F(CliNorms, ANetworkWithoutSuchNormsHasOnePoint) {
  const Outcome outcome = tessera_tool(
      {"tune", "norms", kBatchNorm, "--calib", kDemoMixture, "--length", "8000", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  EXPECT_EQ(json::parse(outcome.out).at("points").size(), 1U);
}

TEST_F(CliNorms, ABudgetFreezesSomeAndTheirPackageSeparatesOtherLengths) {
  const Outcome built =
      tessera_tool({"build", kDemoModel, "--norm", "budget=0.1dB", "--calib", kDemoMixture,
                    "--length", "8000", "-o", path("m.tess"), "--json"});
  ASSERT_EQ(built.code, 0) << built.out;
  const json frozen = json::parse(built.out).at("frozen_norms");
  EXPECT_LE(frozen.at("loss_db"), 0.1);
  EXPECT_GE(frozen.at("names").size(), 1U);
  EXPECT_LT(frozen.at("names").size(), 24U);
  const Outcome separated =
      tessera_tool({"separate", path("m.tess"), kDemoMixture, "-o", path("voices"), "--json"});
  EXPECT_EQ(separated.code, 0) << separated.err << separated.out;
}

TEST_F(CliNorms, ABudgetThatIsNoNumberIsRefused) {
  const Outcome outcome = tessera_tool({"build", kDemoModel, "--norm", "budget=much", "--calib",
                                        kDemoMixture, "-o", path("m.tess")});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_EQ(outcome.err,
            "error: 'budget=much' names no loss in dB\n  in: --norm\n  next: write it like "
            "budget=0.2dB\n");
}

TEST_F(CliNorms, ANetworkWithNothingToFreezeCannotBeBuiltFrozen) {
  const Outcome outcome = tessera_tool({"build", kBatchNorm, "--norm", "frozen", "--calib",
                                        kDemoMixture, "--length", "8000", "-o", path("m.tess")});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_NE(
      outcome.err.find("the network has no norm over its whole sequence behind its first one"),
      std::string::npos)
      << outcome.err;
}

TEST_F(CliNorms, MixturesForANetworkThatIsNoSeparatorAreRefused) {
  const Outcome outcome =
      tessera_tool({"tune", "norms", TESSERA_SOURCE_DIR "/tests/data/onnx/spellings/flattened.onnx",
                    "--calib", kDemoMixture, "--mixtures", kMixtures});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kUnsupported));
  EXPECT_NE(outcome.err.find("error: the network is not a known separator\n  in: --mixtures\n"
                             "  next: leave it out: the loss is estimated from the outputs' SNR\n"),
            std::string::npos)
      << outcome.err;
}

TEST_F(CliNorms, AMixtureOfAnotherLengthThanItsSourcesIsRefusedBeforeTheWork) {
  const std::vector<float> noise(8000, 0.1F);
  std::filesystem::create_directory(path("held_out"));
  for (const char* name : {"a_mix.wav", "a_s1.wav"})
    ASSERT_TRUE(write_audio(path("held_out") + "/" + name, noise, 8000).has_value());
  const std::string shorter = path("held_out") + "/a_s2.wav";
  ASSERT_TRUE(write_audio(shorter, std::span(noise).first(7000), 8000).has_value());
  // The recordings do not exist either: were they read first, that would be the error.
  const Outcome outcome = tessera_tool(
      {"tune", "norms", kDemoModel, "--calib", path("none.wav"), "--mixtures", path("held_out")});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kMismatch));
  EXPECT_EQ(outcome.err, "error: has 7000 samples, its mixture 8000\n  in: " + shorter +
                             "\n  next: give sources as long as their mixture\n");
}

}  // namespace
}  // namespace tessera
