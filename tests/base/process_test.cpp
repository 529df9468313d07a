#include "base/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>

#include "support/scratch_folder.h"

namespace tessera {
namespace {

using std::chrono::milliseconds;

std::string text_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct ProcessTest : ::testing::Test {
  ProcessOptions shell(const std::string& script) const {
    ProcessOptions options;
    options.program = "sh";
    options.arguments = {"-c", script};
    options.output = folder / "out";
    options.grace = milliseconds(200);
    return options;
  }
  std::string output() const { return text_of_file(folder / "out"); }

  ScratchFolder folder;
};

TEST_F(ProcessTest, TellsExitCodeAndKeepsOutputAndErrors) {
  const auto end = run_process(shell("echo out; echo err >&2; exit 3"));
  ASSERT_TRUE(end) << end.error().to_string();
  EXPECT_EQ(end->how, ProcessEnd::How::exited);
  EXPECT_EQ(end->code, 3);
  EXPECT_FALSE(end->succeeded());
  EXPECT_EQ(output(), "out\nerr\n");
  EXPECT_EQ(end->output_bytes, 8u);
}

TEST_F(ProcessTest, ReadsNothingFromItsCaller) {
  const auto end = run_process(shell("cat; read answer || echo nobody"));
  ASSERT_TRUE(end);
  EXPECT_EQ(output(), "nobody\n");
}

TEST_F(ProcessTest, RunsInItsFolderWithItsEnvironment) {
  ProcessOptions options = shell("pwd; echo $WORD");
  options.folder = folder.path();
  options.environment["WORD"] = "told";
  ASSERT_TRUE(run_process(options));
  EXPECT_EQ(output(), std::filesystem::canonical(folder.path()).string() + "\ntold\n");
}

TEST_F(ProcessTest, GivesOutputAsItComes) {
  ProcessOptions options = shell("echo a; sleep 0.1; echo b");
  std::string heard;
  options.on_output = [&](std::string_view text) { heard += text; };
  ASSERT_TRUE(run_process(options));
  EXPECT_EQ(heard, "a\nb\n");
}

TEST_F(ProcessTest, EndsTheWholeGroupAtItsTimeLimit) {
  // A child that ignores the request, in the background of a shell that does so too.
  ProcessOptions options = shell("trap '' TERM; (trap '' TERM; sleep 100) & echo $! > " +
                                 (folder / "pid").string() + "; sleep 100");
  options.time_limit = milliseconds(300);
  const auto end = run_process(options);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->how, ProcessEnd::How::timed_out);
  const pid_t left = std::stoi(text_of_file(folder / "pid"));
  for (int i = 0; i < 100 && ::kill(left, 0) == 0; ++i) ::usleep(20000);
  std::string state = text_of_file("/proc/" + std::to_string(left) + "/stat");
  EXPECT_TRUE(state.empty() || state.find(") Z ") != std::string::npos) << state;
}

TEST_F(ProcessTest, AsksBeforeItKills) {
  ProcessOptions options = shell("trap 'echo asked; exit 0' TERM; while :; do sleep 0.05; done");
  options.time_limit = milliseconds(300);
  options.grace = milliseconds(20000);
  const auto end = run_process(options);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->how, ProcessEnd::How::timed_out);
  EXPECT_NE(output().find("asked\n"), std::string::npos);
}

TEST_F(ProcessTest, IsCancelled) {
  ProcessOptions options = shell("sleep 100");
  options.is_cancelled = [] { return true; };
  const auto end = run_process(options);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->how, ProcessEnd::How::cancelled);
}

TEST_F(ProcessTest, DoesNotWaitForWhatItLeavesBehind) {
  const auto end = run_process(shell("sleep 100 & echo done"));
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->succeeded());
  EXPECT_LT(end->seconds, 50);
}

TEST_F(ProcessTest, KeepsOutputWithinItsLimit) {
  ProcessOptions options = shell("head -c 100000 /dev/zero; exit 0");
  options.output_limit_bytes = 1000;
  const auto end = run_process(options);
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->succeeded());
  EXPECT_TRUE(end->output_truncated);
  EXPECT_EQ(output().size(), 1000u);
}

TEST_F(ProcessTest, TellsOfASignal) {
  const auto end = run_process(shell("kill -9 $$"));
  ASSERT_TRUE(end);
  EXPECT_EQ(end->how, ProcessEnd::How::signalled);
  EXPECT_EQ(end->code, 9);
}

TEST_F(ProcessTest, RefusesWhatIsNotThere) {
  ProcessOptions options = shell("true");
  options.program = "no-such-program";
  EXPECT_EQ(run_process(options).error().code, ErrorCode::kNotFound);
  options = shell("true");
  options.folder = folder / "missing";
  EXPECT_EQ(run_process(options).error().code, ErrorCode::kNotFound);
  options = shell("true");
  options.output = folder / "missing/out";
  EXPECT_EQ(run_process(options).error().code, ErrorCode::kNotFound);
}

TEST_F(ProcessTest, SaysThatTheDiskIsFull) {
  ProcessOptions options = shell("echo much");
  options.output = "/dev/full";
  EXPECT_EQ(run_process(options).error().code, ErrorCode::kNoSpace);
}

}  // namespace
}  // namespace tessera
