#include "tessera/audio.h"

#include <gtest/gtest.h>

#include "audio/tones.h"

namespace tessera {
namespace {

using Steps = std::vector<std::string>;

AudioBuffer stereo() {
  AudioBuffer audio;
  audio.sample_rate = 44'100;
  audio.channels = {tone(441, 100, 44'100), std::vector<float>(441, 0.0F)};
  return audio;
}

ChannelPolicy policy(std::string_view text) {
  const auto parsed = parse_channel_policy(text);
  EXPECT_TRUE(parsed) << parsed.error().to_string();
  return parsed ? *parsed : ChannelPolicy{};
}

TEST(MonoInput, LeavesWhatFitsAlone) {
  AudioBuffer audio;
  audio.sample_rate = 8000;
  audio.channels = {{0.5F, 0.25F}};
  const auto input = to_mono_input(audio, 8000, {}, "a.wav");
  ASSERT_TRUE(input);
  EXPECT_EQ(input->samples, audio.channels[0]);
  EXPECT_EQ(input->steps, Steps{});
}

TEST(MonoInput, RefusesStereoUnlessTold) {
  const auto input = to_mono_input(stereo(), 44'100, {}, "a.wav");
  ASSERT_FALSE(input);
  EXPECT_EQ(input.error().to_string(),
            "a.wav: has 2 channels, the network takes one"
            " (give ChannelPolicy::Kind::kMix for their mean, or "
            "ChannelPolicy::Kind::kPick for the first)");
}

TEST(MonoInput, IdenticalChannelsAreOneAndItIsSaid) {
  for (const size_t count : {size_t{2}, size_t{6}}) {
    for (const char* name : {"refuse", "mix"}) {
      const AudioBuffer audio{8000, std::vector<std::vector<float>>(count, {0.1F, -0.3F, 0.7F})};
      const auto input = to_mono_input(audio, 8000, policy(name), "a.wav");
      ASSERT_TRUE(input) << input.error().to_string();
      EXPECT_EQ(input->samples, audio.channels[0]);
      EXPECT_EQ(input->steps,
                Steps{"took one of " + std::to_string(count) + " channels: they are identical"});
    }
  }
}

TEST(MonoInput, ChannelsThatDifferInOneSampleAreNotIdentical) {
  AudioBuffer audio{8000, {{0.1F, 0.2F, 0.3F}, {0.1F, 0.2F, 0.30001F}}};
  EXPECT_FALSE(to_mono_input(audio, 8000, {}, "a.wav"));
  audio.channels = {{0.1F, 0.2F}, {0.1F, 0.2F}, {0.1F, 0.3F}};
  EXPECT_FALSE(to_mono_input(audio, 8000, {}, "a.wav"));
}

TEST(MonoInput, AChosenChannelIsTakenAlsoOfIdenticalOnes) {
  const AudioBuffer audio{8000, {{0.1F, 0.2F}, {0.1F, 0.2F}}};
  EXPECT_EQ(to_mono_input(audio, 8000, policy("2"), "a.wav")->steps, Steps{"took channel 2 of 2"});
  EXPECT_FALSE(to_mono_input(audio, 8000, policy("3"), "a.wav"));
}

TEST(MonoInput, WhatTheFileToldComesFirst) {
  const AudioBuffer audio{8000, {{0.1F, 0.2F}}, {"is cut off"}};
  EXPECT_EQ(to_mono_input(audio, 16000, {}, "a.wav")->steps,
            (Steps{"is cut off", "resampled from 8000 to 16000 Hz (2 to 4 samples)"}));
}

TEST(MonoInput, MixesAndSaysSo) {
  const auto input = to_mono_input(stereo(), 44'100, policy("mix"), "a.wav");
  ASSERT_TRUE(input);
  EXPECT_EQ(input->samples[100], stereo().channels[0][100] / 2);
  EXPECT_EQ(input->steps, Steps{"took the mean of 2 channels"});
}

TEST(MonoInput, PicksAndSaysSo) {
  const auto input = to_mono_input(stereo(), 44'100, policy("2"), "a.wav");
  ASSERT_TRUE(input);
  EXPECT_EQ(input->samples, std::vector<float>(441, 0.0F));
  EXPECT_EQ(input->steps, Steps{"took channel 2 of 2"});
}

TEST(MonoInput, ResamplesAndSaysSo) {
  const auto input = to_mono_input(stereo(), 8000, policy("1"), "a.wav");
  ASSERT_TRUE(input);
  EXPECT_EQ(input->samples.size(), 80U);
  EXPECT_EQ(input->sample_rate, 8000);
  EXPECT_EQ(input->steps,
            (Steps{"took channel 1 of 2", "resampled from 44100 to 8000 Hz (441 to 80 samples)"}));
}

TEST(MonoInput, RefusesAChannelThatIsNotThere) {
  const auto input = to_mono_input(stereo(), 44'100, policy("3"), "a.wav");
  ASSERT_FALSE(input);
  EXPECT_EQ(input.error().to_string(), "a.wav: has no channel 3, it has 2 (count channels from 1)");
}

TEST(ChannelPolicy, RefusesOtherWords) {
  for (const char* text : {"left", "0", "-1", "1x", ""}) {
    const auto parsed = parse_channel_policy(text);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().to_string(),
              std::string("ChannelPolicy: '") + text +
                  "' is neither refuse, mix nor a channel number (count channels from 1)");
  }
}

}  // namespace
}  // namespace tessera
