// Signals and pipes: a command that is stopped says so in one way and leaves nothing half-written;
// none waits for what never comes.
#include <signal.h>
#include <sys/stat.h>

#include <chrono>

#include <gtest/gtest.h>

#include "exit_codes.h"
#include "tessera/audio.h"
#include "tool.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

const std::string kSmall = TESSERA_SOURCE_DIR "/tests/data/asteroid/gln_sigmoid.pth";
constexpr int kStopped = exit_code(ErrorCode::kCancelled);

class CliInterrupt : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  struct Stopped {
    int code = -1;  // 128 + signal where it ended by one
    std::string err;
  };

  // Sends `signal` after a while. `ignored`: the tool starts with the signal ignored.
  Stopped stop(std::vector<std::string> arguments, milliseconds after, int signal = SIGINT,
               bool ignored = false) const {
    const std::string err_path = path("err");
    const pid_t child = ::fork();
    if (child == 0) {
      ::signal(signal, ignored ? SIG_IGN : SIG_DFL);
      ::alarm(kToolDeadline_s);
      const int err = ::open(err_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
      const int null = ::open("/dev/null", O_RDWR);
      ::dup2(null, 0);
      ::dup2(null, 1);
      ::dup2(err, 2);
      std::vector<char*> words{const_cast<char*>(TESSERA_CLI)};
      for (std::string& argument : arguments) words.push_back(argument.data());
      words.push_back(nullptr);
      ::execv(TESSERA_CLI, words.data());
      ::_exit(127);
    }
    ::usleep(static_cast<useconds_t>(after.count() * 1000));
    ::kill(child, signal);
    int status = 0;
    ::waitpid(child, &status, 0);
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return {code, contents(err_path)};
  }

  std::vector<std::string> unfinished() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path())) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with(".tessera-")) names.push_back(name);
    }
    return names;
  }

  ScratchFolder folder_;
};

TEST_F(CliInterrupt, ASeparationThatIsStoppedSaysSoAndLeavesNoFile) {
  // A minute of audio, which plain loops take many seconds for.
  AudioBuffer audio = read_audio(kDemoMixture).value();
  const std::vector<float> four_seconds = audio.channels[0];
  for (int i = 1; i < 15; ++i) {
    audio.channels[0].insert(audio.channels[0].end(), four_seconds.begin(), four_seconds.end());
  }
  ASSERT_TRUE(write_audio(path("minute.wav"), audio).has_value());
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const Stopped stopped = stop({"separate", kDemoModel, path("minute.wav"), "-o", path("voices"),
                                  "--backend", "reference", "--threads", "1"},
                                 milliseconds(1000), signal);
    EXPECT_EQ(stopped.code, kStopped);
    EXPECT_NE(stopped.err.find("error: stopped by SIG"), std::string::npos) << stopped.err;
    EXPECT_NE(stopped.err.find("next: "), std::string::npos) << stopped.err;
    EXPECT_TRUE(!fs::exists(path("voices")) || fs::is_empty(path("voices")));
  }
}

TEST_F(CliInterrupt, WheneverItComesNothingUnfinishedIsLeft) {
  const std::vector<std::vector<std::string>> commands{
      {"separate", kDemoModel, kDemoMixture, "-o", path("voices"), "--force"},
      {"build", kSmall, "--length", "8000", "-o", path("m.tess"), "--force"},
      {"export", kDemoModel, "-o", path("m.onnx"), "--force"},
      {"calibrate", kSmall, "--calib", kDemoMixture, "-o", path("c.npz"), "--force"},
      {"inspect", kSmall, "--graph", path("g.svg"), "--force"},
  };
  for (const auto& command : commands) {
    for (int after = 5; after < 400; after += 45) {
      const Stopped stopped = stop(command, milliseconds(after));
      EXPECT_TRUE(stopped.code == 0 || stopped.code == kStopped || stopped.code == 128 + SIGINT)
          << command[0] << " after " << after << " ms: " << stopped.code << " " << stopped.err;
      EXPECT_EQ(unfinished(), std::vector<std::string>{}) << command[0] << " after " << after;
    }
  }
}

TEST_F(CliInterrupt, ASignalThatIsIgnoredStaysIgnored) {
  const Stopped stopped = stop({"separate", kDemoModel, kDemoMixture, "-o", path("voices")},
                               milliseconds(60), SIGINT, true);
  EXPECT_EQ(stopped.code, 0) << stopped.err;
  EXPECT_FALSE(fs::is_empty(path("voices")));
}

TEST_F(CliInterrupt, APipeIntoWhichNobodyWritesIsNotWaitedFor) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const Outcome outcome = tessera_tool({"inspect", path("pipe")});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kIo));
  EXPECT_EQ(outcome.err, "error: is a pipe into which nobody writes\n  in: " + path("pipe") +
                             "\n  next: start what writes into it first, or name a file\n");
}

TEST_F(CliInterrupt, APipeWhoseWriterIsSlowIsReadToItsEnd) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const std::string script = "(sleep 0.3; head -c 1000 " + kSmall + "; sleep 3; tail -c +1001 " +
                             kSmall + ") > " + path("pipe") + " & exec " + TESSERA_CLI +
                             " inspect " + path("pipe") + " --length 2003";
  const Outcome outcome = run_program("/bin/sh", {"-c", script});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

}  // namespace
}  // namespace tessera
