// What compiles teach a target: which end moves, what is no proof, and what contradicts itself.
#include "evidence/fit/fit_target.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "base/json_fields.h"
#include "evidence/fit/target_diff.h"
#include "evidence/target_evidence.h"
#include "support/hef_builder.h"
#include "support/planned.h"
#include "support/scratch_folder.h"
#include "tessera/compiler/export.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

CompileEvidence compile(const std::string& source, bool passed,
                        std::map<std::string, int64_t, std::less<>> numbers,
                        std::set<std::pair<std::string, std::string>> words = {}) {
  return {source, passed, std::move(numbers), std::move(words)};
}

TargetFit fitted(const std::vector<CompileEvidence>& compiles) {
  auto fit = fit_target(test::hailo8(), compiles);
  EXPECT_TRUE(fit) << fit.error().to_string();
  return fit ? *fit : TargetFit{};
}

std::string hailo8_text() {
  const auto bytes = read_file(TESSERA_SOURCE_DIR "/targets/hailo8.toml", 1 << 20).value();
  return {bytes.begin(), bytes.end()};
}

TEST(TargetFits, MoveTheEndThatACompileSettles) {
  const TargetFit fit = fitted({compile("a", true, {{"row_bytes", 300000}, {"kernel", 16}}),
                                compile("b", true, {{"row_bytes", 280000}}),
                                compile("c", false, {{"row_bytes", 400000}, {"kernel", 3}}),
                                compile("d", false, {{"row_bytes", 450000}})});
  ASSERT_EQ(fit.limits.size(), 2u);
  EXPECT_EQ(fit.limits[0].key, "kernel");
  EXPECT_EQ(fit.limits[0].pass, 16);
  EXPECT_EQ(fit.limits[1].pass, 300000);
  EXPECT_EQ(fit.limits[1].pass_witness, "a passes at 300000");
  EXPECT_EQ(fit.limits[1].fail, 400000);
  EXPECT_EQ(fit.limits[1].fail_witness, "c fails at 400000");
  EXPECT_EQ(fit.explained, 2);
  EXPECT_TRUE(fit.ambiguous.empty());
}

TEST(TargetFits, LearnNothingWhereSeveralCouldBeToBlame) {
  const TargetFit fit = fitted({compile("both", false, {{"row_bytes", 300000}, {"kernel", 16}})});
  EXPECT_TRUE(fit.changes_nothing());
  ASSERT_EQ(fit.ambiguous.size(), 1u);
  EXPECT_NE(fit.ambiguous[0].find("limits.kernel at 16, limits.row_bytes at 300000"),
            std::string::npos)
      << fit.ambiguous[0];
  // Another compile clears one of them: then the other is to blame.
  const TargetFit settled = fitted({compile("both", false, {{"row_bytes", 300000}, {"kernel", 16}}),
                                    compile("kernel", true, {{"kernel", 16}})});
  ASSERT_EQ(settled.limits.size(), 2u);
  EXPECT_EQ(settled.limits[1].key, "row_bytes");
  EXPECT_EQ(settled.limits[1].fail, 300000);
  EXPECT_TRUE(settled.ambiguous.empty());
}

TEST(TargetFits, LearnNothingFromWhatIsKnownToBreakAnotherRule) {
  const TargetFit fit = fitted({compile("x", false, {{"row_bytes", 600000}, {"kernel", 16}})});
  EXPECT_TRUE(fit.changes_nothing());
  EXPECT_EQ(fit.explained, 1);
}

TEST(TargetFits, SayWhatNoRuleExplains) {
  const TargetFit fit = fitted({compile("small", false, {{"row_bytes", 1000}, {"kernel", 3}})});
  EXPECT_TRUE(fit.changes_nothing());
  EXPECT_EQ(fit.unexplained, std::vector<std::string>{"small"});
}

TEST(TargetFits, SettleWords) {
  const TargetFit fit =
      fitted({compile("g", true, {}, {{"activations", "gelu"}}),
              compile("h", false, {{"row_bytes", 100}}, {{"activations", "silu"}})});
  ASSERT_EQ(fit.words.size(), 2u);
  EXPECT_TRUE(fit.words[0].supported);
  EXPECT_FALSE(fit.words[1].supported);
  const auto text = with_fit(hailo8_text(), fit, "t");
  ASSERT_TRUE(text) << text.error().to_string();
  const Target after = parse_target(*text, "t").value();
  EXPECT_EQ(after.words("activations").judge("gelu"), Verdict::fits);
  EXPECT_EQ(after.words("activations").judge("silu"), Verdict::does_not_fit);
  EXPECT_EQ(after.words("activations").judge("relu"), Verdict::fits);
}

TEST(TargetFits, AreRefusedWhereCompilesContradictEachOtherAndNameBoth) {
  const auto expect = [](const std::vector<CompileEvidence>& compiles, const std::string& one,
                         const std::string& other) {
    const auto fit = fit_target(test::hailo8(), compiles);
    ASSERT_FALSE(fit);
    EXPECT_EQ(fit.error().code, ErrorCode::kMismatch);
    EXPECT_NE(fit.error().message.find(one), std::string::npos) << fit.error().message;
    EXPECT_NE(fit.error().message.find(other), std::string::npos) << fit.error().message;
    EXPECT_FALSE(fit.error().hint.empty());
  };
  expect({compile("file: good", true, {{"row_bytes", 400000}}),
          compile("file: bad", false, {{"row_bytes", 350000}})},
         "file: good passes at 400000", "file: bad fails at 350000");
  expect({compile("file: wide", true, {{"row_bytes", 512000}})}, "file: wide passes with 512000",
         "allocfix_temporal_source_out0_w2000");
  expect({compile("file: old", false, {{"kernel", 5}})}, "passes up to 7", "file: old fails at 5");
  expect({compile("file: g", true, {}, {{"transposed_convolutions", "grouped"}})},
         "file: g passes with grouped", "not supported");
}

// Whatever the order, the same is learnt; what is learnt agrees with every compile.
TEST(TargetFits, DoNotDependOnTheOrderAndAgreeWithTheirEvidence) {
  std::mt19937 random(11);
  for (int trial = 0; trial < 100; ++trial) {
    const int64_t row_end = 262145 + static_cast<int64_t>(random() % 249855);
    const int64_t kernel_end = 8 + static_cast<int64_t>(random() % 30);
    std::vector<CompileEvidence> compiles;
    for (int i = 0; i < 12; ++i) {
      const int64_t row = 200000 + static_cast<int64_t>(random() % 400000);
      const int64_t kernel = 1 + static_cast<int64_t>(random() % 40);
      compiles.push_back(compile("c" + std::to_string(i), row < row_end && kernel < kernel_end,
                                 {{"row_bytes", row}, {"kernel", kernel}}));
    }
    const TargetFit fit = fitted(compiles);
    const auto text = with_fit(hailo8_text(), fit, "t");
    ASSERT_TRUE(text) << text.error().to_string();
    const Target after = parse_target(*text, "t").value();
    for (const CompileEvidence& one : compiles) {
      Verdict verdict = Verdict::fits;
      for (const auto& [key, number] : one.numbers)
        verdict = worse(verdict, after.limit(key).judge(number));
      if (one.passed) EXPECT_EQ(verdict, Verdict::fits);
      if (!one.passed) EXPECT_NE(verdict, Verdict::fits);
    }
    std::shuffle(compiles.begin(), compiles.end(), random);
    const Target again =
        parse_target(with_fit(hailo8_text(), fitted(compiles), "t").value(), "t").value();
    EXPECT_EQ(again.limit("row_bytes").pass, after.limit("row_bytes").pass);
    EXPECT_EQ(again.limit("row_bytes").fail, after.limit("row_bytes").fail);
    EXPECT_EQ(again.limit("kernel").fail, after.limit("kernel").fail);
    EXPECT_LE(*after.limit("row_bytes").fail, 512000);
    // The truth lies within.
    EXPECT_LE(*after.limit("row_bytes").pass, row_end);
    EXPECT_GE(*after.limit("row_bytes").fail, row_end);
  }
}

TEST(FittedFiles, KeepEverythingElseAndNameTheirWitnesses) {
  const TargetFit fit =
      fitted({compile("run: \"a\" \\ b", true, {{"row_bytes", 300000}, {"dilation", 32}}),
              compile("run: c", false, {{"row_bytes", 500000}})});
  const std::string before = hailo8_text();
  const auto text = with_fit(before, fit, "t");
  ASSERT_TRUE(text) << text.error().to_string();
  const Target a = parse_target(before, "t").value();
  const Target b = parse_target(*text, "t").value();
  const auto differences = target_differences(a, b);
  ASSERT_EQ(differences.size(), 2u);
  EXPECT_EQ(differences[0].entry, "limits.row_bytes");
  EXPECT_EQ(differences[1].entry, "limits.dilation");
  const Limit& row = b.limit("row_bytes");
  EXPECT_EQ(row.data_points.size(), a.limit("row_bytes").data_points.size() + 2);
  EXPECT_NE(row.source.find("fitted: run"), std::string::npos);
  EXPECT_NE(row.source.find("before: outcomes"), std::string::npos);
  EXPECT_NE(text->find("# Hailo-8: 8 clusters."), std::string::npos);
  // Fitting again by the same changes nothing.
  const std::vector<CompileEvidence> same{compile("run: a", true, {{"row_bytes", 300000}})};
  EXPECT_TRUE(fit_target(b, same)->changes_nothing());
  EXPECT_TRUE(
      target_differences(b, parse_target(with_fit(*text, {}, "t").value(), "t").value()).empty());
}

// --- what evidence is read from -------------------------------------------------------------

Graph pointwise(int64_t channels, int64_t width) {
  Graph graph;
  GraphEditor editor(graph, "test");
  const NodeId x = editor.add(Input{{channels, 1, width}}, {}, "x").value();
  Conv conv;
  conv.weight = Tensor::full({8, channels, 1, 1}, 0.5F);
  editor.add_output("y", editor.add(conv, {x}, "conv").value());
  return graph;
}

class EvidenceFiles : public ::testing::Test {
 protected:
  fs::path run(const std::string& compiler, const std::string& target = "hailo8") {
    const fs::path folder = scratch_ / ("run_" + compiler + "_" + target);
    fs::create_directories(folder / "cases");
    const Json record{{"format", 1},
                      {"kind", "sweep"},
                      {"target", {{"name", target}}},
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

TEST_F(EvidenceFiles, OfRunsAreTheirDecidedCases) {
  const fs::path folder = run("dfc");
  add(folder, "a", pointwise(300, 1000), "passed");
  add(folder, "b", pointwise(400, 1000), "failed", "allocator_infeasible");
  add(folder, "c", pointwise(290, 1000), "failed", "timeout");
  add(folder, "d", pointwise(290, 1000), "not_tried");
  const auto found = read_evidence(folder, target_);
  ASSERT_TRUE(found) << found.error().to_string();
  ASSERT_EQ(found->compiles.size(), 2u);
  EXPECT_EQ(found->left_out.size(), 2u);
  const auto fit = fit_target(target_, found->compiles);
  ASSERT_TRUE(fit) << fit.error().to_string();
  ASSERT_EQ(fit->limits.size(), 1u);
  EXPECT_EQ(fit->limits[0].pass, 300000);
  EXPECT_EQ(fit->limits[0].fail, 400000);
  EXPECT_NE(fit->limits[0].fail_witness.find("b by dfc 3.31"), std::string::npos)
      << fit->limits[0].fail_witness;
}

TEST_F(EvidenceFiles, OfTheBuiltinCompilerOrAnotherTargetAreRefused) {
  const fs::path builtin = run("builtin");
  const auto circular = read_evidence(builtin, target_);
  ASSERT_FALSE(circular);
  EXPECT_EQ(circular.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(circular.error().message.find("asks the target itself"), std::string::npos);
  const auto other = read_evidence(run("dfc", "hailo8l"), target_);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kMismatch);
}

// Every recorded compile agrees with the target that was made from them.
TEST_F(EvidenceFiles, OfRecordedOutcomesTeachNothingThatTheTargetDoesNotKnow) {
  const auto found = read_evidence(TESSERA_SOURCE_DIR "/tests/data/outcomes_graphs.json", target_);
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_GT(found->compiles.size(), 60u);
  const auto fit = fit_target(target_, found->compiles);
  ASSERT_TRUE(fit) << fit.error().to_string();
  for (const FittedLimit& limit : fit->limits) EXPECT_NE(limit.key, "row_bytes");
  EXPECT_TRUE(fit->unexplained.empty()) << fit->unexplained.front();
}

TEST_F(EvidenceFiles, OfCompiledFilesAreWholeOrNone) {
  const std::vector<uint8_t> bytes = test::hef_file(2, test::small_hef());
  ASSERT_TRUE(write_file_atomically(scratch_ / "net.hef", bytes));
  const auto found = read_evidence(scratch_ / "net.hef", target_);
  if (found) {
    for (const CompileEvidence& one : found->compiles) EXPECT_TRUE(one.passed);
  } else {
    EXPECT_EQ(found.error().code, ErrorCode::kMismatch)
        << found.error().to_string();  // of another chip
  }
  for (size_t cut : {size_t{3}, bytes.size() / 3, bytes.size() / 2, bytes.size() - 1}) {
    ASSERT_TRUE(
        write_file_atomically(scratch_ / "cut.hef", std::span(bytes).first(cut), {.force = true}));
    const auto damaged = read_evidence(scratch_ / "cut.hef", target_);
    ASSERT_FALSE(damaged) << cut;
    EXPECT_EQ(damaged.error().code, ErrorCode::kCorrupt) << damaged.error().to_string();
  }
}

TEST_F(EvidenceFiles, ThatAreNoneAreRefused) {
  fs::create_directories(scratch_ / "empty");
  std::ofstream(scratch_ / "text.txt") << "text";
  for (const char* name : {"empty", "text.txt"}) {
    const auto refused = read_evidence(scratch_ / name, target_);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_EQ(read_evidence(scratch_ / "nowhere", target_).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace tessera
