#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "audio/tones.h"
#include "support/full_disk.h"
#include "support/scratch_folder.h"
#include "tessera/audio.h"
#include "tessera/file.h"

namespace tessera {
namespace {

using Values = std::vector<float>;

Values read_back(const std::filesystem::path& path) {
  const auto audio = read_audio(path);
  EXPECT_TRUE(audio) << audio.error().to_string();
  return audio ? audio->channels.at(0) : Values{};
}

struct RoundTrip {
  const char* name;
  SampleFormat format;
  int bits;
};

class AudioWriterRoundTrip : public testing::TestWithParam<RoundTrip> {};

TEST_P(AudioWriterRoundTrip, StaysWithinHalfAStep) {
  const ScratchFolder folder;
  const Values samples = tone(40'000, 440, 8000, 0.9);
  const auto report =
      write_audio(folder / GetParam().name, samples, 8000, {.format = GetParam().format});
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->frames, 40'000);
  EXPECT_EQ(report->clipped_samples, 0);
  EXPECT_NEAR(report->peak, 0.9F, 1e-3F);
  const Values back = read_back(folder / GetParam().name);
  ASSERT_EQ(back.size(), samples.size());
  const float tolerance = GetParam().bits == 0 ? 0.0F : std::ldexp(0.5F, 1 - GetParam().bits);
  for (size_t i = 0; i < samples.size(); ++i) {
    ASSERT_LE(std::fabs(back[i] - samples[i]), tolerance) << "sample " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, AudioWriterRoundTrip,
                         testing::Values(RoundTrip{"a.wav", SampleFormat::kDefault, 16},
                                         RoundTrip{"a.WAV", SampleFormat::kPcm24, 24},
                                         RoundTrip{"a.wav", SampleFormat::kPcm32, 32},
                                         RoundTrip{"a.wav", SampleFormat::kFloat, 0},
                                         RoundTrip{"a.flac", SampleFormat::kDefault, 16},
                                         RoundTrip{"a.flac", SampleFormat::kPcm24, 24}));

TEST(AudioWriter, SixteenBitFilesRoundTripExactly) {
  const ScratchFolder folder;
  Values samples;
  for (int code = -32768; code < 32768; ++code) {
    samples.push_back(static_cast<float>(code) / 32768.0F);
  }
  ASSERT_TRUE(write_audio(folder / "a.wav", samples, 8000));
  EXPECT_EQ(read_back(folder / "a.wav"), samples);
}

TEST(AudioWriter, OggKeepsLengthAndNearlyTheSignal) {
  const ScratchFolder folder;
  const Values samples = tone(12'345, 440, 8000);
  ASSERT_TRUE(write_audio(folder / "a.ogg", samples, 8000));
  const Values back = read_back(folder / "a.ogg");
  ASSERT_EQ(back.size(), samples.size());
  double error = 0.0;
  double power = 0.0;
  for (size_t i = 0; i < samples.size(); ++i) {
    error += std::pow(back[i] - samples[i], 2);
    power += std::pow(samples[i], 2);
  }
  EXPECT_LT(error, 1e-3 * power);
}

TEST(AudioWriter, WritesChannels) {
  const ScratchFolder folder;
  AudioBuffer audio;
  audio.sample_rate = 44'100;
  audio.channels = {{0.5F, 0.25F}, {-0.5F, -0.25F}};
  ASSERT_TRUE(write_audio(folder / "a.flac", audio));
  const auto back = read_audio(folder / "a.flac");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->channels, audio.channels);
  EXPECT_EQ(back->sample_rate, 44'100);
}

TEST(AudioWriter, CountsAndCutsClippedSamples) {
  const ScratchFolder folder;
  const Values samples = {0.5F, 1.0F, 1.5F, -1.0F, -3.0F};
  const auto report = write_audio(folder / "a.wav", samples, 8000);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->clipped_samples, 2);
  EXPECT_EQ(report->peak, 3.0F);
  const float top = 32767.0F / 32768.0F;
  EXPECT_EQ(read_back(folder / "a.wav"), (Values{0.5F, top, top, -1, -1}));
}

TEST(AudioWriter, FloatDoesNotClip) {
  const ScratchFolder folder;
  const Values samples = {1.5F, -3.0F};
  const auto report =
      write_audio(folder / "a.wav", samples, 8000, {.format = SampleFormat::kFloat});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->clipped_samples, 0);
  EXPECT_EQ(read_back(folder / "a.wav"), samples);
}

TEST(AudioWriter, SameSamplesMakeTheSameBytes) {
  const ScratchFolder folder;
  for (const char* extension : {".wav", ".flac"}) {
    const auto first = folder / (std::string("1") + extension);
    const auto second = folder / (std::string("2") + extension);
    const Values samples = tone(5000, 300, 8000);
    ASSERT_TRUE(write_audio(first, samples, 8000));
    ASSERT_TRUE(write_audio(second, samples, 8000));
    EXPECT_EQ(*read_file(first, 1 << 20), *read_file(second, 1 << 20));
  }
}

TEST(AudioWriter, BlocksMakeTheSameFileAsTheWhole) {
  const ScratchFolder folder;
  const Values samples = tone(50'000, 300, 8000);
  ASSERT_TRUE(write_audio(folder / "whole.wav", samples, 8000));
  auto writer = AudioWriter::create(folder / "blocks.wav", 8000, 1);
  ASSERT_TRUE(writer);
  const std::span<const float> all(samples);
  for (size_t begin = 0; begin < samples.size(); begin += 7777) {
    const auto block = all.subspan(begin, std::min<size_t>(7777, samples.size() - begin));
    ASSERT_TRUE(writer->write(std::span(&block, 1)));
  }
  ASSERT_TRUE(writer->finish());
  EXPECT_EQ(*read_file(folder / "whole.wav", 1 << 20), *read_file(folder / "blocks.wav", 1 << 20));
}

TEST(AudioWriter, LeavesNothingBehindWithoutFinish) {
  const ScratchFolder folder;
  {
    auto writer = AudioWriter::create(folder / "a.wav", 8000, 1);
    ASSERT_TRUE(writer);
    const Values samples = tone(5000, 300, 8000);
    const std::span<const float> all(samples);
    ASSERT_TRUE(writer->write(std::span(&all, 1)));
  }
  EXPECT_EQ(folder.count(), 0);
}

TEST(AudioWriter, DoesNotOverwriteUnlessForced) {
  const ScratchFolder folder;
  const Values samples = {0.5F};
  ASSERT_TRUE(write_audio(folder / "a.wav", samples, 8000));
  const auto again = write_audio(folder / "a.wav", samples, 8000);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().to_string(),
            (folder / "a.wav").string() +
                ": already exists (give WriteOptions::force to overwrite it, or another name)");
  EXPECT_TRUE(write_audio(folder / "a.wav", samples, 8000, {.force = true}));
}

std::string refusal(const std::filesystem::path& path, const Values& samples, int rate,
                    SampleFormat format = SampleFormat::kDefault) {
  const auto report = write_audio(path, samples, rate, {.format = format});
  return report ? "accepted" : report.error().to_string();
}

TEST(AudioWriterRefuses, UnknownExtensions) {
  EXPECT_EQ(refusal("a.mp3", {0}, 8000),
            "a.mp3: '.mp3' names no audio format that is written (use .wav, .flac, .ogg or .raw)");
  EXPECT_EQ(refusal("a", {0}, 8000),
            "a: '' names no audio format that is written (use .wav, .flac, .ogg or .raw)");
}

TEST(AudioWriterRefuses, FormatsTheContainerCannotHold) {
  EXPECT_EQ(refusal("a.flac", {0}, 8000, SampleFormat::kFloat),
            "a.flac: .flac files cannot hold float samples (choose from: pcm16, pcm24)");
}

TEST(AudioWriterRefuses, RatesTheContainerCannotHold) {
  const ScratchFolder folder;
  const std::string text = refusal(folder / "a.flac", {0}, 10'000'000);
  EXPECT_NE(text.find("a.flac: cannot hold 1 channels at 10000000 Hz"), std::string::npos) << text;
  EXPECT_EQ(folder.count(), 0);
}

TEST(AudioWriterRefuses, NanSamplesAndLeavesNothingBehind) {
  const ScratchFolder folder;
  const Values samples = {0.0F, std::numeric_limits<float>::quiet_NaN()};
  EXPECT_EQ(refusal(folder / "a.wav", samples, 8000),
            (folder / "a.wav").string() +
                ": sample 1 of channel 1 to be written is NaN or infinite"
                " (check the model's weights and its input)");
  EXPECT_EQ(folder.count(), 0);
}

TEST(AudioWriterRefuses, AFullDiskAndLeavesNothingBehind) {
  const ScratchFolder folder;
  for (const char* name : {"a.wav", "a.flac", "a.ogg"}) {
    const auto outcome = on_full_disk(folder.path(), [&] {
      Values noise(400'000);
      uint32_t state = 1;
      for (float& sample : noise) {
        state = state * 1664525U + 1013904223U;
        sample = static_cast<float>(state >> 8) / static_cast<float>(1 << 24) - 0.5F;
      }
      return refusal(folder / name, noise, 8000) ==
                 (folder / name).string() +
                     ": cannot write: the disk is full"
                     " (free some space or write to another disk)" &&
             folder.count() == 0;
    });
    if (outcome == FullDiskOutcome::kCannotMount) GTEST_SKIP() << "no right to mount a tmpfs";
    EXPECT_EQ(outcome, FullDiskOutcome::kHeld) << name;
  }
}

}  // namespace
}  // namespace tessera
