// Verdicts of hailo8.toml against recorded compiles.
#include <gtest/gtest.h>

#include <map>

#include "evidence/target_evidence.h"
#include "target/target_text.h"

namespace tessera {
namespace {

const Score& scored() {
  static const Score result = [] {
    auto outcomes = read_outcomes(TESSERA_SOURCE_DIR "/tests/data/outcomes_graphs.json");
    EXPECT_TRUE(outcomes) << (outcomes ? "" : outcomes.error().to_string());
    return outcomes ? score(*outcomes, real_target("hailo8")) : Score{};
  }();
  return result;
}

const ScoredOutcome& row(const std::string& name) {
  for (const ScoredOutcome& one : scored().rows) {
    if (one.name == name) return one;
  }
  static const ScoredOutcome none;
  ADD_FAILURE() << name;
  return none;
}

TEST(Outcomes, Of82CompilesNoneIsWrongAndNoneUnknown) {
  EXPECT_EQ(scored().rows.size(), 142u);
  EXPECT_EQ(scored().right, 82);
  EXPECT_EQ(scored().unknown, 0);
  EXPECT_EQ(scored().wrong, 0);
}

TEST(Outcomes, EveryVerdictHasAReason) {
  for (const ScoredOutcome& one : scored().rows) EXPECT_FALSE(one.reason.empty()) << one.name;
}

TEST(Outcomes, The49AllocatorFixesAre46PassesAnd3FailuresByRowWidth) {
  int64_t cases = 0;
  std::map<std::string, std::string> failures;
  for (const ScoredOutcome& one : scored().rows) {
    // The quick and full grids of the allocator experiment; the masker cases came later.
    if (one.name.rfind("allocfix_", 0) != 0 || one.name.find("masker") != std::string::npos) {
      continue;
    }
    ++cases;
    EXPECT_EQ(one.judgement, Judgement::right) << one.name;
    if (one.verdict != Verdict::fits) failures[one.name] = one.rule;
  }
  EXPECT_EQ(cases, 49);
  EXPECT_EQ(failures, (std::map<std::string, std::string>{
                          {"allocfix_temporal_dec_head0_w1024", "row_width"},
                          {"allocfix_temporal_dec_head0_w2000", "row_width"},
                          {"allocfix_temporal_source_out0_w2000", "row_width"}}));
}

TEST(Outcomes, TheWidestRowIsTheRecordedOne) {
  EXPECT_EQ(row("allocfix_temporal_source_out0_w1024").widest_row_bytes, 262144);
  EXPECT_EQ(row("s7_hef_full_b8_r3_bn128_hid256").widest_row_bytes, 1024512);
  EXPECT_EQ(row("feb17_project_bypass_grouped_deconv").widest_row_bytes, 2046976);
}

TEST(Outcomes, RowsThatDiedElsewhereAreNotCounted) {
  EXPECT_EQ(row("modgate/norm_affine").judgement, Judgement::not_counted);
  EXPECT_EQ(row("fine_full_decoder_pre_only").reason, "no operator list was recorded");
}

TEST(Outcomes, ARowInsideTheIntervalWouldBeUnknown) {
  EXPECT_EQ(row("mono_f96_bn32_hid64_skip32_b2_r1_t16000").verdict, Verdict::unknown);
  EXPECT_EQ(row("mono_f96_bn32_hid64_skip32_b2_r1_t16000").rule, "row_width");
}

TEST(Outcomes, AWrongLimitScoresWrong) {
  auto outcomes = read_outcomes(TESSERA_SOURCE_DIR "/tests/data/outcomes_graphs.json");
  ASSERT_TRUE(outcomes);
  const auto lax = parse_target(
      replaced(target_text("hailo8"), "pass = 262144\nfail = 512000", "pass = 1048576"),
      "lax.toml");
  ASSERT_TRUE(lax);
  EXPECT_GT(score(*outcomes, *lax).wrong, 0);
}

std::string error_of(const std::string& json) {
  const auto outcomes = parse_outcomes(json, "o.json");
  return outcomes ? "no error" : outcomes.error().to_string();
}

std::string with_op(const std::string& op) {
  return R"({"c": {"hef": "PASS", "message": "-", "fit_use": "yes", "ops": [)" + op + "]}}";
}

TEST(Outcomes, MalformedFilesAreRefusedByLineAndCase) {
  const std::string hint = " (see docs/targets.md for the form of recorded outcomes)";
  EXPECT_EQ(error_of("{\n\n \"a\": }"),
            "o.json:3: not JSON (give a file of recorded outcomes, as "
            "tests/data/outcomes_graphs.json)");
  EXPECT_EQ(error_of("[]"), "o.json: must be an object of cases" + hint);
  EXPECT_EQ(error_of(R"({"c": 3})"), "o.json: c: must be an object" + hint);
  EXPECT_EQ(error_of(R"({"c": {}})"), "o.json: c: needs the string \"hef\"" + hint);
  EXPECT_EQ(error_of(R"({"c": {"hef": "PASS", "message": "-", "fit_use": "yes"}})"),
            "o.json: c: needs the list \"ops\"" + hint);
  EXPECT_EQ(error_of(with_op("3")), "o.json: c: ops[0] must be an object" + hint);
  EXPECT_EQ(error_of(with_op(R"({"op": "conv"})")),
            "o.json: c: ops[0] needs the whole number \"cin\"" + hint);
  EXPECT_EQ(error_of(with_op(R"({"op": "gru", "cin": 1, "cout": 1, "win": 8, "wout": 8})")),
            "o.json: c: ops[0]: unknown operator \"gru\"" + hint);
  EXPECT_EQ(error_of(with_op(R"({"op": "conv", "cin": 0, "cout": 1, "win": 8, "wout": 8})")),
            "o.json: c: ops[0]: \"cin\" must lie in 1..16777216" + hint);
  EXPECT_EQ(
      error_of(with_op(R"({"op": "conv", "cin": 3, "cout": 4, "groups": 2, "win": 8, "wout": 8})")),
      "o.json: c: ops[0]: 2 groups do not divide 3 and 4 channels" + hint);
}

TEST(Outcomes, ARecordCannotMakeHugeTensors) {
  EXPECT_EQ(error_of(with_op(
                R"({"op": "conv", "cin": 16777216, "cout": 16777216, "win": 8, "wout": 8})")),
            "o.json: c: ops[0] has more weights than a recorded outcome may (see docs/targets.md "
            "for the form of recorded outcomes)");
}

}  // namespace
}  // namespace tessera
