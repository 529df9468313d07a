// What evidence is read from: run folders, recorded outcomes, compiled files.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "base/json_fields.h"
#include "evidence/fit/fit.h"
#include "support/hef_builder.h"
#include "support/planned.h"
#include "support/scratch_folder.h"
#include "tessera/compiler/export.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

Graph pointwise(int64_t channels, int64_t width) {
  Graph graph;
  GraphEditor editor(graph, "test");
  const NodeId x = editor.add(Input{{channels, 1, width}}, {}, "x").value();
  Conv conv;
  conv.weight = Tensor::full({8, channels, 1, 1}, 0.5F);
  editor.add_output("y", editor.add(conv, {x}, "conv").value());
  return graph;
}

class FitFiles : public ::testing::Test {
 protected:
  fs::path run(const std::string& compiler, const std::string& target = "hailo8") {
    const fs::path folder = scratch_ / ("run_" + compiler + "_" + target);
    fs::create_directories(folder / "cases");
    const Json record{{"format", 1},
                      {"kind", "sweep"},
                      {"state", "finished"},
                      {"target", {{"name", target}, {"hash", "0"}}},
                      {"compiler", {{"name", compiler}, {"version", "3.31"}}}};
    std::ofstream(folder / "run.json") << record.dump();
    return folder;
  }
  static void add(const fs::path& folder, const std::string& name, const Graph& graph,
                  const std::string& hef, const std::string& family = "") {
    fs::create_directories(folder / "cases" / name);
    EXPECT_TRUE(export_onnx(graph, folder / "cases" / name / "network.onnx"));
    Json result{
        {"format", 1}, {"case", name}, {"har", "passed"}, {"hef", hef}, {"failure", nullptr}};
    if (!family.empty()) result["failure"] = {{"family", family}};
    std::ofstream(folder / "cases" / name / "result.json") << result.dump();
  }

  ScratchFolder scratch_;
  const Target target_ = test::hailo8();
};

TEST_F(FitFiles, TakeTheDecidedCasesOfARunByTheirNetworks) {
  const fs::path folder = run("dfc");
  add(folder, "a", pointwise(300, 1000), "passed");
  add(folder, "b", pointwise(400, 1000), "failed", "allocator_infeasible");
  add(folder, "c", pointwise(290, 1000), "failed", "timeout");  // says nothing about the network
  add(folder, "d", pointwise(290, 1000), "not_tried");
  const auto found = read_fit_evidence(folder, target_);
  ASSERT_TRUE(found) << found.error().to_string();
  ASSERT_EQ(found->rows.size(), 2u);
  EXPECT_GE(found->ignored.size(), 1u);
  const auto fit = fit_target(target_, found->rows);
  ASSERT_TRUE(fit) << fit.error().to_string();
  ASSERT_EQ(fit->changes.size(), 1u);
  EXPECT_EQ(fit->changes[0].limit, "row_bytes");
  EXPECT_EQ(fit->changes[0].pass, 300000);
  EXPECT_EQ(fit->changes[0].fail, 400000);
}

TEST_F(FitFiles, RefuseTheBuiltinCompilerAndAnotherTarget) {
  const fs::path builtin = run("builtin");
  add(builtin, "a", pointwise(300, 1000), "passed");
  const auto circular = read_fit_evidence(builtin, target_);
  ASSERT_FALSE(circular);
  EXPECT_EQ(circular.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(circular.error().to_string().find("builtin"), std::string::npos);
  const fs::path elsewhere = run("dfc", "hailo8l");
  add(elsewhere, "a", pointwise(300, 1000), "passed");
  const auto other = read_fit_evidence(elsewhere, target_);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(FitFiles, NameBothOfTwoRealCasesThatContradictEachOther) {
  const fs::path folder = run("dfc");
  add(folder, "good", pointwise(400, 1000), "passed");
  add(folder, "bad", pointwise(350, 1000), "failed", "allocator_infeasible");
  const auto found = read_fit_evidence(folder, target_);
  ASSERT_TRUE(found);
  const auto fit = fit_target(target_, found->rows);
  ASSERT_FALSE(fit);
  EXPECT_NE(fit.error().to_string().find("good"), std::string::npos) << fit.error().to_string();
  EXPECT_NE(fit.error().to_string().find("bad"), std::string::npos) << fit.error().to_string();
}

// The target was made of them: nothing moves.
TEST_F(FitFiles, OfRecordedOutcomesAgreeWithTheTargetThatWasMadeOfThem) {
  const auto found =
      read_fit_evidence(TESSERA_SOURCE_DIR "/tests/data/outcomes_graphs.json", target_);
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_GT(found->rows.size(), 60u);
  const auto fit = fit_target(target_, found->rows);
  ASSERT_TRUE(fit) << fit.error().to_string();
  for (const FitChange& change : fit->changes) EXPECT_NE(change.limit, "row_bytes");
}

TEST_F(FitFiles, CutOffAreNoEvidence) {
  const std::vector<uint8_t> bytes = test::hef_file(2, test::small_hef());
  for (size_t cut : {size_t{3}, bytes.size() / 3, bytes.size() / 2}) {
    ASSERT_TRUE(
        write_file_atomically(scratch_ / "cut.hef", std::span(bytes).first(cut), {.force = true}));
    const auto damaged = read_fit_evidence(scratch_ / "cut.hef", target_);
    ASSERT_FALSE(damaged) << cut;
    EXPECT_EQ(damaged.error().code, ErrorCode::kCorrupt) << damaged.error().to_string();
    EXPECT_NE(damaged.error().to_string().find("cut.hef"), std::string::npos);
  }
}

// A file whose network does not pass every rule can never raise an end beyond the truth.
TEST_F(FitFiles, OfRandomCompilesLeaveTheTruthWithinTheEnds) {
  std::mt19937 random(11);
  for (int trial = 0; trial < 40; ++trial) {
    const int64_t row_end = 262145 + static_cast<int64_t>(random() % 249855);
    const int64_t kernel_end = 8 + static_cast<int64_t>(random() % 30);
    std::vector<FitEvidence> rows;
    for (int i = 0; i < 12; ++i) {
      FitEvidence one;
      one.name = "c" + std::to_string(i);
      one.file = "run";
      one.numbers = {{"row_bytes", 200000 + static_cast<int64_t>(random() % 400000)},
                     {"kernel", 1 + static_cast<int64_t>(random() % 40)}};
      one.passed = one.numbers["row_bytes"] < row_end && one.numbers["kernel"] < kernel_end;
      for (const auto& [key, number] : one.numbers) {
        const Verdict verdict = target_.limit(key).judge(number);
        one.explained = one.explained || (!one.passed && verdict == Verdict::does_not_fit);
        if (!one.passed && verdict == Verdict::unknown) one.suspects.push_back("limits." + key);
      }
      rows.push_back(std::move(one));
    }
    const auto fit = fit_target(target_, rows);
    ASSERT_TRUE(fit) << fit.error().to_string();
    std::shuffle(rows.begin(), rows.end(), random);
    const auto again = fit_target(target_, rows);
    ASSERT_TRUE(again);
    ASSERT_EQ(again->changes.size(), fit->changes.size());
    for (size_t i = 0; i < fit->changes.size(); ++i) {
      const FitChange& change = fit->changes[i];
      const int64_t truth = change.limit == "row_bytes" ? row_end : kernel_end;
      EXPECT_LT(change.pass.value_or(truth - 1), truth);
      EXPECT_GE(change.fail.value_or(truth), truth);
      EXPECT_EQ(again->changes[i].pass, change.pass);
      EXPECT_EQ(again->changes[i].fail, change.fail);
    }
  }
}

}  // namespace
}  // namespace tessera
