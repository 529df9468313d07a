// The tool, the library and the example give the same voices, sample by sample.
#include <gtest/gtest.h>

#include "cli/tool.h"
#include "support/recordings.h"
#include "tessera/separator.h"

namespace tessera {
namespace {

class SeparateByLibrary : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string recording(const AudioBuffer& audio) {
    EXPECT_TRUE(write_audio(path("mix.wav"), audio, {.force = true}).has_value());
    return path("mix.wav");
  }
  std::string package() {
    const Outcome built =
        tessera_tool({"build", kDemoModel, "--length", "4000", "-o", path("net.tess")});
    EXPECT_EQ(built.code, 0) << built.err;
    return path("net.tess");
  }
  void separate_by_tool(const std::string& model, std::vector<std::string> more = {}) {
    std::vector<std::string> words{"separate", model,        path("mix.wav"),
                                   "-o",       path("tool"), "--force"};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome outcome = tessera_tool(words);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }
  std::string by_tool(int voice) const {
    return contents(path("tool/mix_s" + std::to_string(voice) + ".wav"));
  }
  std::string by_library(int voice) const {
    return contents(path("library/voice_" + std::to_string(voice) + ".wav"));
  }
  void expect_the_same(const std::string& model, SeparatorOptions options = {},
                       const std::vector<std::string>& words = {}, AudioWriteOptions writing = {}) {
    separate_by_tool(model, words);
    Separator separator = Separator::open(model, std::move(options)).value();
    const AudioBuffer audio = read_audio(path("mix.wav")).value();
    const Separation separation = separator.separate(audio, "mix.wav").value();
    writing.force = true;
    ASSERT_TRUE(write_voices(folder_ / "library", separation, writing).has_value());
    for (const int voice : {1, 2}) {
      EXPECT_GT(by_tool(voice).size(), 44U);
      EXPECT_EQ(by_tool(voice), by_library(voice)) << model << " voice " << voice;
    }
  }

  ScratchFolder folder_;
};

TEST_F(SeparateByLibrary, AModelAndAPackageAtEveryRate) {
  const std::string packaged = package();
  for (const int rate : {8000, 16000, 44100}) {
    recording(test::sawtooth(rate, rate / 2 + 3));
    expect_the_same(kDemoModel);
    expect_the_same(packaged);
  }
}

TEST_F(SeparateByLibrary, ChannelsAndLevels) {
  recording(test::sawtooth(16000, 5001, 2));
  expect_the_same(kDemoModel, {.channels = {ChannelPolicy::Kind::kMix}}, {"--channel", "mix"});
  expect_the_same(kDemoModel, {.channels = {ChannelPolicy::Kind::kPick, 2}}, {"--channel", "2"});
  recording(read_audio(kDemoMixture).value());
  expect_the_same(kDemoModel);
  expect_the_same(kDemoModel, {.level = VoiceLevel::mixture}, {"--rescale"});
  expect_the_same(kDemoModel, {.level = VoiceLevel::network}, {"--keep-scale"});
  expect_the_same(kDemoModel, {.level = VoiceLevel::network}, {"--subtype", "float"},
                  {.format = SampleFormat::kFloat});
}

TEST_F(SeparateByLibrary, ShortRecordings) {
  recording(test::sawtooth(8000, 16));
  expect_the_same(kDemoModel);
}

TEST_F(SeparateByLibrary, TheExampleWritesWhatTheToolWrites) {
  recording(test::sawtooth(44100, 30001));
  for (const std::string& model : {kDemoModel, package()}) {
    std::filesystem::remove_all(path("library"));
    const Outcome outcome = run_program(TESSERA_EXAMPLE, {model, path("mix.wav"), path("library")});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    separate_by_tool(model);
    for (const int voice : {1, 2}) EXPECT_EQ(by_tool(voice), by_library(voice)) << model;
  }
}

TEST_F(SeparateByLibrary, TheExampleTellsErrors) {
  EXPECT_EQ(run_program(TESSERA_EXAMPLE, {kDemoModel}).code, 2);
  const Outcome outcome = run_program(TESSERA_EXAMPLE, {kDemoModel, "nowhere.wav", path("out")});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(outcome.err.starts_with("error: nowhere.wav: ")) << outcome.err;
}

}  // namespace
}  // namespace tessera
