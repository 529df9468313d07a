// Voices into files: all of them or none.
#include <gtest/gtest.h>

#include <filesystem>

#include "support/scratch_folder.h"
#include "tessera/separator.h"

namespace tessera {
namespace {

Separation two_voices() {
  Separation separation;
  separation.sample_rate = 8000;
  separation.voices = {{0.5F, -0.25F}, {0.125F, 0.75F}};
  return separation;
}

TEST(WriteVoices, NumbersTheFilesAndMakesTheFolder) {
  const ScratchFolder folder;
  const auto reports =
      write_voices(folder / "deep/voices", two_voices(), {.format = SampleFormat::kFloat});
  ASSERT_TRUE(reports.has_value()) << reports.error().to_string();
  ASSERT_EQ(reports->size(), 2U);
  EXPECT_EQ((*reports)[1].frames, 2);
  EXPECT_EQ((*reports)[1].peak, 0.75F);
  for (const int voice : {1, 2}) {
    const AudioBuffer audio =
        read_audio(folder / "deep/voices/voice_" += std::to_string(voice) + ".wav").value();
    EXPECT_EQ(audio.sample_rate, 8000);
    EXPECT_EQ(audio.channels[0], two_voices().voices[static_cast<size_t>(voice) - 1]);
  }
}

TEST(WriteVoices, WritesNoneWhereOneIsInTheWay) {
  const ScratchFolder folder;
  ASSERT_TRUE(write_audio(folder / "voice_2.wav", {8000, {{0.5F}}}).has_value());
  EXPECT_EQ(write_voices(folder.path(), two_voices()).error().code, ErrorCode::kAlreadyExists);
  EXPECT_FALSE(std::filesystem::exists(folder / "voice_1.wav"));
  EXPECT_EQ(folder.count(), 1);
  EXPECT_TRUE(write_voices(folder.path(), two_voices(), {.force = true}).has_value());
}

}  // namespace
}  // namespace tessera
