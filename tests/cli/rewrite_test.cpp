// tessera rewrite.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/tool.h"
#include "exit_codes.h"

namespace tessera {
namespace {

using nlohmann::json;

json rule_of(const json& document, std::string_view name) {
  for (const json& rule : document.at("rules")) {
    if (rule.at("name") == name) return rule;
  }
  return {};
}

TEST(CliRewrite, KeepsTheNetworkAndTellsEveryChange) {
  const Outcome outcome = tessera_tool({"rewrite", kDemoModel, "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  const json document = json::parse(outcome.out);
  EXPECT_EQ(document.at("exact"), true);
  EXPECT_EQ(document.at("legal"), true);
  EXPECT_EQ(rule_of(document, "split_global_norm").at("changed").size(), 25U);  // 12 blocks: 24 + 1
  EXPECT_EQ(rule_of(document, "merge_residual_skip").at("changed").size(), 11U);
}

TEST(CliRewrite, ShowsWhyARuleIsThere) {
  const Outcome outcome = tessera_tool({"rewrite", kDemoModel, "--show"});
  ASSERT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("here because: Statistics over all time"), std::string::npos);
  EXPECT_NE(outcome.out.find("the same network: every rule that applied is exact"),
            std::string::npos);
}

TEST(CliRewrite, ARecordingThatNoRuleHearsIsRefused) {
  const Outcome outcome = tessera_tool({"rewrite", kDemoModel, "--signal", "no_such.wav"});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_EQ(outcome.err,
            "error: is only heard by approximate rules\n  in: --signal\n  next: name one with "
            "--enable ('tessera rewrite --list'), or leave it out\n");
}

TEST(CliRewrite, NoBlocksCannotStay) {
  const Outcome outcome =
      tessera_tool({"rewrite", kDemoModel, "--enable", "truncate_blocks", "--keep-blocks", "0"});
  EXPECT_EQ(outcome.code, kExitUsage);
  EXPECT_NE(outcome.err.find("--keep-blocks: 0 is not above 0"), std::string::npos) << outcome.err;
}

TEST(CliRewrite, MeasuresWhatAnApproximateRuleCosts) {
  const Outcome outcome = tessera_tool(
      {"rewrite", kDemoModel, "--enable", "replace_prelu_with_relu", "--length", "4000", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  const json document = json::parse(outcome.out);
  EXPECT_EQ(document.at("exact"), false);
  EXPECT_EQ(document.at("measured_on"), "noise");
  const json rule = rule_of(document, "replace_prelu_with_relu");
  EXPECT_EQ(rule.at("class"), "approximate");
  EXPECT_LT(rule.at("output_snr_db").get<double>(), 40);
}

TEST(CliRewrite, ListsTheRulesWithoutANetwork) {
  const Outcome outcome = tessera_tool({"rewrite", "--list", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  EXPECT_EQ(json::parse(outcome.out).at("rules")[0].at("name"), "eliminate_dead");
}

TEST(CliRewrite, WritesTheGraphAndReplacesItOnlyByForce) {
  const ScratchFolder folder;
  const std::string path = (folder / "net.graph").string();
  ASSERT_EQ(tessera_tool({"rewrite", kDemoModel, "-o", path}).code, 0);
  EXPECT_NE(contents(path).find("stage legal"), std::string::npos);
  EXPECT_EQ(tessera_tool({"rewrite", kDemoModel, "-o", path}).code,
            exit_code(ErrorCode::kAlreadyExists));
  EXPECT_EQ(tessera_tool({"rewrite", kDemoModel, "-o", path, "--force"}).code, 0);
}

TEST(CliRewrite, RefusesARuleThatDoesNotExist) {
  const Outcome outcome = tessera_tool({"rewrite", kDemoModel, "--only", "fold_everything"});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument));
}

TEST(CliRewrite, NeedsANetworkOrTheList) {
  EXPECT_EQ(tessera_tool({"rewrite"}).code, exit_code(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace tessera
