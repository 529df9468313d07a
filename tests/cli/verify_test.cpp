// tessera verify as a user calls it.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/tool.h"
#include "exit_codes.h"

namespace tessera {
namespace {

using nlohmann::json;

const std::string kSmall = TESSERA_SOURCE_DIR "/tests/data/asteroid/gln_sigmoid.pth";
const std::string kSmallInput = TESSERA_SOURCE_DIR "/tests/data/asteroid/gln_sigmoid.in.npy";

TEST(CliVerify, ProvesAPlanAtEveryStage) {
  const Outcome outcome = tessera_tool(
      {"verify", kSmall, "--length", "2003", "--tile-frames", "64", "--block-channels", "16"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("\nthe same network at every stage\n"), std::string::npos);
  EXPECT_NE(outcome.out.find("not compared, the plan's: "), std::string::npos);
}

TEST(CliVerify, JsonHasTheKeysOfTheStages) {
  const Outcome outcome = tessera_tool({"verify", kSmall, "--input", kSmallInput, "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  const json document = json::parse(outcome.out);
  for (const char* role :
       {"source_projector", "decoder_pre", "decoder_head", "bottleneck", "tcn0_in", "tcn0_depth",
        "tcn0_residual", "tcn0_skip", "mask_score", "mask_output", "masker_output", "masked_rep",
        "decoder_output", "final_output", "tcn5_depth"})
    EXPECT_LE(document.at(std::string(role) + "_max_abs").get<double>(), 1e-5) << role;
  EXPECT_EQ(document.at("tol"), 1e-5);
  EXPECT_EQ(document.at("all_close"), true);
  EXPECT_GE(document.at("stages").size(), 15U);
  for (const json& stage : document.at("stages"))
    EXPECT_EQ(stage.at("frames"), stage.at("frames_expected")) << stage;
}

TEST(CliVerify, ProvesAPackage) {
  const ScratchFolder folder;
  const std::string built = (folder / "m.tess").string();
  ASSERT_EQ(tessera_tool({"build", kSmall, "-o", built, "--length", "2003"}).code, 0);
  const Outcome outcome = tessera_tool({"verify", built, "--backend", "reference"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(tessera_tool({"verify", built, "--model", kSmall}).code, 0);
}

TEST(CliVerify, FailsAPackageOfAnotherModelAndNamesTheStage) {
  const ScratchFolder folder;
  const std::string built = (folder / "m.tess").string();
  const std::string first = TESSERA_SOURCE_DIR "/models/convtasnet_demo_gln_8k.pth";
  ASSERT_EQ(tessera_tool({"build", kSmall, "-o", built, "--length", "2003"}).code, 0);
  const Outcome outcome = tessera_tool({"verify", built, "--model", first});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kMismatch));
  EXPECT_NE(outcome.err.find("is not the network it was made from: 'encoder'"), std::string::npos)
      << outcome.err;
}

TEST(CliVerify, FailsUnderATighterToleranceAndPrintsTheReportAllTheSame) {
  const Outcome outcome = tessera_tool({"verify", kSmall, "--length", "2003", "--tolerance", "0",
                                        "--peak-tolerance", "0", "--json"});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kMismatch));
  const json document = json::parse(outcome.out);
  EXPECT_EQ(document.at("all_close"), false);
  EXPECT_TRUE(document.contains("error"));
}

TEST(CliVerifyPart, RunsTheKnownCases) {
  for (const char* part : {"decoder", "masker", "chain"}) {
    const Outcome outcome = tessera_tool({"verify", kSmall, "--part", part, "--json"});
    ASSERT_EQ(outcome.code, 0) << outcome.out;
    const json document = json::parse(outcome.out);
    ASSERT_EQ(document.at("cases").size(), 3U) << part;
    EXPECT_EQ(document.at("all_close"), true);
    for (const json& entry : document.at("cases")) {
      EXPECT_LE(entry.at("parity_max_abs_vs_reference").get<double>(), 1e-5);
      EXPECT_GT(entry.at("latency_ms").get<double>(), 0);
      EXPECT_EQ(entry.at("block_channels"), 64);
    }
  }
}

TEST(CliVerifyPart, ScoresTheChainAgainstTrueVoices) {
  const std::string mixtures = TESSERA_SOURCE_DIR "/models/mixtures/";
  const Outcome outcome =
      tessera_tool({"verify", kDemoModel, "--part", "chain", "--audio", kDemoMixture, "--reference",
                    mixtures + "04_s1.wav", "--reference", mixtures + "04_s2.wav", "--length",
                    "32000", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  const json entry = json::parse(outcome.out).at("cases").at(0);
  // As 'tessera score' finds for what 'tessera separate' writes (README).
  EXPECT_NEAR(entry.at("si_snr_1_db").get<double>(), 10.34, 0.02);
  EXPECT_NEAR(entry.at("si_snr_2_db").get<double>(), 13.52, 0.02);
  EXPECT_GT(entry.at("rtf").get<double>(), 0);
}

TEST(CliVerifyPart, RefusesReferencesWithoutARecording) {
  const Outcome outcome =
      tessera_tool({"verify", kSmall, "--part", "masker", "--reference", "a.wav"});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_NE(outcome.err.find("error: is for the chain with a recording"), std::string::npos)
      << outcome.err;
}

}  // namespace
}  // namespace tessera
