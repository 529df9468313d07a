// The builtin compiler beside the recorded compiles: where they agree, and which failed then.
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "sweep_fixture.h"

namespace tessera::test {
namespace {

struct Record {
  std::string har, hef, use;
};

// outcomes.tsv by case.
std::map<std::string, Record> records() {
  std::istringstream file(
      text_of(std::filesystem::path(TESSERA_SOURCE_DIR) / "tests/data/outcomes.tsv"));
  std::map<std::string, Record> all;
  std::string line;
  std::vector<std::string> titles;
  while (std::getline(file, line)) {
    std::vector<std::string> cells;
    std::istringstream row(line);
    for (std::string cell; std::getline(row, cell, '\t');) cells.push_back(cell);
    if (titles.empty()) {
      titles = cells;
      continue;
    }
    const auto at = [&](const std::string& title) {
      return cells.at(
          static_cast<size_t>(std::find(titles.begin(), titles.end(), title) - titles.begin()));
    };
    all[at("case")] = {at("har"), at("hef"), at("fit_use")};
  }
  return all;
}

const std::map<std::string, Record>& known() {
  static const auto all = records();
  return all;
}

std::string word(StepOutcome outcome) {
  return outcome == StepOutcome::passed ? "PASS" : outcome == StepOutcome::failed ? "FAIL" : "-";
}

// Cases whose record is a pass or a failure: how many agree in both steps, and which do not.
struct Agreement {
  int agree = 0;
  std::vector<std::string> differ;
};
Agreement compare(const SweepOutcome& outcome, const std::string& prefix = "") {
  Agreement agreement;
  for (const CaseResult& one : outcome.cases) {
    const auto found = known().find(prefix + one.name);
    if (found == known().end() || found->second.hef == "?" || found->second.hef == "-") continue;
    if (word(one.har) == found->second.har && word(one.hef) == found->second.hef) {
      ++agreement.agree;
    } else {
      agreement.differ.push_back(one.name);
    }
  }
  return agreement;
}

SweepOutcome outcome_of(const std::string& name, const std::string& profile = "") {
  const ScratchFolder folder;
  return run_all(run_of(preset(name), folder / "run", profile));
}

TEST(Recorded, OfTheAllocatorFixes46Of49CompileAndTheSameThreeDoNot) {
  const SweepOutcome outcome = outcome_of("allocator-fixes", "full");
  ASSERT_EQ(outcome.cases.size(), 49U);
  const Agreement agreement = compare(outcome);
  EXPECT_EQ(agreement.agree, 49);
  EXPECT_EQ(agreement.differ, std::vector<std::string>());
  std::vector<std::string> failed;
  for (const CaseResult& one : outcome.cases) {
    if (one.hef != StepOutcome::passed) failed.push_back(one.name);
  }
  EXPECT_EQ(failed, (std::vector<std::string>{"allocfix_temporal_source_out0_w2000",
                                              "allocfix_temporal_dec_head0_w2000",
                                              "allocfix_temporal_dec_head0_w1024"}));
}

TEST(Recorded, OfTheMaskerFixesThe10ThatWereCompiledCompile) {
  const SweepOutcome outcome = outcome_of("masker-fixes", "full");
  ASSERT_EQ(outcome.cases.size(), 62U);
  const Agreement agreement = compare(outcome);
  EXPECT_EQ(agreement.agree, 10);
  EXPECT_EQ(agreement.differ, std::vector<std::string>());
}

TEST(Recorded, TheModulesOf23FebruaryFailAsTheyDid) {
  for (const auto& [name, prefix] :
       {std::pair("modules", "modgate/"), std::pair("calib-match", "calibmatch/")}) {
    const SweepOutcome outcome = outcome_of(name);
    ASSERT_EQ(outcome.cases.size(), 8U);
    const Agreement agreement = compare(outcome, prefix);
    EXPECT_EQ(agreement.agree, 8) << name;
    for (const CaseResult& one : outcome.cases) {
      // Those that take one channel were calibrated, and met the allocator.
      const bool takes_wave = one.input_chan == 1;
      ASSERT_TRUE(one.failure) << one.name;
      EXPECT_EQ(one.failure->family, takes_wave ? "allocator_infeasible" : "bad_inputs_shape")
          << one.name;
      if (!takes_wave) {
        EXPECT_EQ(one.failure->signature, "BadInputsShape:input_shape");
      }
    }
  }
}

TEST(Recorded, PartsHalvesAndWholeNetworksFailAsTheyDid) {
  for (const auto& [name, count] : {std::pair("fine", 8), std::pair("micro", 6),
                                    std::pair("smallest-full", 3), std::pair("stage7", 1)}) {
    const Agreement agreement = compare(outcome_of(name));
    EXPECT_EQ(agreement.agree, count) << name;
    EXPECT_EQ(agreement.differ, std::vector<std::string>()) << name;
  }
}

TEST(Recorded, FormsOfTheDecoderFailInTheFamilyThatWasSeen) {
  const ScratchFolder folder;
  const SweepOutcome outcome =
      run_all(run_of(preset("topology"), folder / "run", "quick", "project_bypass*"));
  ASSERT_EQ(outcome.cases.size(), 5U);
  for (const CaseResult& one : outcome.cases) {
    EXPECT_EQ(one.har, StepOutcome::passed);
    EXPECT_EQ(one.hef, StepOutcome::failed);
  }
  EXPECT_EQ(outcome.cases[0].failure->family, "unsupported_grouped_deconv");
}

TEST(Recorded, WhatTheTargetCannotAnswerIsNeitherAPassNorAFailure) {
  const ScratchFolder folder;
  const SweepRun run = run_of(preset("monolithic"), folder / "run", "quick", "mono_f64*");
  const SweepOutcome outcome = run_all(run);
  ASSERT_EQ(outcome.cases.size(), 1U);
  const CaseResult& one = outcome.cases[0];
  EXPECT_EQ(one.har, StepOutcome::passed);
  EXPECT_EQ(one.hef, StepOutcome::not_tried);
  EXPECT_FALSE(one.failure);
  EXPECT_NE(one.failure_head().find("unknown: encoder: its kernel of 1 x 16"), std::string::npos)
      << one.failure_head();
  const std::string summary = text_of(run.folder / "summary.tsv");
  EXPECT_NE(summary.find("\ttrue\t\t\tunknown: encoder"), std::string::npos) << summary;
}

TEST(Recorded, StitchedTilesAreTheWholeAndEveryValueIsTold) {
  for (const auto& [name, keys] :
       {std::pair("tiled-parity-decoder",
                  std::vector<std::string>{"source_projector", "decoder_pre", "decoder_head",
                                           "final_output"}),
        std::pair("tiled-parity-masker",
                  std::vector<std::string>{"bottleneck", "tcn0_in", "tcn0_depth", "tcn0_skip",
                                           "tcn0_residual", "mask_score", "mask_output"}),
        std::pair("tiled-parity-chain",
                  std::vector<std::string>{"source_projector", "masked_rep", "decoder_output",
                                           "masker_output", "final_output"})}) {
    const ScratchFolder folder;
    const SweepRun run = run_of(preset(name), folder / "run");
    const SweepOutcome outcome = run_all(run);
    ASSERT_EQ(outcome.cases.size(), 3U);
    for (const CaseResult& one : outcome.cases) {
      EXPECT_EQ(one.hef, StepOutcome::passed) << one.name << ": " << one.failure_head();
      const Json parity =
          Json::parse(text_of(run.case_folder(one.name) / "parity.json"), nullptr, false);
      ASSERT_TRUE(parity.is_object()) << one.name;
      EXPECT_EQ(parity["all_close"], true);
      EXPECT_EQ(parity["tol"], 1e-5);
      for (const std::string& key : keys) {
        ASSERT_TRUE(parity[key + "_max_abs"].is_number()) << one.name << ": " << key;
        EXPECT_LE(parity[key + "_max_abs"].get<double>(), 1e-5) << one.name << ": " << key;
      }
    }
  }
}

}  // namespace
}  // namespace tessera::test
