// tessera separate on good input: names, lengths, rates, what is said aloud.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/npy.h"
#include "cli/tool.h"
#include "exit_codes.h"
#include "tessera/audio.h"

namespace tessera {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

class CliSeparate : public ::testing::Test {
 protected:
  // Two tones that differ between channels.
  std::string recording(const std::string& name, int rate, int channels, int64_t frames) {
    AudioBuffer audio{rate, {}};
    for (int c = 0; c < channels; ++c) {
      std::vector<float> samples(static_cast<size_t>(frames));
      for (size_t i = 0; i < samples.size(); ++i) {
        samples[i] = 0.3F * static_cast<float>((i * static_cast<size_t>(7 + c)) % 23) / 23 - 0.15F;
      }
      audio.channels.push_back(std::move(samples));
    }
    const fs::path path = folder_ / name;
    EXPECT_TRUE(write_audio(path, audio));
    return path.string();
  }
  Outcome separate(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"separate", kDemoModel});
    arguments.insert(arguments.end(), {"-o", out()});
    return tessera_tool(arguments);
  }
  std::string out() const { return (folder_ / "out").string(); }
  AudioBuffer voice(const std::string& name) const {
    return read_audio(folder_ / "out" / name).value();
  }

  ScratchFolder folder_;
};

TEST_F(CliSeparate, WritesOneFilePerVoiceAsLongAsTheRecording) {
  const std::string input = recording("talk.wav", 8000, 1, 4003);
  const Outcome outcome = separate({input});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* name : {"talk_s1.wav", "talk_s2.wav"}) {
    EXPECT_EQ(voice(name).frames(), 4003) << name;
    EXPECT_EQ(voice(name).sample_rate, 8000) << name;
  }
}

TEST_F(CliSeparate, AnotherRateIsConvertedThereAndBackAndSaid) {
  const std::string input = recording("cd.wav", 44100, 1, 30001);
  const Outcome outcome = separate({input});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("cd.wav: resampled from 44100 to 8000 Hz"), std::string::npos);
  EXPECT_NE(outcome.err.find("cd.wav: voices brought back to 44100 Hz"), std::string::npos);
  EXPECT_EQ(voice("cd_s1.wav").frames(), 30001);
  EXPECT_EQ(voice("cd_s2.wav").sample_rate, 44100);
}

TEST_F(CliSeparate, SeveralChannelsAreMixedOnlyOnRequest) {
  const std::string input = recording("stereo.wav", 8000, 2, 3000);
  const Outcome outcome = separate({input, "--channel", "mix"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("stereo.wav: took the mean of 2 channels"), std::string::npos);
}

TEST_F(CliSeparate, AFolderMeansItsRecordings) {
  recording("b.wav", 8000, 1, 2000);
  recording("a.flac", 8000, 1, 2100);
  const Outcome outcome = separate({(folder_ / ".").string(), "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  const json files = json::parse(outcome.out).at("files");
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].at("frames"), 2100);
  EXPECT_TRUE(fs::exists(folder_ / "out/a_s2.wav"));
  EXPECT_TRUE(fs::exists(folder_ / "out/b_s1.wav"));
}

TEST_F(CliSeparate, VoicesThatWouldBeClippedAreScaledAndItIsSaid) {
  const Outcome outcome = separate({kDemoMixture, "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  const json file = json::parse(outcome.out).at("files")[0];
  EXPECT_LT(file.at("scaled_by"), 0.1);
  for (const json& output : file.at("outputs")) {
    EXPECT_EQ(output.at("clipped_samples"), 0);
    EXPECT_LT(output.at("peak"), 1.0);
  }
}

TEST_F(CliSeparate, ClippingIsReportedWhereTheScaleIsKept) {
  const Outcome outcome = separate({kDemoMixture, "--keep-scale"});
  ASSERT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.err.find("samples were clipped (peak 15."), std::string::npos) << outcome.err;
}

TEST_F(CliSeparate, FloatFilesKeepTheNetworksOwnScale) {
  ASSERT_EQ(separate({kDemoMixture, "--subtype", "float"}).code, 0);
  const AudioBuffer loud = voice("04_mix_s1.wav");
  EXPECT_GT(*std::max_element(loud.channels[0].begin(), loud.channels[0].end()), 5.0F);
}

TEST_F(CliSeparate, BackendsAgreeWhereTheUserChecks) {
  const Outcome outcome = separate({recording("talk.wav", 8000, 1, 4000), "--check", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.out;
  EXPECT_LT(json::parse(outcome.out).at("files")[0].at("max_abs_difference"), 1e-4);
}

TEST_F(CliSeparate, ExistingVoicesAreReplacedOnlyByForce) {
  const std::string input = recording("talk.wav", 8000, 1, 2000);
  ASSERT_EQ(separate({input}).code, 0);
  const std::string before = contents(folder_ / "out/talk_s1.wav");
  const Outcome refused = separate({input, "--rescale"});
  EXPECT_EQ(refused.code, exit_code(ErrorCode::kAlreadyExists));
  EXPECT_EQ(refused.err, "error: already exists\n  in: " + out() +
                             "/talk_s1.wav\n  next: give --force to overwrite it, or "
                             "--skip-existing to separate only the "
                             "others\n");
  EXPECT_EQ(contents(folder_ / "out/talk_s1.wav"), before);
  EXPECT_EQ(separate({input, "--rescale", "--force"}).code, 0);
}

const fs::path kData = fs::path(TESSERA_SOURCE_DIR) / "tests" / "data";

// The voices of `input` by a network of another file than the demo's, in full precision.
class CliSeparateFile : public CliSeparate {
 protected:
  Outcome separate_file(const fs::path& model, const fs::path& input) {
    return tessera_tool({"separate", model.string(), input.string(), "--sample-rate", "8000", "-o",
                         out(), "--subtype", "float"});
  }
  std::string wave(const NpyArray& array) {
    const fs::path path = folder_ / "mix.wav";
    EXPECT_TRUE(write_audio(path, {8000, {array.values}}, {.format = SampleFormat::kFloat}));
    return path.string();
  }
  void expect_voice(const std::string& name, const NpyArray& expected) {
    const AudioBuffer audio = voice(name);
    ASSERT_EQ(audio.channels[0].size(), expected.values.size());
    for (size_t i = 0; i < expected.values.size(); ++i)
      ASSERT_NEAR(audio.channels[0][i], expected.values[i], 1e-5) << name << " sample " << i;
  }
};

TEST_F(CliSeparateFile, OneOutputForEachVoiceIsOneFileForEachVoice) {
  const fs::path folder = kData / "field" / "separate_output_per_voice";
  const Outcome outcome = separate_file(folder / "net.onnx", folder / "mix.wav");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  expect_voice("mix_s1.wav", read_npy(folder / "s1_expected.npy").value());
  expect_voice("mix_s2.wav", read_npy(folder / "s2_expected.npy").value());
}

TEST_F(CliSeparateFile, ThreeOutputsInTheirOrderWhateverTheirDimensions) {
  const fs::path folder = kData / "onnx" / "voices";
  const std::string input = wave(read_npy(folder / "three_outputs.in.npy").value());
  const Outcome outcome = separate_file(folder / "three_outputs.onnx", input);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  expect_voice("mix_s1.wav", read_npy(folder / "three_outputs.out.npy").value());
  expect_voice("mix_s2.wav", read_npy(folder / "three_outputs.out1.npy").value());
  expect_voice("mix_s3.wav", read_npy(folder / "three_outputs.out2.npy").value());
}

TEST_F(CliSeparateFile, OutputsOfTwoLengthsAreRefused) {
  const fs::path folder = kData / "onnx" / "voices";
  const std::string model = (folder / "two_lengths.onnx").string();
  const Outcome outcome =
      separate_file(model, wave(read_npy(folder / "two_lengths.in.npy").value()));
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kInvalidArgument));
  EXPECT_NE(outcome.err.find("error: is not a separator: it does not turn one wave into waves; its "
                             "outputs 'y' and 'y1' have 160 and 150 samples\n  in: " +
                             model + "\n"),
            std::string::npos)
      << outcome.err;
}

TEST_F(CliSeparateFile, AnInputOfLengthsThatNothingReadsIsLeftOut) {
  const fs::path folder = kData / "onnx" / "voices";
  const std::string input = wave(read_npy(folder / "unread_lengths.in.npy").value());
  const Outcome outcome = separate_file(folder / "unread_lengths.onnx", input);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  NpyArray expected = read_npy(folder / "unread_lengths.out.npy").value();
  expected.values.resize(expected.values.size() / 2);
  expect_voice("mix_s1.wav", expected);
}

}  // namespace
}  // namespace tessera
