// tessera inspect.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/tool.h"
#include "exit_codes.h"

namespace tessera {
namespace {

using nlohmann::json;

TEST(CliInspect, TellsWhatTheNetworkIs) {
  const Outcome outcome = tessera_tool({"inspect", kDemoModel, "--length", "16000", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  const json document = json::parse(outcome.out);
  EXPECT_EQ(document.at("family"), "asteroid_convtasnet");
  EXPECT_EQ(document.at("sources"), 2);
  EXPECT_EQ(document.at("sample_rate"), 8000);
  EXPECT_EQ(document.at("length"), 16000);
  EXPECT_EQ(document.at("outputs")[0].at("shape"), json({2, 1, 16000}));
  EXPECT_EQ(document.at("dependence").at("whole_sequence"), true);
  EXPECT_EQ(document.at("dependence").at("causal"), false);
  // 2 repeats of dilations 1..32 and kernel 3: 2*63*2 + 1 frames.
  EXPECT_EQ(document.at("dependence_in_frames").at("field"), 253);
}

TEST(CliInspect, LayersAddUpToTheTotals) {
  const json document = json::parse(tessera_tool({"inspect", kDemoModel, "--json"}).out);
  int64_t parameters = 0, macs = 0;
  for (const json& layer : document.at("layers")) {
    parameters += layer.at("parameters").get<int64_t>();
    macs += layer.at("macs").get<int64_t>();
  }
  EXPECT_EQ(parameters, document.at("parameters").get<int64_t>());
  EXPECT_EQ(macs, document.at("macs").get<int64_t>());
}

TEST(CliInspect, DrawsTheNetworkAndReplacesADrawingOnlyByForce) {
  const ScratchFolder folder;
  const std::string drawing = (folder / "net.svg").string();
  ASSERT_EQ(tessera_tool({"inspect", kDemoModel, "--graph", drawing}).code, 0);
  EXPECT_NE(contents(drawing).find("12 blocks: 2 repeats of 6"), std::string::npos);
  const Outcome again = tessera_tool({"inspect", kDemoModel, "--graph", drawing});
  EXPECT_EQ(again.code, exit_code(ErrorCode::kAlreadyExists));
  EXPECT_EQ(tessera_tool({"inspect", kDemoModel, "--graph", drawing, "--force"}).code, 0);
}

TEST(CliInspect, RefusesNetworksFromTheFieldByName) {
  const std::string dprnn =
      TESSERA_SOURCE_DIR "/tests/data/field/checkpoint_asteroid_dprnn/dprnn.pth";
  const Outcome outcome = tessera_tool({"inspect", dprnn});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kUnsupported));
  EXPECT_NE(outcome.err.find("error: this is a DPRNNTasNet: a dual-path recurrent network\n"),
            std::string::npos)
      << outcome.err;
}

TEST(CliFormats, CheckpointsAreThePageInTheDocs) {
  const Outcome page = tessera_tool({"formats", "checkpoints"});
  EXPECT_EQ(page.code, 0);
  EXPECT_EQ(page.out, contents(TESSERA_SOURCE_DIR "/docs/checkpoints.md"));
}

TEST(CliInspect, TextIsTheGraphs) {
  const Outcome outcome = tessera_tool({"inspect", kDemoModel, "--text"});
  ASSERT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("tcn.3.depthwise"), std::string::npos);
}

}  // namespace
}  // namespace tessera
