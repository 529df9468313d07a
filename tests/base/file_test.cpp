#include "tessera/file.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include <gtest/gtest.h>

#include "support/full_disk.h"
#include "support/scratch_folder.h"

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

TEST(ReadFile, StopsAtTheLimitOnAPipe) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const std::string text(2000, 'x');
  ASSERT_EQ(::write(ends[1], text.data(), text.size()), 2000);
  ::close(ends[1]);
  const std::string path = "/dev/fd/" + std::to_string(ends[0]);
  const auto bytes = read_file(path, 1000);
  ::close(ends[0]);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().to_string(), path + ": is larger than the limit of 1000 bytes");
}

TEST(ReadFile, RefusesADeviceWhichMayNeverEnd) {
  const auto bytes = read_file("/dev/zero", kLimit);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(bytes.error().to_string(),
            "/dev/zero: is a device, not a file (save what it gives to a file first)");
}

TEST(ReadFile, RefusesASocket) {
  const ScratchFolder folder;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (folder / "s").string();
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(content_of(path), path +
                                  ": cannot open: this is a socket, or a device that is not there "
                                  "(name a regular file)");
  ::close(socket);
}

TEST(ReadFile, TellsWhichWayAPathLeadsNowhere) {
  const ScratchFolder folder;
  fs::create_symlink("circle", folder / "circle");
  std::ofstream(folder / "file") << "x";
  EXPECT_EQ(content_of(folder / "circle"),
            (folder / "circle").string() +
                ": cannot open: its symbolic links lead in a circle (check where the links lead)");
  EXPECT_EQ(content_of(folder / "file/below"),
            (folder / "file/below").string() +
                ": cannot open: a part of the path is a file (check the path)");
  const std::string name(300, 'n');
  EXPECT_EQ(
      content_of(name),
      name + ": cannot open: the name is longer than the file system allows (give a shorter name)");
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
  EXPECT_EQ(written.error().to_string(),
            (folder / "a").string() +
                ": already exists (give WriteOptions::force to overwrite it, or another name)");
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

TEST(WriteFile, MakesTheFileThatALinkStandsForAndKeepsTheLink) {
  const ScratchFolder folder;
  fs::create_directory(folder / "far");
  fs::create_symlink("far/file", folder / "near");
  fs::create_symlink("near", folder / "link");
  ASSERT_TRUE(write_file_atomically(folder / "link", "new"));
  EXPECT_EQ(content_of(folder / "far/file"), "new");
  ASSERT_TRUE(write_file_atomically(folder / "link", "newer", {.force = true}));
  EXPECT_EQ(content_of(folder / "far/file"), "newer");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_TRUE(fs::is_symlink(folder / "near"));
}

TEST(WriteFile, RefusesALinkIntoAFolderThatIsMissing) {
  const ScratchFolder folder;
  fs::create_symlink("none/file", folder / "link");
  const auto checked = check_writable(folder / "link", {});
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().to_string(),
            (folder / "none").string() + ": there is no such folder to write in (create it first)");
}

TEST(WriteFile, RefusesLinksInACircle) {
  const ScratchFolder folder;
  fs::create_symlink("circle", folder / "circle");
  const auto written = write_file_atomically(folder / "circle", "x", {.force = true});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().to_string(),
            (folder / "circle").string() +
                ": cannot write: its symbolic links lead in a circle (check where the links lead)");
  EXPECT_TRUE(fs::is_symlink(folder / "circle"));
}

TEST(WriteFile, RefusesAFileAsTheFolder) {
  const ScratchFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "file", "x"));
  const auto checked = check_writable(folder / "file/below", {});
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().to_string(),
            (folder / "file").string() + ": is a file, not a folder (name a folder)");
}

TEST(WriteFile, RefusesANameThatIsTooLong) {
  const ScratchFolder folder;
  const fs::path path = folder / std::string(300, 'n');
  const auto checked = check_writable(path, {});
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().to_string(),
            path.string() +
                ": cannot write: the name is longer than the file system allows (give a shorter "
                "name)");
}

TEST(WriteFile, ASealedFileHasNoNameUntilItIsCommitted) {
  const ScratchFolder folder;
  auto first = write_sealed(folder / "a", "first");
  ASSERT_TRUE(first);
  { ASSERT_TRUE(write_sealed(folder / "b", "dropped")); }
  EXPECT_FALSE(fs::exists(folder / "a"));
  ASSERT_TRUE(first->commit());
  EXPECT_EQ(content_of(folder / "a"), "first");
  EXPECT_EQ(folder.count(), 1);
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

TEST(EnsureDirectory, RefusesALinkToNothing) {
  const ScratchFolder folder;
  fs::create_symlink("none", folder / "link");
  const auto made = ensure_directory(folder / "link");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().to_string(),
            (folder / "link").string() +
                ": is a link to a folder that does not exist (create that folder first)");
}

TEST(EnsureDirectory, RefusesAFolderBelowAFile) {
  const ScratchFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "a", "x"));
  const auto made = ensure_directory(folder / "a/b");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().to_string(),
            (folder / "a/b").string() +
                ": cannot create this folder: a part of the path is a file (check the path)");
}

}  // namespace
}  // namespace tessera
