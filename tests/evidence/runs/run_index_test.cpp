// The index over runs: it follows the folders, and survives what happens to its file.
#include "evidence/runs/run_index.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "evidence/runs/database.h"
#include "support/full_disk.h"
#include "support/run_writer.h"
#include "support/scratch_folder.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using test::failing;
using test::passing;

class RunIndexFile : public ::testing::Test {
 protected:
  void SetUp() override {
    test::write_run(root_.path(), {.folder = "1-micro", .cases = {passing("a"), passing("b")}});
    test::write_run(root_.path(), {.folder = "2-fine",
                                   .name = "fine",
                                   .created = "2026-02-24T02:06:16Z",
                                   .cases = {failing("c", "maskmul")}});
  }
  RefreshCounts refreshed() {
    const auto index = RunIndex::open(root_.path());
    EXPECT_TRUE(index) << index.error().to_string();
    return index ? index->refreshed() : RefreshCounts{};
  }
  static int64_t cases(const RunIndex& index) {
    int64_t count = 0;
    EXPECT_TRUE(index.each_case(std::nullopt, [&](const IndexedCase&) { ++count; }));
    return count;
  }

  ScratchFolder root_;
};

TEST_F(RunIndexFile, HoldsRunsAndCasesInOrder) {
  const auto index = RunIndex::open(root_.path());
  ASSERT_TRUE(index) << index.error().to_string();
  EXPECT_FALSE(index->in_memory());
  const auto runs = index->runs();
  ASSERT_TRUE(runs);
  ASSERT_EQ(runs->size(), 2U);
  EXPECT_EQ((*runs)[0].info.folder, "1-micro");
  EXPECT_EQ((*runs)[0].hef_passed, 2);
  EXPECT_EQ((*runs)[1].failed, 1);
  std::vector<std::string> names;
  ASSERT_TRUE(
      index->each_case((*runs)[0].id, [&](const IndexedCase& one) { names.push_back(one.name); }));
  EXPECT_EQ(names, (std::vector<std::string>{"a", "b"}));
}

TEST_F(RunIndexFile, ReadsOnlyWhatChanged) {
  EXPECT_EQ(refreshed().read, 2);
  EXPECT_EQ(refreshed().read, 0);
  test::write_run(root_.path(),
                  {.folder = "2-fine", .name = "fine", .cases = {passing("c"), passing("d")}});
  EXPECT_EQ(refreshed().read, 1);
  fs::remove_all(root_ / "1-micro");
  const RefreshCounts last = refreshed();
  EXPECT_EQ(last.forgotten, 1);
  EXPECT_EQ(last.read, 0);
}

TEST_F(RunIndexFile, AFileThatIsYoungIsReadAgain) {
  test::write_text(root_ / "1-micro/summary.tsv",
                   "module\thar_success\thef_success\na\ttrue\ttrue\n");
  EXPECT_EQ(refreshed().read, 2);
  EXPECT_EQ(refreshed().read, 1);
}

TEST_F(RunIndexFile, MovesWithItsFolder) {
  EXPECT_EQ(refreshed().read, 2);
  const ScratchFolder elsewhere;
  fs::rename(root_.path(), elsewhere / "runs");
  const auto index = RunIndex::open(elsewhere / "runs");
  ASSERT_TRUE(index) << index.error().to_string();
  EXPECT_EQ(index->refreshed().read, 0);
  EXPECT_EQ(cases(*index), 3);
}

TEST_F(RunIndexFile, ADamagedFileIsMadeAnew) {
  EXPECT_EQ(refreshed().read, 2);
  test::write_text(root_ / "index.sqlite", std::string(8192, 'x'));
  const auto index = RunIndex::open(root_.path());
  ASSERT_TRUE(index) << index.error().to_string();
  EXPECT_FALSE(index->in_memory());
  EXPECT_EQ(index->refreshed().read, 2);
  ASSERT_EQ(index->notes().size(), 1U);
  EXPECT_NE(index->notes()[0].find("it is made anew"), std::string::npos);
}

TEST_F(RunIndexFile, DamageWithinTheFileIsFoundAndItIsMadeAnew) {
  EXPECT_EQ(refreshed().read, 2);
  {
    std::fstream file(root_ / "index.sqlite", std::ios::binary | std::ios::in | std::ios::out);
    const auto size = static_cast<std::streamoff>(fs::file_size(root_ / "index.sqlite"));
    ASSERT_GT(size, 4096);
    file.seekp(4096);  // the first page, with the schema, stays whole
    file << std::string(static_cast<size_t>(size - 4096), '\xff');
  }
  const auto index = RunIndex::open(root_.path());
  ASSERT_TRUE(index) << index.error().to_string();
  EXPECT_EQ(cases(*index), 3);
}

TEST_F(RunIndexFile, AnIndexOfAnotherVersionIsMadeAnew) {
  EXPECT_EQ(refreshed().read, 2);
  {
    auto database = Database::open(root_ / "index.sqlite", Database::Access::create);
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->execute("PRAGMA user_version = 77"));
  }
  EXPECT_EQ(refreshed().read, 2);
  EXPECT_EQ(refreshed().read, 0);
}

TEST_F(RunIndexFile, ADatabaseOfAnotherProgramIsLeftAlone) {
  {
    auto database = Database::open(root_ / "index.sqlite", Database::Access::create);
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->execute("CREATE TABLE photographs(x)"));
  }
  const auto index = RunIndex::open(root_.path());
  ASSERT_TRUE(index) << index.error().to_string();
  EXPECT_TRUE(index->in_memory());
  EXPECT_EQ(cases(*index), 3);
  auto database = Database::open(root_ / "index.sqlite", Database::Access::create);
  EXPECT_TRUE(database->prepare("SELECT x FROM photographs"));
}

TEST_F(RunIndexFile, AFullDiskKeepsItInMemoryAndTheFileWhole) {
  const fs::path disk = root_ / "disk";
  fs::create_directory(disk);
  const auto result = on_full_disk(disk, [&] {
    test::WrittenRun run{.folder = "1-micro"};
    for (int i = 0; i < 4; ++i) run.cases.push_back(failing("case" + std::to_string(i), "maskmul"));
    test::write_run(disk, run);
    test::write_text(disk / "filler", std::string(60'000, 'x'));  // as much as there is room for
    const auto index = RunIndex::open(disk);
    if (!index || !index->in_memory() || cases(*index) != 4 || index->notes().empty()) return false;
    fs::remove(disk / "filler");
    const auto again = RunIndex::open(disk);
    return again && cases(*again) == 4;
  });
  if (result == FullDiskOutcome::kCannotMount) GTEST_SKIP() << "mounting is not allowed here";
  EXPECT_EQ(result, FullDiskOutcome::kHeld);
}

// Each ends in its own way: whole, or killed while it writes.
TEST_F(RunIndexFile, SeveralWritersAndKilledOnesLeaveItWhole) {
  for (int r = 0; r < 20; ++r) {
    test::WrittenRun run{.folder = "run" + std::to_string(r), .results = false};
    for (int i = 0; i < 50; ++i) run.cases.push_back(passing("case" + std::to_string(i)));
    test::write_run(root_.path(), run);
  }
  std::vector<pid_t> writers;
  for (int w = 0; w < 4; ++w) {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto index = RunIndex::open(root_.path());
      ::_exit(index && !index->in_memory() && cases(*index) == 1003 ? 0 : 1);
    }
    writers.push_back(child);
  }
  for (int k = 1; k <= 5; ++k) {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto ignored = RunIndex::open(root_.path());
      ::_exit(0);
    }
    ::usleep(static_cast<useconds_t>(k * 4000));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
  for (const pid_t writer : writers) {
    int status = -1;
    ::waitpid(writer, &status, 0);
    EXPECT_EQ(status, 0);
  }
  const auto index = RunIndex::open(root_.path());
  ASSERT_TRUE(index) << index.error().to_string();
  EXPECT_EQ(cases(*index), 1003);
}

TEST_F(RunIndexFile, ARunThatCannotBeReadIsListedWithItsProblem) {
  test::write_text(root_ / "3-bad/run.json", "nonsense");
  const auto index = RunIndex::open(root_.path());
  ASSERT_TRUE(index);
  const auto runs = index->runs();
  ASSERT_EQ(runs->size(), 3U);
  EXPECT_NE((*runs)[0].problem.find("run.json"), std::string::npos);  // it has no time: the first
}

TEST_F(RunIndexFile, NoFileIsMadeInAFolderWithoutRuns) {
  const ScratchFolder other;
  EXPECT_TRUE(RunIndex::open(other.path()));
  EXPECT_EQ(other.count(), 0);
  EXPECT_FALSE(RunIndex::open(other / "nowhere"));
}

}  // namespace
}  // namespace tessera
