#include "evidence/fit/fit.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/planned.h"
#include "tessera/file.h"

namespace tessera {
namespace {

FitEvidence row(const char* name, bool passed, LimitNumbers numbers,
                std::vector<std::string> suspects = {}) {
  FitEvidence evidence;
  evidence.file = "runs/a/result.json";
  evidence.name = name;
  evidence.passed = passed;
  evidence.numbers = std::move(numbers);
  evidence.suspects = std::move(suspects);
  return evidence;
}

const FitChange* change_of(const FitReport& report, const std::string& limit) {
  const auto at = std::find_if(report.changes.begin(), report.changes.end(),
                               [&](const FitChange& one) { return one.limit == limit; });
  return at == report.changes.end() ? nullptr : &*at;
}

TEST(Fit, PassRaisesToTheLargestAndASingleSuspectLowers) {
  const std::vector<FitEvidence> rows = {
      row("a", true, {{"row_bytes", 300000}}), row("b", true, {{"row_bytes", 290000}}),
      row("c", false, {{"row_bytes", 400000}}, {"limits.row_bytes"}),
      row("d", false, {{"row_bytes", 450000}}, {"limits.row_bytes"})};
  const Result<FitReport> report = fit_target(test::hailo8(), rows);
  ASSERT_TRUE(report) << report.error().to_string();
  const FitChange* change = change_of(*report, "row_bytes");
  ASSERT_NE(change, nullptr);
  EXPECT_EQ(change->pass, 300000);
  EXPECT_EQ(change->fail, 400000);
  ASSERT_EQ(change->witnesses.size(), 2U);
  EXPECT_EQ(change->witnesses[0].source, "a (runs/a/result.json)");
  EXPECT_EQ(change->witnesses[1].source, "c (runs/a/result.json)");
}

TEST(Fit, TwoSuspectsMoveNothingUntilAPassClearsOne) {
  std::vector<FitEvidence> rows = {row("c", false, {{"row_bytes", 400000}, {"kernel", 9}},
                                       {"limits.kernel", "limits.row_bytes"})};
  Result<FitReport> report = fit_target(test::hailo8(), rows);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->changes.empty());
  ASSERT_EQ(report->conjunctions.size(), 1U);
  EXPECT_EQ(report->conjunctions[0].suspects.size(), 2U);

  rows.push_back(row("k", true, {{"kernel", 9}}));
  report = fit_target(test::hailo8(), rows);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->conjunctions.empty());
  ASSERT_NE(change_of(*report, "row_bytes"), nullptr);
  EXPECT_EQ(change_of(*report, "row_bytes")->fail, 400000);
  EXPECT_EQ(change_of(*report, "kernel")->pass, 9);
}

TEST(Fit, ContradictionsNameBothRows) {
  const std::vector<FitEvidence> rows = {
      row("wide", true, {{"row_bytes", 400000}}),
      row("narrow", false, {{"row_bytes", 350000}}, {"limits.row_bytes"})};
  const Result<FitReport> report = fit_target(test::hailo8(), rows);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().subject, "limits.row_bytes");
  EXPECT_NE(report.error().message.find("wide (runs/a/result.json) passes at 400000"),
            std::string::npos);
  EXPECT_NE(report.error().message.find("narrow (runs/a/result.json) fails at 350000"),
            std::string::npos);
}

TEST(Fit, AFailureThatTheTargetExplainsTeachesNothing) {
  FitEvidence known = row("k", false, {{"row_bytes", 600000}, {"kernel", 9}}, {"limits.kernel"});
  known.explained = true;
  const Result<FitReport> report = fit_target(test::hailo8(), std::vector<FitEvidence>{known});
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->changes.empty());
  EXPECT_TRUE(report->conjunctions.empty());
}

TEST(Fit, TextKeepsAllLinesThatAreNotChanged) {
  const auto bytes = read_file(TESSERA_SOURCE_DIR "/targets/hailo8.toml", 1 << 20);
  ASSERT_TRUE(bytes);
  const std::string before(bytes->begin(), bytes->end());
  const std::vector<FitEvidence> rows = {row("a \"quoted\"", true, {{"row_bytes", 300000}}),
                                         row("b", true, {{"contexts", 12}})};
  const Result<FitReport> report = fit_target(test::hailo8(), rows);
  ASSERT_TRUE(report);
  const Result<std::string> after = with_changes(before, report->changes, "mine.toml");
  ASSERT_TRUE(after) << after.error().to_string();
  const Result<Target> learned = parse_target(*after, "mine.toml");
  ASSERT_TRUE(learned);
  EXPECT_EQ(learned->limit("row_bytes").pass, 300000);
  EXPECT_EQ(learned->limit("row_bytes").fail, 512000);
  EXPECT_EQ(learned->limit("row_bytes").data_points.size(),
            test::hailo8().limit("row_bytes").data_points.size() + 1);
  EXPECT_EQ(learned->limit("contexts").pass, 12);
  // Two tables change: of each the lines of pass, (fail) and source, and nothing else.
  size_t missing = 0;
  for (size_t at = 0; at < before.size();) {
    const size_t end = std::min(before.find('\n', at), before.size());
    missing += after->find(before.substr(at, end - at)) == std::string::npos;
    at = end + 1;
  }
  EXPECT_LE(missing, 4U);
}

}  // namespace
}  // namespace tessera
