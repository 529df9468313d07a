// tessera plan and check.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/tool.h"
#include "exit_codes.h"
#include "support/conv_tasnet.h"
#include "tessera/compiler/export.h"

namespace tessera {
namespace {

using nlohmann::json;

json plan_of(std::vector<std::string> more) {
  std::vector<std::string> words{"plan", kDemoModel, "--length", "8000", "--json"};
  words.insert(words.end(), more.begin(), more.end());
  const Outcome outcome = tessera_tool(words);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return outcome.code == 0 ? json::parse(outcome.out) : json();
}

TEST(CliPlan, FitsAndSaysWhatItWouldCostToDoOtherwise) {
  const json plan = plan_of({});
  ASSERT_FALSE(plan.is_null());
  EXPECT_EQ(plan.at("verdict"), "fits");
  for (const json& segment : plan.at("segments")) EXPECT_EQ(segment.at("verdict"), "fits");
  std::vector<std::string> ways;
  for (const json& way : plan.at("alternatives")) {
    ways.push_back(way.at("name"));
    const bool alone = !way.contains("verdict");
    EXPECT_EQ(way.contains("chip_ms_estimated"), !alone);
    if (alone) {
      EXPECT_GT(way.at("host_ms_measured"), 0);
    }
  }
  EXPECT_EQ(ways,
            (std::vector<std::string>{"exact, cut (this plan)", "this processor alone (cpu)",
                                      "exact, uncut", "norms frozen, cut", "norms frozen, uncut"}));
}

TEST(CliPlan, CutsAsTold) {
  const json plan = plan_of(
      {"--no-measure", "--layout", "row", "--tile-frames", "100", "--block-channels", "48"});
  ASSERT_FALSE(plan.is_null());
  EXPECT_EQ(plan.at("block_channels"), 48);
  for (const json& segment : plan.at("segments")) {
    EXPECT_EQ(segment.at("layout"), "row");
    EXPECT_LE(segment.at("tile_frames"), 100);
  }
}

TEST(CliPlan, DrawsIntoAFileThatIsNotThereYet) {
  const ScratchFolder folder;
  const std::string svg = (folder / "plan.svg").string();
  plan_of({"--no-measure", "--svg", svg});
  EXPECT_EQ(contents(svg).rfind("<svg", 0), 0u);
  const Outcome again =
      tessera_tool({"plan", kDemoModel, "--length", "8000", "--no-measure", "--svg", svg});
  EXPECT_NE(again.code, 0);
  EXPECT_NE(again.err.find("--force"), std::string::npos) << again.err;
}

TEST(CliPlan, AnUnknownTargetIsNamedWithThoseThatAreKnown) {
  const Outcome outcome = tessera_tool({"plan", kDemoModel, "--target", "hailo9"});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kNotFound));
  EXPECT_NE(outcome.err.find("hailo8"), std::string::npos) << outcome.err;
}

// A network of the default size: 24 blocks.
class CliScreen : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto written = export_onnx(test::build(test::ConvTasNet{}), folder_ / "net.onnx");
    ASSERT_TRUE(written) << written.error().to_string();
  }
  Outcome show(std::vector<std::string> words) const {
    const Outcome outcome = tessera_tool(std::move(words), folder_.path());
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome;
  }
  static int64_t lines(const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
  }

  ScratchFolder folder_;
};

TEST_F(CliScreen, HoldsAPlanThatBeginsWithTheVerdict) {
  const Outcome outcome = show({"plan", "net.onnx"});
  EXPECT_TRUE(outcome.out.starts_with("fits on hailo8: 49 segments")) << outcome.out;
  EXPECT_LE(lines(outcome.out), 40) << outcome.out;
  EXPECT_NE(outcome.out.find(" x 3 "), std::string::npos) << outcome.out;
  const std::string all = show({"plan", "net.onnx", "--all", "--no-measure"}).out;
  EXPECT_GT(lines(all), 49) << all;
  EXPECT_EQ(all.find(" x 3 "), std::string::npos) << all;
}

TEST_F(CliScreen, HoldsACheckThatBeginsWithTheVerdict) {
  const Outcome outcome = show({"check", "net.onnx"});
  EXPECT_TRUE(outcome.out.starts_with("does not fit on hailo8: ")) << outcome.out;
  EXPECT_LE(lines(outcome.out), 40) << outcome.out;
  EXPECT_NE(outcome.out.find(" x 49 "), std::string::npos) << outcome.out;
  const json document = json::parse(show({"check", "net.onnx", "--json"}).out);
  const std::string all = show({"check", "net.onnx", "--all"}).out;
  EXPECT_GT(lines(all), static_cast<int64_t>(document.at("violations").size()));
  EXPECT_NE(all.find("    source: "), std::string::npos) << all;
  for (const json& violation : document.at("violations")) {
    EXPECT_NE(all.find("\n" + violation.at("node").get<std::string>() + " "), std::string::npos);
  }
}

}  // namespace
}  // namespace tessera
