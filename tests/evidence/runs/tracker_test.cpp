// Goals ticked by what lies on the disk; what may be removed; tables of earlier tools as evidence.
#include "evidence/runs/tracker.h"

#include <gtest/gtest.h>

#include "base/folder_lock.h"
#include "evidence/runs/run_import.h"
#include "evidence/runs/run_removal.h"
#include "support/run_writer.h"
#include "support/scratch_folder.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using test::failing;
using test::passing;

class GoalTracker : public ::testing::Test {
 protected:
  GoalStatus status(std::string_view goal, const std::string& target = "") {
    const auto index = RunIndex::open(root_.path());
    EXPECT_TRUE(index) << index.error().to_string();
    const auto tracker = track(*index, target);
    EXPECT_TRUE(tracker) << tracker.error().to_string();
    for (const GoalStatus& one : tracker->goals)
      if (one.goal->id == goal) return one;
    ADD_FAILURE() << "no goal " << goal;
    return {};
  }
  RunIndex index() { return RunIndex::open(root_.path()).value(); }

  ScratchFolder root_;
};

TEST_F(GoalTracker, TheBuiltinCompilersTickIsNotAVendors) {
  test::write_run(root_.path(), {.folder = "1", .name = "smallest-full", .cases = {passing("a")}});
  EXPECT_EQ(status("smallest-full").state, GoalState::reached_by_builtin);
  test::write_run(
      root_.path(),
      {.folder = "2", .name = "smallest-full", .compiler = "dfc", .cases = {passing("a")}});
  const GoalStatus both = status("smallest-full");
  EXPECT_EQ(both.state, GoalState::reached);
  EXPECT_EQ(both.path, "2/cases/a/out.hef");
  EXPECT_TRUE(both.entries[0].builtin);
}

TEST_F(GoalTracker, ATickGoesWithItsFile) {
  test::write_run(root_.path(),
                  {.folder = "1", .name = "modules", .compiler = "dfc", .cases = {passing("a")}});
  EXPECT_EQ(status("modules").ticked, 1);
  fs::remove(root_ / "1/cases/a/out.hef");
  const GoalStatus gone = status("modules");
  EXPECT_EQ(gone.ticked, 0);
  EXPECT_EQ(gone.state, GoalState::open);
  ASSERT_TRUE(gone.entries[0].lost);
  EXPECT_EQ(gone.entries[0].lost->artifact, "1/cases/a/out.hef");
}

TEST_F(GoalTracker, EveryCaseMustPassButOneOfTheSmallestIsEnough) {
  for (const char* name : {"modules", "smallest-full"}) {
    test::write_run(root_.path(), {.folder = name,
                                   .name = name,
                                   .compiler = "dfc",
                                   .cases = {failing("a", "maskmul"), passing("b")}});
  }
  EXPECT_EQ(status("modules").state, GoalState::open);
  const GoalStatus any = status("smallest-full");
  EXPECT_EQ(any.state, GoalState::reached);
  EXPECT_EQ(any.detail, "b compiles, 2 of 2");
}

TEST_F(GoalTracker, APartOfTheCasesDoesNotReachAGoalThatNeedsAll) {
  test::WrittenRun run{.name = "modules", .compiler = "dfc"};
  for (int i = 0; i < 7; ++i) run.cases.push_back(passing("m" + std::to_string(i)));
  test::write_run(root_.path(), run);
  EXPECT_EQ(status("modules").state, GoalState::open);
  EXPECT_EQ(status("modules").detail, "7 of 8 compile");
  run.folder = "20260224T020616Z-modules";
  run.cases = {passing("the eighth")};
  test::write_run(root_.path(), run);
  EXPECT_EQ(status("modules").state, GoalState::reached);
}

TEST_F(GoalTracker, AFrontierIsTheFirstFailureOfEachRamp) {
  test::WrittenRun run{.name = "prefix-ramp", .compiler = "dfc"};
  for (int i = 1; i <= 9; ++i) {
    const std::string name = "A_active" + std::to_string(i);
    run.cases.push_back(i < 3 ? passing(name) : failing(name, "memory_units"));
  }
  for (int i = 1; i <= 3; ++i) run.cases.push_back(passing("B_b" + std::to_string(i)));
  test::write_run(root_.path(), run);
  const GoalStatus ramp = status("prefix-ramp");
  EXPECT_EQ(ramp.state, GoalState::reached);
  EXPECT_EQ(ramp.detail, "A_active3 fails first (Class:A_active3); B_b holds to its end");
  EXPECT_EQ(ramp.path, run.folder + "/cases/B_b3/out.hef");
}

TEST_F(GoalTracker, ParityIsJudgedByTheMeasuredDifference) {
  RecordedCase near = passing("near"), far = passing("far");
  near.max_abs = 0.000004;
  far.max_abs = 0.5;
  test::write_run(root_.path(), {.name = "tiled-parity-chain", .cases = {near, far}});
  const GoalStatus parity = status("tiled-parity");
  EXPECT_EQ(parity.state, GoalState::open);
  EXPECT_EQ(parity.ticked, 1);
  EXPECT_EQ(parity.detail, "1 of 9 within 1e-05, worst 0.5");
}

TEST_F(GoalTracker, RootCausesAreCountedByFamily) {
  test::write_run(root_.path(), {.name = "topology",
                                 .cases = {failing("a", "maskmul"), failing("b", "maskmul"),
                                           failing("c", "memory_units"), passing("d")}});
  EXPECT_EQ(status("topology").detail, "1 of 20 pass; most fail by maskmul (2)");
}

TEST_F(GoalTracker, RunsForAnotherTargetDoNotCountWhereOneIsAskedFor) {
  test::write_run(root_.path(), {.name = "modules", .target = "hailo8l", .cases = {passing("a")}});
  EXPECT_EQ(status("modules", "hailo8").entries.size(), 0U);
  EXPECT_EQ(status("modules", "hailo8l").entries.size(), 1U);
}

TEST_F(GoalTracker, RemovalSparesRunsBehindATickAndUnfinishedOnes) {
  test::write_run(root_.path(), {.folder = "1",
                                 .name = "modules",
                                 .created = "2020-01-01T00:00:00Z",
                                 .compiler = "dfc",
                                 .cases = {passing("a")}});
  test::write_run(root_.path(), {.folder = "2",
                                 .name = "modules",
                                 .created = "2020-01-02T00:00:00Z",
                                 .compiler = "dfc",
                                 .cases = {failing("a", "maskmul")}});
  test::write_run(root_.path(),
                  {.folder = "3", .created = "2020-01-03T00:00:00Z", .state = "running"});
  const auto candidates = removal_candidates(index(), {.older_than_days = 1}, 2'000'000'000);
  ASSERT_TRUE(candidates);
  ASSERT_EQ(candidates->size(), 3U);
  EXPECT_EQ((*candidates)[0].kept, "stands behind a tick of 'tessera status'");
  EXPECT_EQ((*candidates)[1].kept, "");
  EXPECT_GT((*candidates)[1].bytes, 100);
  EXPECT_EQ((*candidates)[2].kept, "is not finished: its sweep can go on");
  ASSERT_TRUE(remove_run(root_.path(), "2"));
  EXPECT_FALSE(fs::exists(root_ / "2"));
  const auto forced = removal_candidates(index(), {.keep = 1, .force = true}, 2'000'000'000);
  ASSERT_EQ(forced->size(), 1U);
  EXPECT_EQ((*forced)[0].run, "1");
  EXPECT_EQ((*forced)[0].kept, "");
}

TEST_F(GoalTracker, ARunInWhichAProgramWorksStaysWhateverIsForced) {
  test::write_run(root_.path(), {.folder = "1", .cases = {failing("a", "maskmul")}});
  const auto lock = FolderLock::take(root_ / "1");
  ASSERT_TRUE(lock);
  const auto candidates = removal_candidates(index(), {.keep = 0, .force = true}, 2'000'000'000);
  ASSERT_TRUE(candidates);
  ASSERT_EQ(candidates->size(), 1U);
  EXPECT_EQ((*candidates)[0].kept, "a program works in it");
  EXPECT_EQ(remove_run(root_.path(), "1").error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(fs::exists(root_ / "1/run.json"));
}

TEST_F(GoalTracker, WhatAKilledRemovalLeftIsTakenAlong) {
  test::write_text(root_ / ".removed-1-77/run.json", "{}");
  ASSERT_TRUE(finish_removals(root_.path()));
  EXPECT_FALSE(fs::exists(root_ / ".removed-1-77"));
}

constexpr const char* kOldTable =
    "stage\tmodule\trun_tag\tinput_len\tinput_chan\thar_path\thef_path\thar_success\thef_success\t"
    "exception_type\tfailure_head\tn_filters\n"
    "modules\tnorm\tt1\t1024\t128\t\tout/norm.hef\tTrue\tTrue\t\t\t256\n"
    "modules\tnorm\tt2\t1024\t128\t\tout/gone.hef\tTrue\tTrue\t\t\t256\n"
    "modules\tmask/mul\tt1\t1024\t128\t\t\tTrue\tFalse\tBackendAllocatorException\tno memory\t256\n"
    "modules\tbad\tt1\tmany\t128\t\t\tTrue\tFalse\t\t\t256\n"
    "short\n";

TEST_F(GoalTracker, ATableOfEarlierCompilesIsEvidenceWhereItsFilesAreThere) {
  const ScratchFolder old;
  test::write_text(old / "module_runs/summary.tsv", kOldTable);
  test::write_text(old / "out/norm.hef", "hef");  // as the scripts name it, from a folder above
  const auto tables = find_tables(old.path());
  ASSERT_TRUE(tables) << tables.error().to_string();
  ASSERT_EQ(tables->size(), 1U);
  const auto imported = import_table((*tables)[0], root_.path(), {.target = "hailo8"});
  ASSERT_TRUE(imported) << imported.error().to_string();
  EXPECT_EQ(imported->cases, 3);
  EXPECT_EQ(imported->found_files, 1);
  const std::string table = (old / "module_runs/summary.tsv").string();
  EXPECT_EQ(imported->bad_rows,
            (std::vector<std::string>{table + ":5: input_len is 'many', no whole number",
                                      table + ":6: has 1 fields, 9 are needed"}));
  const auto run = read_run(root_ / imported->run);
  ASSERT_TRUE(run) << run.error().to_string();
  EXPECT_TRUE(run->notes.empty()) << run->notes[0];
  EXPECT_EQ(run->cases[1].name, "norm@t2");
  EXPECT_EQ(run->cases[2].name, "mask_mul");
  EXPECT_EQ(run->cases[2].parameters.at("n_filters"), "256");
  EXPECT_FALSE(run->cases[2].family.empty());
  const GoalStatus modules = status("modules");
  EXPECT_EQ(modules.ticked_by_vendor, 1);
  EXPECT_TRUE(modules.entries[1].lost);
  const auto again = import_table((*tables)[0], root_.path(), {});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kAlreadyExists);
}

TEST_F(GoalTracker, ATableWithoutAGoodRowMakesNoRun) {
  const ScratchFolder old;
  test::write_text(old / "t.tsv", "module\thar_success\thef_success\na\tmaybe\t\n");
  EXPECT_EQ(import_table(old / "t.tsv", root_.path(), {}).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(root_.count(), 0);
  test::write_text(old / "u.tsv", "colour\tsize\nred\t1\n");
  EXPECT_EQ(import_table(old / "u.tsv", root_.path(), {}).error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace tessera
