#include "evidence/documents.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tessera {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Documents, AreJsonWhateverTheNumbersAre) {
  EXPECT_TRUE(documents::number(kInfinity).is_null());
  EXPECT_TRUE(documents::number(std::nan("")).is_null());
  EXPECT_EQ(documents::number(-1.5), Json(-1.5));

  FrozenNormsPoint point;
  point.snr_db = kInfinity;
  EXPECT_TRUE(documents::of(point).at("snr_db").is_null());

  VerifyReport report;
  ValueCheck check;
  check.difference.max_abs = kInfinity;
  check.difference.snr_db = -kInfinity;
  report.stages.push_back(check);
  report.roles["encoder"].max_abs = kInfinity;
  const Json document = documents::of(report, VerifyOptions{});
  EXPECT_TRUE(document.at("stages")[0].at("max_abs").is_null());
  EXPECT_TRUE(document.at("encoder_max_abs").is_null());
  EXPECT_EQ(Json::parse(print_json(document)), document);
}

TEST(Documents, RolesThatTheNetworkLacksAreNull) {
  VerifyReport report;
  report.roles["tcn0_depth"].max_abs = 1e-6;
  report.roles["tcn1_depth"].max_abs = 2e-6;
  const Json document = documents::of(report, VerifyOptions{});
  EXPECT_EQ(document.at("tcn0_depth_max_abs"), 1e-6);
  EXPECT_EQ(document.at("tcn1_depth_max_abs"), 2e-6);
  EXPECT_TRUE(document.at("decoder_pre_max_abs").is_null());
  EXPECT_FALSE(document.contains("tcn2_depth_max_abs"));
}

TEST(Documents, ABorderTellsWhereItsCodesDifferOnlyWhereTheyDo) {
  BitExactReport report;
  report.borders.resize(2);
  report.borders[0].value = "same";
  report.borders[1].value = "other";
  report.borders[1].differing = 3;
  report.borders[1].channel = 7;
  const Json document = documents::of(report);
  EXPECT_FALSE(document.at("borders")[0].contains("channel"));
  EXPECT_EQ(document.at("borders")[1].at("channel"), 7);
}

TEST(Documents, AnInfiniteScoreIsAText) {
  SeparationScore score;
  score.sources.resize(1);
  score.sources[0].si_snr_db = kInfinity;
  score.sources[0].sdr_db = -kInfinity;
  score.mean_si_snr_db = std::nan("");
  const Json document = documents::of(score);
  EXPECT_EQ(document.at("sources")[0].at("si_snr_db"), "infinite");
  EXPECT_EQ(document.at("sources")[0].at("sdr_db"), "-infinite");
  EXPECT_TRUE(document.at("mean").at("si_snr_db").is_null());
  EXPECT_FALSE(document.at("mean").contains("si_snr_improvement_db"));
  EXPECT_EQ(document.at("permutation"), Json::array({1}));
}

TEST(Documents, EveryRewriteRuleIsListed) {
  const Json rules = documents::rewrite_rules().at("rules");
  ASSERT_EQ(rules.size(), rewrite_rules().size());
  for (const Json& rule : rules) EXPECT_FALSE(rule.at("reason").get<std::string>().empty());
}

}  // namespace
}  // namespace tessera
