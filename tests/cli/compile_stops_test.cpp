// tessera compile that is stopped, or that finds the disk full: nothing half-written stays, and the
// same command goes on where it was.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>

#include "cli/compile_fixture.h"
#include "exit_codes.h"
#include "support/full_disk.h"
#include "tessera/package.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

class CliCompileStops : public CliCompile {
 protected:
  // Steps that finished, in the store of `work`.
  static int finished(const fs::path& work) {
    int count = 0;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(work / "steps", none))
      count += fs::exists(entry.path() / "step.json") && entry.path().extension() != ".failed";
    return count;
  }

  static std::vector<std::string> unfinished(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(".tessera-") || name.starts_with("work-")) names.push_back(name);
    }
    return names;
  }

  struct Ended {
    int code = -1;
    std::string err;
  };
  // Sends `signal` once the stand-in was called for so many steps.
  Ended stop(int after_calls, int signal) const {
    std::vector<std::string> words = compile_words({});
    const std::string err_path = path("err");
    const pid_t child = ::fork();
    if (child == 0) {
      ::alarm(kToolDeadline_s);
      const int err = ::open(err_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      const int null = ::open("/dev/null", O_RDWR);
      ::dup2(null, 0);
      ::dup2(null, 1);
      ::dup2(err, 2);
      std::vector<char*> arguments{const_cast<char*>("env")};
      for (std::string& word : words) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      ::execvp("env", arguments.data());
      ::_exit(127);
    }
    for (int i = 0; i < 6000 && calls() < after_calls; ++i) ::usleep(10000);
    ::kill(child, signal);
    int status = 0;
    ::waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), contents(err_path)};
  }

  // Of processes that run the stand-in with files of this test.
  int compilers() const {
    int count = 0;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const std::string words = contents(entry.path() / "cmdline");
      count += words.find("dfc_stand_in/hailo") != std::string::npos &&
               words.find(folder_.path().string()) != std::string::npos;
    }
    return count;
  }
};

TEST_F(CliCompileStops, ASignalInTheMiddleEndsTheCompilersAndLeavesNothingHalfDone) {
  for (const int signal : {SIGINT, SIGTERM}) {
    fs::remove_all(path("out.dfc"));
    fs::remove(path("calls"));
    rules("* compiler long\n");
    const Ended ended = stop(9, signal);  // at least one is at its last step, of three
    EXPECT_EQ(ended.code, exit_code(ErrorCode::kCancelled)) << ended.err;
    EXPECT_NE(ended.err.find("error: stopped"), std::string::npos) << ended.err;
    EXPECT_NE(ended.err.find("next: run it again: finished steps are kept"), std::string::npos)
        << ended.err;
    EXPECT_EQ(compilers(), 0);
    EXPECT_FALSE(fs::exists(path("out.tess")));
    EXPECT_EQ(unfinished(folder_.path()), std::vector<std::string>{});
    const int done = finished(path("out.dfc"));
    EXPECT_GT(done, 0);

    rules("");
    const int before = calls();
    const Outcome again = compile({"--join", "none", "--json"});
    ASSERT_EQ(again.code, 0) << again.err;
    EXPECT_EQ(calls() - before, finished(path("out.dfc")) - done);  // none that was finished
    fs::remove(path("out.tess"));
  }
}

TEST_F(CliCompileStops, TheCompilersFullDiskIsTheCommandsError) {
  rules("seg00* compiler full_disk\n");
  const Outcome outcome = compile({"--join", "none"});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kNoSpace)) << outcome.err;
  EXPECT_NE(outcome.err.find("the compiler found no space left on the disk"), std::string::npos)
      << outcome.err;
  EXPECT_FALSE(fs::exists(path("out.tess")));
  const int done = finished(path("out.dfc"));
  rules("");
  const int before = calls();
  ASSERT_EQ(compile({"--join", "none"}).code, 0);
  EXPECT_EQ(calls() - before, finished(path("out.dfc")) - done);
}

// The work folder lies on a disk that grows: each time it is full the command says so, and the last
// time it does what was not finished.
TEST_F(CliCompileStops, AFullDiskLeavesWhatWasFinishedAndNothingElse) {
  rules("");
  const fs::path disk = folder_ / "disk";
  fs::create_directory(disk);
  const std::vector<std::string> how = {"--join", "none", "--work", disk.string()};
  const auto result = on_full_disk(disk, [&] {
    for (const char* size : {"size=64k", "size=256k", "size=512k", "size=768k"}) {
      ::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, size);
      const Outcome outcome = compile(how);
      if (outcome.code == 0) return fs::exists(path("out.tess"));
      const bool is_told = outcome.code == exit_code(ErrorCode::kNoSpace) &&
                           outcome.err.find("  next: ") != std::string::npos;
      if (!is_told || fs::exists(path("out.tess")) || !unfinished(disk).empty()) {
        std::fprintf(stderr, "%s: %s", size, outcome.err.c_str());
        return false;
      }
    }
    ::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=64m");
    const int done = finished(disk);
    const int before = calls();
    const Outcome last = compile(how);
    return last.code == 0 && done > 0 && calls() - before == finished(disk) - done &&
           tessera_tool({"package", "check", path("out.tess")}).code == 0;
  });
  if (result == FullDiskOutcome::kCannotMount) GTEST_SKIP() << "mounting is not allowed here";
  EXPECT_EQ(result, FullDiskOutcome::kHeld);
}

}  // namespace
}  // namespace tessera
