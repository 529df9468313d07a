// tessera stream: files and pipes in and out, and how a stream may end.
#include <signal.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

#include "exit_codes.h"
#include "support/full_disk.h"
#include "tessera/audio.h"
#include "tessera/streaming.h"
#include "tool.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

const std::string kCausal = TESSERA_SOURCE_DIR "/models/convtasnet_demo_causal_8k.pth";
const std::string kWithoutRate =
    TESSERA_SOURCE_DIR "/tests/data/onnx/asteroid/causal_cln.dynamo.opset21.dyn.onnx";

class CliStream : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  // The first samples of a mixture.
  static std::vector<float> mixture(size_t samples) {
    auto audio = read_audio(kDemoMixture).value();
    audio.channels[0].resize(samples);
    return audio.channels[0];
  }
  static std::string bytes_of(const std::vector<float>& samples) {
    std::string bytes(samples.size() * sizeof(float), '\0');
    std::memcpy(bytes.data(), samples.data(), bytes.size());
    return bytes;
  }
  void write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
  }
  // A shell's command line, $TOOL being the tool.
  Outcome shell(const std::string& script) const {
    return run_program("/bin/sh", {"-c", "TOOL='" TESSERA_CLI "'; " + script}, folder_.path());
  }
  // Interleaved voices.
  static std::string separated(const std::vector<float>& samples) {
    auto stream = StreamingSession::open(kCausal).value();
    std::vector<float> voices[2];
    for (const auto& part : {stream.push(samples).value(), stream.finish().value()}) {
      const auto width = static_cast<std::ptrdiff_t>(part[0].shape.w);
      const auto begin = part[0].values.begin();
      voices[0].insert(voices[0].end(), begin, begin + width);
      voices[1].insert(voices[1].end(), begin + width, begin + 2 * width);
    }
    std::vector<float> interleaved;
    for (size_t i = 0; i < voices[0].size(); ++i) {
      interleaved.push_back(voices[0][i]);
      interleaved.push_back(voices[1][i]);
    }
    return bytes_of(interleaved);
  }

  ScratchFolder folder_;
};

TEST_F(CliStream, WritesAFilePerVoiceOfTheRecordingsLength) {
  const Outcome outcome =
      tessera_tool({"stream", kCausal, "--input", kDemoMixture, "--output", path("voices")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("voices follow their samples by 15 samples (1.9 ms) at most"),
            std::string::npos)
      << outcome.err;
  const auto mixture = read_audio(kDemoMixture).value();
  auto stream = StreamingSession::open(kCausal).value();
  auto expected = stream.push(mixture.channels[0]).value()[0];
  for (int voice = 1; voice <= 2; ++voice) {
    const auto audio = read_audio(path("voices/04_mix_s" + std::to_string(voice) + ".wav"));
    ASSERT_TRUE(audio.has_value()) << audio.error().to_string();
    EXPECT_EQ(audio->sample_rate, 8000);
    EXPECT_EQ(audio->frames(), mixture.frames());
    const auto width = static_cast<size_t>(expected.shape.w);
    for (size_t i = 0; i < width; ++i) {
      ASSERT_EQ(audio->channels[0][i], expected.values[static_cast<size_t>(voice - 1) * width + i]);
    }
  }
}

TEST_F(CliStream, PipesGiveTheSameBytesWhateverTheChunk) {
  const std::vector<float> samples = mixture(5003);
  write("in.f32", bytes_of(samples));
  const std::string expected = separated(samples);
  for (const std::string chunk : {"1", "7", "16000"}) {
    const Outcome outcome =
        shell("$TOOL stream " + kCausal + " --input - --output - --chunk " + chunk + " < in.f32");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(outcome.out == expected) << chunk << ": " << outcome.out.size() << " bytes";
  }
}

TEST_F(CliStream, TakesAndGivesSixteenBits) {
  const std::vector<float> samples = mixture(2000);
  std::string in;
  for (float sample : samples) {
    const auto value = static_cast<int16_t>(std::lrint(sample * 32768.0F));
    in.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  write("in.s16", in);
  const Outcome outcome =
      shell("$TOOL stream " + kCausal + " --input in.s16 --output - --format s16le");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string floats = separated(samples);  // the mixture's samples are of 16 bits
  ASSERT_EQ(outcome.out.size() * 2, floats.size());
  for (size_t i = 0; i < outcome.out.size() / 2; ++i) {
    int16_t value = 0;
    float exact = 0;
    std::memcpy(&value, outcome.out.data() + i * 2, 2);
    std::memcpy(&exact, floats.data() + i * 4, 4);
    // This network's voices are louder than its input: some do not fit, which is said.
    ASSERT_NEAR(value, std::clamp(exact * 32768.0F, -32768.0F, 32767.0F), 0.51F);
  }
}

TEST_F(CliStream, SixteenBitsThatClipAreToldOf) {
  const Outcome outcome = tessera_tool({"stream", kCausal, "--input", kDemoMixture, "--output",
                                        path("voices"), "--format", "s16le"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("clipped (peak "), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("--format f32le avoids it"), std::string::npos) << outcome.err;
}

TEST_F(CliStream, ASenderThatStallsIsWaitedFor) {
  const std::vector<float> samples = mixture(3000);
  write("in.f32", bytes_of(samples));
  const Outcome outcome =
      shell("(head -c 4001 in.f32; sleep 1; tail -c +4002 in.f32) | $TOOL stream " + kCausal +
            " --input - --output -");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.out == separated(samples));
}

TEST_F(CliStream, AStreamThatEndsWithinASampleIsAnErrorAndEverythingBeforeItIsKept) {
  const std::vector<float> samples = mixture(1000);
  write("in.f32", bytes_of(samples) + "abc");
  const Outcome outcome = shell("$TOOL stream " + kCausal + " --input - --output - < in.f32");
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kCorrupt));
  EXPECT_NE(outcome.err.find("error: ends within sample 1000: 3 of its 4 bytes are there\n"
                             "  in: standard input\n  next: everything before it was processed"),
            std::string::npos)
      << outcome.err;
  EXPECT_TRUE(outcome.out == separated(samples));
}

TEST_F(CliStream, ASampleThatIsNoNumberIsNamedAndEverythingBeforeItIsKept) {
  std::vector<float> samples = mixture(1000);
  const std::vector<float> before(samples.begin(), samples.begin() + 700);
  samples[700] = std::nanf("");
  write("in.f32", bytes_of(samples));
  const Outcome outcome =
      shell("$TOOL stream " + kCausal + " --input in.f32 --format f32le " + "--output voices");
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kCorrupt));
  EXPECT_NE(outcome.err.find("error: is nan, which no sound is\n  in: sample 700"),
            std::string::npos)
      << outcome.err;
  EXPECT_EQ(read_audio(path("voices/in_s1.wav")).value().frames(), 700);
}

TEST_F(CliStream, ASignalEndsTheStreamWithCompleteFiles) {
  const std::vector<float> samples = mixture(4000);
  write("in.f32", bytes_of(samples));
  const Outcome outcome =
      shell("mkfifo pipe; (cat in.f32; exec sleep 30) > pipe & writer=$!; $TOOL stream " + kCausal +
            " --input - --output voices < pipe & tool=$!; sleep 1.5; kill -INT $tool 2>/dev/null; "
            "kill -TERM $tool; wait $tool; code=$?; kill $writer; exit $code");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("stopped by a signal"), std::string::npos) << outcome.err;
  for (const std::string voice : {"voices/stream_s1.wav", "voices/stream_s2.wav"})
    EXPECT_EQ(read_audio(path(voice)).value().frames(), 4000);
  EXPECT_EQ(std::distance(fs::directory_iterator(path("voices")), fs::directory_iterator()), 2);
}

TEST_F(CliStream, AReaderThatGoesAwayEndsIt) {
  write("in.f32", bytes_of(mixture(30000)));
  const Outcome outcome =
      shell("{ $TOOL stream " + kCausal +
            " --input - --output - --chunk 100 < in.f32; echo $? > code; } | head -c 1000 > part");
  EXPECT_EQ(contents(path("code")), "0\n") << outcome.err;
  EXPECT_NE(outcome.err.find("nobody reads standard output any more"), std::string::npos)
      << outcome.err;
  EXPECT_EQ(contents(path("part")), separated(mixture(30000)).substr(0, 1000));
}

TEST_F(CliStream, AFullDiskIsAnError) {
  write("in.f32", bytes_of(mixture(2000)));
  const Outcome outcome =
      shell("$TOOL stream " + kCausal + " --input in.f32 --format f32le --output - > /dev/full");
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kNoSpace)) << outcome.err;
}

TEST_F(CliStream, AFullDiskLeavesNoPartOfAFile) {
  const fs::path disk = folder_ / "disk";
  fs::create_directory(disk);
  const auto result = on_full_disk(disk, [&] {
    const Outcome outcome =  // 64 KiB hold half of one voice
        tessera_tool({"stream", kCausal, "--input", kDemoMixture, "--output", disk.string()});
    return outcome.code == exit_code(ErrorCode::kNoSpace) && fs::is_empty(disk) &&
           outcome.err.find("the disk is full") != std::string::npos;
  });
  if (result == FullDiskOutcome::kCannotMount) GTEST_SKIP() << "mounting is not allowed here";
  EXPECT_EQ(result, FullDiskOutcome::kHeld);
}

TEST_F(CliStream, RatesThatAreUnknownOrDifferentAreRefused) {
  write("in.f32", bytes_of(mixture(2000)));
  const Outcome unknown =
      shell("$TOOL stream " + kWithoutRate + " --input in.f32 --format f32le --output voices");
  EXPECT_EQ(unknown.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_NE(unknown.err.find("neither the samples nor the network's file tell a sampling rate"),
            std::string::npos)
      << unknown.err;
  const Outcome other =
      shell("$TOOL stream " + kCausal + " --input - --rate 16000 --output - < in.f32");
  EXPECT_EQ(other.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_NE(other.err.find("is at 16000 Hz; the network takes 8000 Hz"), std::string::npos)
      << other.err;
}

TEST_F(CliStream, RefusesNetworksThatNeedTheWholeRecordingByName) {
  const Outcome outcome =
      tessera_tool({"stream", kDemoModel, "--input", kDemoMixture, "--output", path("voices")});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kUnsupported));
  EXPECT_NE(outcome.err.find("is a global norm"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("(--global-norms running)"), std::string::npos) << outcome.err;
  EXPECT_FALSE(fs::exists(path("voices")));
}

TEST_F(CliStream, RunningNormsAreWarnedOf) {
  const Outcome outcome = tessera_tool({"stream", kDemoModel, "--input", kDemoMixture, "--output",
                                        path("voices"), "--global-norms", "running"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("warning: 25 global norms with the statistics of what came so far"),
            std::string::npos)
      << outcome.err;
  EXPECT_EQ(read_audio(path("voices/04_mix_s1.wav")).value().frames(), 32000);
}

TEST_F(CliStream, VoicesThatExistAreKept) {
  write("in.f32", bytes_of(mixture(200)));
  fs::create_directory(path("voices"));
  write("voices/in_s2.wav", "mine");
  const std::string command =
      "$TOOL stream " + kCausal + " --input in.f32 --format f32le --output voices";
  EXPECT_EQ(shell(command).code, exit_code(ErrorCode::kAlreadyExists));
  EXPECT_EQ(contents(path("voices/in_s2.wav")), "mine");
  EXPECT_EQ(shell(command + " --force").code, 0);
}

TEST_F(CliStream, TheDocumentTellsOfLatencyAndOutputs) {
  const Outcome outcome = tessera_tool(
      {"stream", kCausal, "--input", kDemoMixture, "--output", path("voices"), "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("\"latency_samples\": 15"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("\"samples\": 32000"), std::string::npos);
  const Outcome both =
      tessera_tool({"stream", kCausal, "--input", kDemoMixture, "--output", "-", "--json"});
  EXPECT_EQ(both.code, exit_code(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace tessera
