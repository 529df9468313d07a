// Run folders as they lie on the disk, good ones and bad ones.
#include "evidence/runs/run_folder.h"

#include <gtest/gtest.h>

#include "evidence/runs/find_run.h"
#include "evidence/runs/run_diff.h"
#include "support/run_writer.h"
#include "support/scratch_folder.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using test::failing;
using test::passing;

class RunFolder : public ::testing::Test {
 protected:
  ScratchFolder root_;
};

TEST_F(RunFolder, TellsCasesInTheOrderOfTheirTableWithWhatTheirResultsSay) {
  const fs::path folder =
      test::write_run(root_.path(), {.cases = {passing("b"), failing("a", "reshape_allocator")}});
  const auto run = read_run(folder);
  ASSERT_TRUE(run) << run.error().to_string();
  EXPECT_EQ(run->info.name, "micro");
  EXPECT_TRUE(run->info.is_builtin());
  ASSERT_EQ(run->cases.size(), 2U);
  EXPECT_EQ(run->cases[0].name, "b");
  EXPECT_EQ(run->cases[0].hef_path, "cases/b/out.hef");
  EXPECT_EQ(run->cases[1].hef, RecordedOutcome::failed);
  EXPECT_EQ(run->cases[1].family, "reshape_allocator");
  EXPECT_EQ(run->cases[1].parameters.at("width"), "256");
  EXPECT_TRUE(run->notes.empty());
}

TEST_F(RunFolder, ACaseWithoutAResultYetIsNotFinished) {
  const fs::path folder = test::write_run(root_.path(), {.cases = {passing("a")}});
  test::write_text(folder / "cases.tsv", "case\na\nlater\n");
  const auto run = read_run(folder);
  ASSERT_TRUE(run);
  ASSERT_EQ(run->cases.size(), 2U);
  EXPECT_FALSE(run->cases[1].finished);
}

TEST_F(RunFolder, ADamagedResultIsARemarkAndTheRowCounts) {
  const fs::path folder = test::write_run(root_.path(), {.cases = {passing("a")}});
  test::write_text(folder / "cases/a/result.json", "{\"format\": 1, \"har\"");
  const auto run = read_run(folder);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->cases[0].hef, RecordedOutcome::passed);
  ASSERT_EQ(run->notes.size(), 1U);
  EXPECT_NE(run->notes[0].find("result.json"), std::string::npos);
}

TEST_F(RunFolder, WhereResultAndRowDisagreeTheResultCountsAndARemarkSaysSo) {
  const fs::path folder = test::write_run(root_.path(), {.cases = {failing("a", "maskmul")}});
  test::write_text(folder / "summary.tsv", "module\thar_success\thef_success\na\ttrue\ttrue\n");
  const auto run = read_run(folder);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->cases[0].hef, RecordedOutcome::failed);
  ASSERT_EQ(run->notes.size(), 1U);
}

TEST_F(RunFolder, ARowThatIsNoneIsNamedByItsLine) {
  const fs::path folder = test::write_run(root_.path(), {.cases = {passing("a")}});
  test::write_text(folder / "summary.tsv",
                   "module\thar_success\thef_success\na\ttrue\ttrue\nb\tmaybe\ttrue\n");
  const auto run = read_run(folder);
  ASSERT_TRUE(run);
  ASSERT_EQ(run->notes.size(), 1U);
  EXPECT_EQ(run->notes[0], (folder / "summary.tsv").string() + ":3: is no row of a summary");
}

TEST_F(RunFolder, NamesThatLeaveTheFolderAreNoCaseFolders) {
  for (const char* name : {"", ".", "..", "../x", "a/b", ".hidden"})
    EXPECT_FALSE(is_case_name(name));
  EXPECT_TRUE(is_case_name("s1_norm.affine-2"));
}

TEST_F(RunFolder, AnotherFormatAndAFolderThatIsNoneAreRefused) {
  test::write_text(root_ / "x/run.json", R"({"format":2,"kind":"sweep","name":"x"})");
  const auto other = read_run(root_ / "x");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(read_run(root_ / "y").error().code, ErrorCode::kNotFound);
  test::write_text(root_ / "x/run.json", "[1, 2]");
  EXPECT_EQ(read_run(root_ / "x").error().code, ErrorCode::kCorrupt);
}

TEST_F(RunFolder, ARunIsMeantByItsFolderItsStampOrABeginningThatIsItsAlone) {
  test::write_run(root_.path(), {.folder = "20260223T020616Z-micro"});
  test::write_run(root_.path(), {.folder = "20260224T020616Z-micro"});
  EXPECT_EQ(find_run(root_.path(), "20260224").value(), root_ / "20260224T020616Z-micro");
  EXPECT_EQ(find_run(root_.path(), (root_ / "20260223T020616Z-micro").string()).value(),
            root_ / "20260223T020616Z-micro");
  EXPECT_EQ(find_run(root_.path(), "2026").error().message,
            "2 runs begin so: 20260223T020616Z-micro, 20260224T020616Z-micro");
  EXPECT_EQ(find_run(root_.path(), "1999").error().code, ErrorCode::kNotFound);
}

TEST_F(RunFolder, ADiffNamesWhatChangedAppearedAndVanished) {
  const auto before = read_run(test::write_run(
      root_.path(), {.folder = "1", .cases = {passing("a"), passing("b"), passing("gone")}}));
  const auto after = read_run(test::write_run(
      root_.path(),
      {.folder = "2", .cases = {passing("a"), failing("b", "maskmul"), passing("new")}}));
  ASSERT_TRUE(before && after);
  const RunDifference difference = diff_runs(*before, *after);
  ASSERT_EQ(difference.changed.size(), 1U);
  EXPECT_EQ(outcome_text(difference.changed[0].before), "compiled");
  EXPECT_EQ(outcome_text(difference.changed[0].after), "not compiled: maskmul");
  EXPECT_EQ(difference.appeared, std::vector<std::string>{"new"});
  EXPECT_EQ(difference.vanished, std::vector<std::string>{"gone"});
  EXPECT_EQ(difference.same, 1);
  EXPECT_TRUE(diff_runs(*before, *before).is_same());
}

}  // namespace
}  // namespace tessera
