#include "tessera/metrics.h"

#include <gtest/gtest.h>

#include "support/scratch_folder.h"
#include "tessera/audio.h"

namespace tessera {
namespace {

class MixturesTest : public testing::Test {
 protected:
  void write(const std::string& name, float value, size_t samples = 100, int rate = 8000) {
    AudioBuffer audio;
    audio.sample_rate = rate;
    audio.channels = {std::vector<float>(samples, value)};
    ASSERT_TRUE(write_audio(folder_ / name, audio).has_value());
  }

  ScratchFolder folder_;
};

TEST_F(MixturesTest, EachComesWithItsSourcesInOrderOfTheNames) {
  for (const char* name : {"b", "a"}) {
    write(std::string(name) + "_mix.wav", 0.5F);
    write(std::string(name) + "_s1.wav", 0.25F);
    write(std::string(name) + "_s2.wav", -0.125F);
  }
  write("speech.wav", 0.1F);
  const auto mixtures = read_mixtures(folder_.path(), 2);
  ASSERT_TRUE(mixtures.has_value()) << mixtures.error().to_string();
  ASSERT_EQ(mixtures->size(), 2U);
  EXPECT_EQ((*mixtures)[0].name, "a");
  EXPECT_EQ((*mixtures)[0].mix, std::vector<float>(100, 0.5F));
  EXPECT_EQ((*mixtures)[1].sources[1], std::vector<float>(100, -0.125F));
}

TEST_F(MixturesTest, AreBroughtToTheRateAskedFor) {
  write("a_mix.wav", 0.5F, 1600, 16000);
  write("a_s1.wav", 0.5F, 1600, 16000);
  EXPECT_EQ(read_mixtures(folder_.path(), 1, {.sample_rate = 8000})->at(0).mix.size(), 800U);
}

TEST_F(MixturesTest, AFolderWithoutMixturesIsRefused) {
  const auto mixtures = read_mixtures(folder_.path(), 2);
  ASSERT_FALSE(mixtures.has_value());
  EXPECT_EQ(mixtures.error().to_string(),
            folder_.path().string() +
                ": holds no mixture (give a folder of NAME_mix.wav with NAME_s1.wav, NAME_s2.wav "
                "... each)");
}

TEST_F(MixturesTest, AMissingSourceIsNamed) {
  write("a_mix.wav", 0.5F);
  write("a_s1.wav", 0.5F);
  const auto mixtures = read_mixtures(folder_.path(), 2);
  ASSERT_FALSE(mixtures.has_value());
  EXPECT_EQ(mixtures.error().code, ErrorCode::kNotFound);
  EXPECT_NE(mixtures.error().to_string().find("a_s2.wav"), std::string::npos);
}

TEST_F(MixturesTest, ASourceOfAnotherLengthIsRefused) {
  write("a_mix.wav", 0.5F);
  write("a_s1.wav", 0.5F, 90);
  const auto mixtures = read_mixtures(folder_.path(), 1);
  ASSERT_FALSE(mixtures.has_value());
  EXPECT_EQ(mixtures.error().to_string(),
            (folder_ / "a_s1.wav").string() +
                ": has 90 samples, its mixture 100 (give sources as long as their mixture)");
}

}  // namespace
}  // namespace tessera
