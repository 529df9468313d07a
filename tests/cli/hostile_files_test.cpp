// Names, folders and disks that stand in the way: nothing is lost, nothing is left half written.
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/npy.h"
#include "cli/tool.h"
#include "exit_codes.h"
#include "support/full_disk.h"
#include "tessera/compiler/export.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

const std::string kSmall = TESSERA_SOURCE_DIR "/tests/data/asteroid/gln_sigmoid.pth";

class CliHostileFiles : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string copy(const std::string& from, const std::string& name) const {
    fs::copy_file(from, path(name), fs::copy_options::overwrite_existing);
    return path(name);
  }
  static void expect_error(const Outcome& outcome, ErrorCode code, const std::string& text) {
    EXPECT_EQ(outcome.code, exit_code(code));
    EXPECT_EQ(outcome.err, text);
  }
  std::string package(std::vector<std::string> more = {}) const {
    std::vector<std::string> words{"build", kSmall, "--length", "2003", "-o", path("m.tess")};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome built = tessera_tool(words);
    EXPECT_EQ(built.code, 0) << built.err;
    return path("m.tess");
  }
  // A file that exists on the full disk of `command` stays, and none is added.
  void expect_full_disk(std::vector<std::string> command) {
    const fs::path disk = folder_ / "disk";
    fs::create_directory(disk);
    std::string said;
    const auto result = on_full_disk(disk, [&] {
      std::ofstream(disk / "filler") << std::string(48 << 10, 'x');
      std::ofstream(disk / "kept") << "kept";
      const Outcome outcome = tessera_tool(command);
      int files = 0;
      for (const auto& entry : fs::recursive_directory_iterator(disk))
        files += entry.is_regular_file() ? 1 : 0;
      const bool held =
          outcome.code == exit_code(ErrorCode::kNoSpace) && files == 2 &&
          contents(disk / "kept") == "kept" &&
          outcome.err.starts_with("error: cannot write: the disk is full\n  in: " + disk.string() +
                                  "/") &&
          outcome.err.ends_with("\n  next: free some space or write to another disk\n");
      if (!held) std::fprintf(stderr, "%d files, %s", files, outcome.err.c_str());
      return held;
    });
    if (result == FullDiskOutcome::kCannotMount) GTEST_SKIP() << "mounting is not allowed here";
    EXPECT_EQ(result, FullDiskOutcome::kHeld);
  }

  ScratchFolder folder_;
};

TEST_F(CliHostileFiles, WhatACommandReadsIsNeverReplacedEvenByForce) {
  const std::string model = copy(kSmall, "net.pth");
  const std::string recording = copy(kDemoMixture, "mix.wav");
  const std::string mine = model, yours = recording;
  const std::vector<std::vector<std::string>> commands{
      {"build", mine, "-o", mine},
      {"export", mine, "-o", mine},
      {"rewrite", mine, "-o", mine},
      {"inspect", mine, "--graph", mine},
      {"plan", mine, "--svg", mine},
      {"compare", kSmall, mine, "--svg", mine},
      {"calibrate", kSmall, "--calib", yours, "-o", path("c.npz"), "--stats", yours},
      {"tune", "norms", kSmall, "--calib", yours, "--svg", yours},
      {"rewrite", kSmall, "--signal", yours, "-o", yours},
      {"score", "--estimate", yours, "--reference", yours, "--picture", yours},
  };
  for (std::vector<std::string> command : commands) {
    const std::string output = command.back();
    command.emplace_back("--force");
    SCOPED_TRACE(command[0]);
    expect_error(tessera_tool(command), ErrorCode::kInvalidArgument,
                 "error: is also read by this command, and would be replaced\n  in: " + output +
                     "\n  next: name another file to write\n");
  }
  EXPECT_EQ(contents(model), contents(kSmall));
  EXPECT_EQ(contents(recording), contents(kDemoMixture));
}

TEST_F(CliHostileFiles, ALinkToAnInputIsThatInput) {
  const std::string model = copy(kSmall, "net.pth");
  fs::create_symlink("net.pth", path("link"));
  expect_error(tessera_tool({"export", model, "-o", path("link"), "--force"}),
               ErrorCode::kInvalidArgument,
               "error: is also read by this command, and would be replaced\n  in: " + path("link") +
                   "\n  next: name another file to write\n");
}

TEST_F(CliHostileFiles, AVoiceThatWouldReplaceARecordingIsRefused) {
  copy(kDemoMixture, "a.wav");
  copy(kDemoMixture, "a_s1.wav");
  expect_error(
      tessera_tool({"separate", kDemoModel, folder_.path().string(), "-o", path("."), "--force"}),
      ErrorCode::kInvalidArgument,
      "error: is also read by this command, and would be replaced\n  in: " + path("./a_s1.wav") +
          "\n  next: name another file to write\n");
  EXPECT_EQ(folder_.count(), 2);
}

TEST_F(CliHostileFiles, TwoOutputsOfOneNameAreRefused) {
  expect_error(tessera_tool({"calibrate", kSmall, "--calib", kDemoMixture, "-o", path("c.npz"),
                             "--stats", path("./c.npz")}),
               ErrorCode::kInvalidArgument,
               "error: would be written twice\n  in: " + path("./c.npz") +
                   "\n  next: give every output a file of its own\n");
  EXPECT_EQ(folder_.count(), 0);
}

TEST_F(CliHostileFiles, AnOutputInTheWayIsSeenBeforeThePlan) {
  std::ofstream(path("old.svg")) << "old";
  expect_error(tessera_tool({"plan", kSmall, "--svg", path("old.svg")}), ErrorCode::kAlreadyExists,
               "error: already exists\n  in: " + path("old.svg") +
                   "\n  next: give --force to overwrite it, or another name\n");
}

TEST_F(CliHostileFiles, AFullDiskTakesAllOfAPackageOrNothing) {
  expect_full_disk({"package", "extract", package(), "-o", path("disk"), "--force"});
}

TEST_F(CliHostileFiles, AFullDiskTakesAllIntegerPiecesOrNone) {
  const std::string quantised =
      package({"--quantize", "int8", "--calib", kDemoMixture, "--calib-windows", "1"});
  expect_full_disk({"export", quantised, "--integers", "qdq", "-o", path("disk/pieces")});
}

TEST_F(CliHostileFiles, AFullDiskTakesWindowsAndStatisticsOrNeither) {
  expect_full_disk({"calibrate", kSmall, "--calib", kDemoMixture, "--windows", "4", "-o",
                    path("disk/c.npz"), "--stats", path("disk/s.json")});
  EXPECT_FALSE(fs::exists(path("disk/c.npz")));
}

TEST_F(CliHostileFiles, AFullDiskTakesAllOutputsOfARunOrNone) {
  Graph graph;
  GraphEditor editor(graph, "test");
  const NodeId x = editor.add(Input{Shape{1, 1, 2500}}, {}, "x").value();
  const NodeId a = editor.add(Unary{.kind = UnaryKind::relu}, {x}, "a").value();
  const NodeId b = editor.add(Unary{.kind = UnaryKind::tanh}, {x}, "b").value();
  editor.add_output("a", a);
  editor.add_output("b", b);
  ASSERT_TRUE(export_onnx(graph, path("net.onnx")).has_value());
  ASSERT_TRUE(
      write_npy(path("x.npy"), std::vector<int64_t>{1, 1, 2500}, std::vector<float>(2500, 0.5F))
          .has_value());
  const auto outputs_in = [&](const std::string& folder) {
    return std::vector<std::string>{"run",      path("net.onnx"),
                                    "--input",  path("x.npy"),
                                    "--output", "a=" + path(folder + "a.npy"),
                                    "--output", "b=" + path(folder + "b.npy")};
  };
  EXPECT_EQ(tessera_tool(outputs_in("")).code, 0);
  EXPECT_TRUE(fs::exists(path("a.npy")) && fs::exists(path("b.npy")));
  expect_full_disk(outputs_in("disk/"));  // which has room for one of them
}

TEST_F(CliHostileFiles, OneIntegerFileIsWrittenIntoTheWorkingFolder) {
  const std::string quantised =
      package({"--quantize", "int8", "--calib", kDemoMixture, "--calib-windows", "1"});
  const Outcome outcome =
      tessera_tool({"export", quantised, "--integers", "qdq", "-o", "n.onnx"}, folder_.path());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(fs::exists(path("n.onnx")));
}

TEST_F(CliHostileFiles, ANameThatTerminalsObeyIsShownEscapedOnOneLine) {
  expect_error(tessera_tool({"inspect", "a\nb\xff\xc2\x9b\x33\x31m\xc3\xbc.pth"}),
               ErrorCode::kNotFound,
               "error: no such file or directory\n"
               "  in: a\\x0ab\\xff\\xc2\\x9b31m\xc3\xbc.pth\n"
               "  next: check the path\n");
}

TEST_F(CliHostileFiles, StatisticsOfANetworkWhoseNameIsNoUtf8AreJson) {
  const std::string model = copy(kSmall, "n\xff.pth");
  const Outcome outcome = tessera_tool({"calibrate", model, "--calib", kDemoMixture, "--windows",
                                        "1", "-o", path("c.npz"), "--stats", path("s.json")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto statistics = nlohmann::json::parse(contents(path("s.json")));
  EXPECT_EQ(statistics["model"], path("n\xef\xbf\xbd.pth"));
}

TEST_F(CliHostileFiles, AFolderWithoutRecordingsCalibratesNothing) {
  fs::create_directory(path("empty"));
  expect_error(tessera_tool({"calibrate", kSmall, "--calib", path("empty"), "-o", path("c.npz")}),
               ErrorCode::kNotFound,
               "error: the folder holds no recordings\n  in: " + path("empty") +
                   "\n  next: name the recordings themselves, or a folder of wav, flac, mp3, ... "
                   "files\n");
}

TEST_F(CliHostileFiles, ANetworkMayComeThroughAPipe) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  std::thread writer([&] {
    sigset_t pipe_signal;
    ::sigemptyset(&pipe_signal);
    ::sigaddset(&pipe_signal, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);
    std::ofstream(path("pipe"), std::ios::binary) << contents(kSmall);
  });
  const Outcome outcome = tessera_tool({"inspect", path("pipe"), "--length", "2003"});
  // Lets a writer go that the tool has not read from, so that the test fails instead of waiting.
  ::close(::open(path("pipe").c_str(), O_RDONLY | O_NONBLOCK));
  writer.join();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

TEST_F(CliHostileFiles, WhatIsReadTwiceMayNot) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  expect_error(tessera_tool({"bisect", path("pipe"), package(), "--input", kDemoMixture, "-o",
                             path("found")}),
               ErrorCode::kUnsupported,
               "error: is a pipe, which gives its bytes only once\n  in: " + path("pipe") +
                   "\n  next: save it to a file first\n");
}

TEST_F(CliHostileFiles, APipeInPlaceOfAFolderOrItsStateIsRefusedAtOnce) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const auto bisect_into = [&](const std::string& folder) {
    return tessera_tool(
        {"bisect", kSmall, path("m.tess"), "--input", kDemoMixture, "-o", path(folder)});
  };
  package();
  expect_error(
      bisect_into("pipe"), ErrorCode::kInvalidArgument,
      "error: is a file, not a folder\n  in: " + path("pipe") + "\n  next: name a folder\n");
  fs::create_directory(path("found"));
  ASSERT_EQ(::mkfifo(path("found/state.json").c_str(), 0600), 0);
  expect_error(bisect_into("found"), ErrorCode::kInvalidArgument,
               "error: is a device or pipe and cannot be replaced by a file\n  in: " +
                   path("found/state.json") + "\n  next: name a regular file\n");
}

TEST_F(CliHostileFiles, ACaseShorterThanTheNetworkNamesTheNetwork) {
  expect_error(tessera_tool({"verify", kDemoModel, "--part", "chain", "--length", "1"}),
               ErrorCode::kInvalidArgument,
               "error: an input of 1 sample is shorter than the 16 the network needs (encoder "
               "kernel 16)\n  in: " +
                   kDemoModel + "\n  next: give at least 16 samples\n");
}

}  // namespace
}  // namespace tessera
