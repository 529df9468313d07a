// tessera separate on long recordings and on streams.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/tool.h"
#include "exit_codes.h"
#include "support/recordings.h"
#include "tessera/audio.h"

namespace tessera {
namespace {

using nlohmann::json;
using test::random_wave;

const std::string kBatchNorm = TESSERA_SOURCE_DIR "/models/convtasnet_demo_bn_8k.pth";

class CliLongRecording : public ::testing::Test {
 protected:
  std::string recording(int64_t frames, int rate = 8000) {
    const auto path = folder_ / "talk.wav";
    EXPECT_TRUE(write_audio(path, random_wave(frames, 3), rate, {.force = true}));
    return path.string();
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  Outcome separate(const std::string& model, const std::string& input, const std::string& output,
                   std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"separate", model, input, "-o", path(output), "--json"});
    return tessera_tool(more);
  }
  // In a shell, with the tool as $T and the network as $M, in the folder.
  Outcome shell(const std::string& line) {
    return run_program("sh", {"-c", "T='" TESSERA_CLI "'; M='" + kBatchNorm + "'; " + line},
                       folder_.path());
  }
  std::string voice(const std::string& name) const { return contents(folder_ / name); }

  ScratchFolder folder_;
};

TEST_F(CliLongRecording, HasTheVoicesOfTheWholeWhereTheReachIsBounded) {
  const std::string input = recording(50'003);
  for (const char* window : {"whole", "2", "30"}) {
    const Outcome outcome = separate(kBatchNorm, input, window, {"--window", window});
    ASSERT_EQ(outcome.code, 0) << outcome.out;
    const json file = json::parse(outcome.out)["files"][0];
    EXPECT_EQ(file["frames"], 50'003);
    if (std::string(window) == "2") {
      EXPECT_GT(file["stretches"], 2);
    } else {
      EXPECT_EQ(file["stretches"], 1);
    }
  }
  for (const char* name : {"talk_s1.wav", "talk_s2.wav"}) {
    const auto whole = read_audio(folder_ / "whole" / name).value().channels[0];
    const auto parts = read_audio(folder_ / "2" / name).value().channels[0];
    ASSERT_EQ(whole.size(), parts.size());
    for (size_t i = 0; i < whole.size(); ++i)
      ASSERT_NEAR(whole[i], parts[i], 1.01 / 32768) << name << " at " << i;
    EXPECT_EQ(voice(std::string("30/") + name), voice(std::string("whole/") + name));
  }
}

TEST_F(CliLongRecording, IsSaidToBeInWindowsWhereTheNetworkHearsAll) {
  const Outcome outcome = separate(kDemoModel, recording(20'000), "out", {"--window", "1"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  const json document = json::parse(outcome.out);
  ASSERT_EQ(document["warnings"].size(), 1U);
  const std::string warning = document["warnings"][0];
  EXPECT_NE(warning.find("windows of 1 s that overlap by 0.25 s"), std::string::npos) << warning;
  EXPECT_NE(warning.find("--window"), std::string::npos) << warning;
}

TEST_F(CliLongRecording, RefusesAWindowThatIsNone) {
  const std::string input = recording(8000);
  for (const char* window : {"0", "0.5", "-3", "nan", "inf", "ten", "10s"}) {
    const Outcome outcome = separate(kBatchNorm, input, "out", {"--window", window});
    EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument)) << window << outcome.out;
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out")) << window;
  }
}

TEST_F(CliLongRecording, LeavesNothingBesideItsVoices) {
  ASSERT_EQ(separate(kBatchNorm, recording(50'000), "out", {"--window", "2"}).code, 0);
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "out"))
    EXPECT_TRUE(entry.path().filename().string().starts_with("talk_s")) << entry.path();
}

TEST_F(CliLongRecording, ComesThroughAPipeAsFromItsFile) {
  recording(50'003);
  const Outcome outcome = shell(
      "$T separate $M talk.wav -o file && cat talk.wav | $T separate $M - -o pipe --window 2 && "
      "$T separate $M - -o redirected <talk.wav");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const int v : {1, 2}) {
    const std::string end = "_s" + std::to_string(v) + ".wav";
    EXPECT_EQ(voice("redirected/stdin" + end), voice("file/talk" + end));
    EXPECT_EQ(voice("pipe/stdin" + end).size(), voice("file/talk" + end).size());
  }
}

TEST_F(CliLongRecording, GoesToStandardOutputWithAChannelForEachVoice) {
  recording(12'001);
  const Outcome outcome =
      shell("$T separate $M talk.wav -o - >voices.wav && $T separate $M talk.wav -o file");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const AudioBuffer both = read_audio(folder_ / "voices.wav").value();
  ASSERT_EQ(both.channels.size(), 2U);
  EXPECT_EQ(both.channels[0], read_audio(folder_ / "file/talk_s1.wav")->channels[0]);
  EXPECT_EQ(both.channels[1], read_audio(folder_ / "file/talk_s2.wav")->channels[0]);
  EXPECT_NE(outcome.err.find("2 voices on standard output"), std::string::npos) << outcome.err;
}

TEST_F(CliLongRecording, TakesAndGivesSamplesWithoutAHeader) {
  recording(12'001);
  const Outcome outcome = shell(
      "tail -c +45 talk.wav >talk.raw && $T separate $M talk.wav -o - >voices.wav && "
      "$T separate $M - -o - --raw s16le:8000 --format raw <talk.raw >voices.raw && "
      "tail -c +45 voices.wav | cmp - voices.raw && "
      "$T separate $M talk.raw -o floats --raw s16le:8000 --format raw --subtype float");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(std::filesystem::file_size(folder_ / "floats/talk_s2.raw"), 4U * 12'001U);
}

TEST_F(CliLongRecording, RefusesSamplesThatEndInTheMiddle) {
  recording(4000);
  const Outcome refused = shell("head -c 3001 talk.wav | $T separate $M - -o out --raw s16le:8000");
  EXPECT_EQ(refused.code, exit_code(ErrorCode::kCorrupt)) << refused.err;
  EXPECT_NE(refused.err.find("ends in the middle of a sample"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("standard input"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("--allow-truncated"), std::string::npos) << refused.err;
  const Outcome taken =
      shell("head -c 3001 talk.wav | $T separate $M - -o out --raw s16le:8000 --allow-truncated");
  EXPECT_EQ(taken.code, 0) << taken.err;
}

TEST_F(CliLongRecording, RefusesDescriptionsOfSamplesThatAreNone) {
  recording(4000);
  for (const char* raw : {"s16le", "s16le:", "s16le:8k", "u8:8000", "s16le:8000:", "s16le:8000:0",
                          "s16le:8000:1:2", "s16le:0", "f32le:-8000", ":8000"}) {
    const Outcome outcome = separate(kBatchNorm, path("talk.wav"), "out", {"--raw", raw});
    EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument)) << raw << outcome.out;
    EXPECT_NE(outcome.out.find("--raw"), std::string::npos) << raw << outcome.out;
  }
}

TEST_F(CliLongRecording, RefusesStreamsThatCannotBe) {
  recording(4000);
  struct Case {
    std::string line;
    std::string text;
  };
  for (const Case& c : {Case{"$T separate $M - talk.wav -o out </dev/null", "one recording"},
                        Case{"$T separate $M talk.wav talk.wav -o -", "voices of one recording"},
                        Case{"$T separate $M . -o -", "voices of one recording"},
                        Case{"$T separate $M talk.wav -o - --json", "voices and a document"},
                        Case{"$T separate $M talk.wav -o - --skip-existing", "nothing exists"},
                        Case{"$T separate $M - -o out </dev/null", "standard input"}}) {
    const Outcome outcome = shell(c.line);
    EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument)) << c.line << outcome.err;
    EXPECT_NE((outcome.out + outcome.err).find(c.text), std::string::npos)
        << c.line << outcome.out << outcome.err;
  }
}

TEST_F(CliLongRecording, AReaderThatGoesAwayIsAnErrorAndLeavesNothing) {
  recording(400'000);
  const Outcome outcome = shell(
      "mkdir tmp && (TMPDIR=tmp $T separate $M talk.wav -o - 2>err; echo $? >code) | head -c 10 "
      ">/dev/null; "
      "cat err >&2; ls -A tmp; exit $(cat code)");
  EXPECT_NE(outcome.code, 0);
  EXPECT_EQ(outcome.out, "");
}

}  // namespace
}  // namespace tessera
