#include "tessera/file.h"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include <gtest/gtest.h>

#include "full_disk.h"
#include "scratch_folder.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kLimit = 1 << 20;

std::string content_of(const fs::path& path) {
  auto bytes = read_file(path, kLimit);
  return bytes ? std::string(bytes->begin(), bytes->end()) : bytes.error().to_string();
}

TEST(ReadFile, ReturnsAllBytes) {
  const ScratchFolder folder;
  std::ofstream(folder / "a") << std::string(200'000, 'x');
  EXPECT_EQ(content_of(folder / "a"), std::string(200'000, 'x'));
}

TEST(ReadFile, OfNothingIsEmpty) {
  const ScratchFolder folder;
  std::ofstream(folder / "a").flush();
  EXPECT_EQ(content_of(folder / "a"), "");
}

TEST(ReadFile, MissingFileSaysSo) {
  const auto bytes = read_file("missing.bin", kLimit);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(bytes.error().to_string(), "missing.bin: no such file or directory (check the path)");
}

TEST(ReadFile, RefusesADirectory) {
  const auto bytes = read_file("/", kLimit);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().to_string(), "/: is a directory, not a file (name a file in it)");
}

TEST(ReadFile, RefusesMoreThanTheLimit) {
  const ScratchFolder folder;
  std::ofstream(folder / "a") << "12345";
  EXPECT_TRUE(read_file(folder / "a", 5));
  const auto bytes = read_file(folder / "a", 4);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, ErrorCode::kResourceLimit);
  EXPECT_EQ(bytes.error().to_string(),
            (folder / "a").string() + ": is larger than the limit of 4 bytes");
}

TEST(ReadFile, StopsAtTheLimitOnAnEndlessDevice) {
  const auto bytes = read_file("/dev/zero", 1000);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().to_string(), "/dev/zero: is larger than the limit of 1000 bytes");
}

TEST(WriteFile, RoundTrips) {
  const ScratchFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "a", "hello"));
  EXPECT_EQ(content_of(folder / "a"), "hello");
  EXPECT_EQ(folder.count(), 1);
}

TEST(WriteFile, DoesNotOverwrite) {
  const ScratchFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "a", "old"));
  const auto written = write_file_atomically(folder / "a", "new");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(
      written.error().to_string(),
      (folder / "a").string() + ": already exists (give --force to overwrite it, or another name)");
  EXPECT_EQ(content_of(folder / "a"), "old");
  EXPECT_EQ(folder.count(), 1);
}

TEST(WriteFile, OverwritesWhenForcedAndKeepsPermissions) {
  const ScratchFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "a", "old"));
  fs::permissions(folder / "a", fs::perms::owner_read | fs::perms::owner_write);
  ASSERT_TRUE(write_file_atomically(folder / "a", "new", {.force = true}));
  EXPECT_EQ(content_of(folder / "a"), "new");
  EXPECT_EQ(fs::status(folder / "a").permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(WriteFile, ForcedThroughALinkReplacesItsTarget) {
  const ScratchFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "target", "old"));
  fs::create_symlink(folder / "target", folder / "link");
  ASSERT_TRUE(write_file_atomically(folder / "link", "new", {.force = true}));
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(content_of(folder / "target"), "new");
}

TEST(WriteFile, DoesNotReplaceAFileThatAppearedMeanwhile) {
  const ScratchFolder folder;
  auto file = AtomicFile::create(folder / "a", {});
  ASSERT_TRUE(file);
  ASSERT_TRUE(write_file_atomically(folder / "a", "theirs"));
  const auto committed = file->commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(content_of(folder / "a"), "theirs");
}

TEST(WriteFile, LeavesNothingBehindWithoutCommit) {
  const ScratchFolder folder;
  {
    auto file = AtomicFile::create(folder / "a", {});
    ASSERT_TRUE(file);
    EXPECT_EQ(folder.count(), 1);
  }
  EXPECT_EQ(folder.count(), 0);
}

TEST(WriteFile, MissingFolderSaysSo) {
  const auto written = write_file_atomically("no/such/file", "x");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().to_string(),
            "no/such: there is no such folder to write in (create it first)");
}

TEST(WriteFile, RefusesADirectory) {
  const auto written = write_file_atomically("/tmp", "x", {.force = true});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().to_string(), "/tmp: is a directory, not a file (name a file in it)");
}

TEST(WriteFile, RefusesADevice) {
  const auto written = write_file_atomically("/dev/null", "x", {.force = true});
  ASSERT_FALSE(written);
  EXPECT_EQ(
      written.error().to_string(),
      "/dev/null: is a device or pipe and cannot be replaced by a file (name a regular file)");
}

TEST(WriteFile, ByPathGetsATemporaryNameAndIsCommitted) {
  const ScratchFolder folder;
  const auto write = [](const fs::path& temporary) -> Result<void> {
    std::ofstream(temporary) << "by path";
    return {};
  };
  ASSERT_TRUE(write_file_atomically(folder / "a", write));
  EXPECT_EQ(content_of(folder / "a"), "by path");
  EXPECT_EQ(folder.count(), 1);
}

TEST(WriteFile, ByPathFailingLeavesNothingBehind) {
  const ScratchFolder folder;
  const auto fail = [](const fs::path&) -> Result<void> {
    return TESSERA_ERROR(kIo, "x", "failed", "");
  };
  EXPECT_FALSE(write_file_atomically(folder / "a", fail));
  EXPECT_EQ(folder.count(), 0);
}

TEST(WriteFile, FullDiskSaysSoAndLeavesNothingBehind) {
  const ScratchFolder folder;
  const auto outcome = on_full_disk(folder.path(), [&] {
    const auto written = write_file_atomically(folder / "a", std::string(1 << 20, 'x'));
    return !written && written.error().code == ErrorCode::kNoSpace &&
           written.error().to_string() ==
               (folder / "a").string() +
                   ": cannot write: the disk is full (free some space or write to another disk)" &&
           folder.count() == 0;
  });
  if (outcome == FullDiskOutcome::kCannotMount) GTEST_SKIP() << "no right to mount a tmpfs";
  EXPECT_EQ(outcome, FullDiskOutcome::kHeld);
}

TEST(WriteFile, SizeLimitSaysSoAndKeepsTheOldFile) {
  const ScratchFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "a", "old"));
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  auto* handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto written =
      write_file_atomically(folder / "a", std::string(1 << 20, 'x'), {.force = true});
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(content_of(folder / "a"), "old");
  EXPECT_EQ(folder.count(), 1);
}

TEST(EnsureDirectory, CreatesParentsAndAcceptsAnExistingOne) {
  const ScratchFolder folder;
  ASSERT_TRUE(ensure_directory(folder / "a/b"));
  ASSERT_TRUE(ensure_directory(folder / "a/b"));
  EXPECT_TRUE(fs::is_directory(folder / "a/b"));
}

TEST(EnsureDirectory, RefusesAFileInTheWay) {
  const ScratchFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "a", "x"));
  const auto made = ensure_directory(folder / "a");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().to_string(),
            (folder / "a").string() + ": is a file, not a folder (name a folder)");
}

}  // namespace
}  // namespace tessera
