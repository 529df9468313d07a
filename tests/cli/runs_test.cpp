// tessera runs and tessera status, as a user calls them.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/tool.h"
#include "exit_codes.h"
#include "support/full_disk.h"
#include "support/run_writer.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::failing;
using test::passing;

class CliRuns : public ::testing::Test {
 protected:
  void SetUp() override {
    test::write_run(root(), {.folder = "20260223T020616Z-modules",
                             .name = "modules",
                             .compiler = "dfc",
                             .cases = {passing("a"), failing("b", "maskmul")}});
    test::write_run(root(), {.folder = "20260224T020616Z-modules",
                             .name = "modules",
                             .created = "2026-02-24T02:06:16Z",
                             .cases = {passing("a"), passing("b")}});
  }
  fs::path root() const { return folder_ / "runs"; }
  Outcome runs(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "runs");
    return tessera_tool(std::move(arguments), folder_.path());
  }
  json document(const std::vector<std::string>& arguments) const {
    std::vector<std::string> words = arguments;
    words.emplace_back("--json");
    const Outcome outcome = tessera_tool(words, folder_.path());
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    return json::parse(outcome.out);
  }

  ScratchFolder folder_;
};

TEST_F(CliRuns, ListsRunsAndFiltersByKind) {
  const json listed = document({"runs", "ls"});
  ASSERT_EQ(listed.at("runs").size(), 2U);
  EXPECT_EQ(listed["runs"][0]["run"], "20260223T020616Z-modules");
  EXPECT_EQ(listed["runs"][0]["hef_passed"], 1);
  EXPECT_FALSE(listed["runs"][0]["builtin"]);
  EXPECT_TRUE(document({"runs", "ls", "--kind", "imported"}).at("runs").empty());
}

TEST_F(CliRuns, ShowsCasesAndFailuresByFamily) {
  const json shown = document({"runs", "show", "20260223"});
  EXPECT_EQ(shown.at("cases").size(), 2U);
  EXPECT_EQ(shown.at("families").at("maskmul"), json::array({"b"}));
  const Outcome text = runs({"show", "20260223"});
  EXPECT_NE(text.out.find("not compiled: maskmul"), std::string::npos) << text.out;
}

TEST_F(CliRuns, ADiffEndsLikeDiffWhereAnOutcomeChanged) {
  EXPECT_EQ(runs({"diff", "20260223", "20260223"}).code, 0);
  const Outcome changed = runs({"diff", "20260223", "20260224", "--json"});
  EXPECT_EQ(changed.code, exit_code(ErrorCode::kMismatch));
  const json told = json::parse(changed.out);
  EXPECT_EQ(told.at("changed")[0].at("before"), "not compiled: maskmul");
  EXPECT_EQ(told.at("changed")[0].at("after"), "compiled");
}

TEST_F(CliRuns, AnAmbiguousAndAnUnknownRunAreRefused) {
  const Outcome both = runs({"show", "2026"});
  EXPECT_EQ(both.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_EQ(both.err,
            "error: 2 runs begin so: 20260223T020616Z-modules, 20260224T020616Z-modules\n"
            "  in: 2026\n  next: give more of the name\n");
  EXPECT_EQ(runs({"show", "1999"}).code, exit_code(ErrorCode::kNotFound));
}

TEST_F(CliRuns, StatusTicksBuiltinAndVendorApartWithTheirPaths) {
  const json told = document({"status", "--goal", "modules"});
  const json& goal = told.at("goals")[0];
  EXPECT_EQ(goal.at("state"), "open");  // two of eight
  EXPECT_EQ(goal.at("ticked"), 2);
  EXPECT_EQ(goal.at("ticked_by_vendor"), 1);
  const json& entry = goal.at("checklist")[0];
  EXPECT_EQ(entry.at("vendor").at("path"), "20260223T020616Z-modules/cases/a/out.hef");
  EXPECT_EQ(entry.at("builtin").at("path"), "20260224T020616Z-modules/cases/a/out.hef");
  EXPECT_EQ(tessera_tool({"status", "--goal", "colour"}, folder_.path()).code,
            exit_code(ErrorCode::kInvalidArgument));
}

TEST_F(CliRuns, RemovalSaysWhatGoesAndADryRunRemovesNothing) {
  const Outcome without = runs({"gc"});
  EXPECT_EQ(without.code, exit_code(ErrorCode::kInvalidArgument));
  test::write_run(root(), {.folder = "20200101T000000Z-x",
                           .name = "x",
                           .created = "2020-01-01T00:00:00Z",
                           .cases = {passing("c")}});
  const json dry = document({"runs", "gc", "--keep", "0", "--dry-run"});
  ASSERT_EQ(dry.at("removed").size(), 1U);
  EXPECT_EQ(dry["removed"][0]["run"], "20200101T000000Z-x");
  EXPECT_EQ(dry.at("kept").size(), 2U);  // behind ticks
  EXPECT_TRUE(fs::exists(root() / "20200101T000000Z-x"));
  EXPECT_EQ(document({"runs", "gc", "--keep", "0"}).at("bytes"), dry.at("bytes"));
  EXPECT_FALSE(fs::exists(root() / "20200101T000000Z-x"));
  EXPECT_EQ(document({"runs", "ls"}).at("runs").size(), 2U);
}

TEST_F(CliRuns, BadRowsOfATableAreNamedAndTheOthersImported) {
  test::write_text(folder_ / "t.tsv",
                   "module\thar_success\thef_success\na\ttrue\ttrue\nb\tmaybe\t\n");
  const Outcome outcome = runs({"import", "t.tsv", "--name", "micro"});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kCorrupt));
  EXPECT_NE(outcome.err.find("left out: t.tsv:3: har_success is 'maybe', neither true nor false"),
            std::string::npos)
      << outcome.err;
  EXPECT_EQ(document({"runs", "ls", "--kind", "imported"}).at("runs").size(), 1U);
  EXPECT_EQ(runs({"import", "t.tsv"}).code, exit_code(ErrorCode::kAlreadyExists));
}

TEST_F(CliRuns, WithoutAFolderOfRunsStatusIsEmptyAndANamedOneMustExist) {
  const ScratchFolder empty;
  EXPECT_EQ(tessera_tool({"status"}, empty.path()).code, 0);
  EXPECT_EQ(empty.count(), 0);
  EXPECT_EQ(tessera_tool({"status", "--runs", "nowhere"}, empty.path()).code,
            exit_code(ErrorCode::kNotFound));
}

TEST_F(CliRuns, AFullDiskIsReadWithoutItsIndex) {
  const fs::path disk = folder_ / "disk";
  fs::create_directory(disk);
  const auto result = on_full_disk(disk, [&] {
    test::write_run(disk, {.folder = "1", .cases = {failing("a", "maskmul")}});
    test::write_text(disk / "filler", std::string(60'000, 'x'));
    const Outcome outcome = tessera_tool({"runs", "ls", "--runs", disk.string()});
    return outcome.code == 0 && outcome.out.find("micro") == std::string::npos &&
           outcome.out.find("builtin") != std::string::npos &&
           outcome.err.find("the index is kept in memory this time") != std::string::npos;
  });
  if (result == FullDiskOutcome::kCannotMount) GTEST_SKIP() << "mounting is not allowed here";
  EXPECT_EQ(result, FullDiskOutcome::kHeld);
}

TEST_F(CliRuns, NamesWithCommandsForTheTerminalAreShownAsText) {
  test::write_text(root() / "3/run.json", R"({"format":1,"kind":"sweep","name":"x"})");
  test::write_text(root() / "3/summary.tsv",
                   "module\thar_success\thef_success\n\x1b[31mred\ttrue\ttrue\n");
  const Outcome outcome = runs({"show", "3"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out.find('\x1b'), std::string::npos);
  EXPECT_NE(outcome.out.find("\\x1b[31mred"), std::string::npos) << outcome.out;
}

}  // namespace
}  // namespace tessera
