// Recordings that are longer than the window: the same voices by chunks, one order by windows, and
// files block by block.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "support/full_disk.h"
#include "support/recordings.h"
#include "support/scratch_folder.h"
#include "tessera/build.h"
#include "tessera/file.h"
#include "tessera/metrics.h"
#include "tessera/separator.h"

namespace tessera {
namespace {

using test::kDemoNetwork;
using test::random_wave;

const std::string kModels = TESSERA_SOURCE_DIR "/models/";
const std::string kNetworks = TESSERA_SOURCE_DIR "/tests/data/asteroid/";
const std::string kBatchNorm = kModels + "convtasnet_demo_bn_8k.pth";

Separator open(const std::string& path, SeparatorOptions options) {
  auto separator = Separator::open(path, std::move(options));
  EXPECT_TRUE(separator.has_value()) << separator.error().to_string();
  return std::move(separator).value();
}

Separation separate(const std::string& path, const AudioBuffer& recording,
                    SeparatorOptions options) {
  Separator separator = open(path, std::move(options));
  auto separation = separator.separate(recording, "mix.wav");
  EXPECT_TRUE(separation.has_value()) << separation.error().to_string();
  return std::move(separation).value();
}

AudioBuffer noise(int rate, int64_t frames) {
  return {rate, {random_wave(frames, 11)}};
}

// The largest difference over the largest peak.
double relative_difference(const Separation& a, const Separation& b) {
  double difference = 0;
  double peak = 0;
  EXPECT_EQ(a.voices.size(), b.voices.size());
  for (size_t v = 0; v < a.voices.size(); ++v) {
    EXPECT_EQ(a.voices[v].size(), b.voices[v].size());
    for (size_t i = 0; i < a.voices[v].size(); ++i) {
      difference = std::max(difference, std::abs(static_cast<double>(a.voices[v][i]) -
                                                 static_cast<double>(b.voices[v][i])));
      peak = std::max(peak, std::abs(static_cast<double>(b.voices[v][i])));
    }
  }
  return difference / peak;
}

std::string warnings(const Separation& separation) {
  std::string text;
  for (const Note& note : separation.notes)
    if (note.severity == NoteSeverity::warning) text += note.text + '\n';
  return text;
}

TEST(LongRecording, OfANetworkWithABoundedReachHasTheVoicesOfTheWhole) {
  for (const std::string& path : {kBatchNorm, kModels + "convtasnet_demo_causal_8k.pth",
                                  kNetworks + "bn_k5.pth", kNetworks + "causal_cln.pth"}) {
    for (const int64_t frames : {50'000, 50'003, 64'001}) {
      const AudioBuffer recording = noise(8000, frames);
      const Separation whole =
          separate(path, recording, {.sample_rate = 8000, .window_seconds = 0});
      const Separation parts =
          separate(path, recording, {.sample_rate = 8000, .window_seconds = 1});
      EXPECT_EQ(whole.stretches, 1);
      EXPECT_GT(parts.stretches, 2) << path;
      EXPECT_LE(relative_difference(parts, whole), 1e-5) << path << " at " << frames;
      EXPECT_EQ(warnings(parts), "") << path;
      EXPECT_NEAR(parts.scale, whole.scale, 1e-5 * whole.scale);
    }
  }
}

TEST(LongRecording, AtAnotherRateAlsoHasTheVoicesOfTheWhole) {
  for (const int rate : {11'025, 16'000, 44'100}) {
    const AudioBuffer recording = noise(rate, 4 * rate + 7);
    const Separation whole = separate(kBatchNorm, recording, {.window_seconds = 0});
    const Separation parts = separate(kBatchNorm, recording, {.window_seconds = 1});
    EXPECT_LE(relative_difference(parts, whole), 1e-5) << rate;
    EXPECT_EQ(parts.frames, recording.frames());
  }
}

std::string integers_of(const std::string& network, const ScratchFolder& folder) {
  BuildOptions options;
  options.import.length_samples = 4000;
  options.target = TESSERA_SOURCE_DIR "/targets/hailo8.toml";
  options.calibration.sources = {TESSERA_SOURCE_DIR "/models/mixtures/04_mix.wav"};
  options.calibration.count = 4;
  options.integers = IntegerOptions{};
  options.output = folder / "net.tess";
  const auto built = build(network, options);
  EXPECT_TRUE(built.has_value()) << built.error().to_string();
  return options.output;
}

TEST(LongRecording, InIntegersHasTheBitsOfTheWhole) {
  const ScratchFolder folder;
  const std::string package = integers_of(kNetworks + "causal_cln.pth", folder);
  const AudioBuffer recording = noise(8000, 30'003);
  const SeparatorOptions whole{
      .sample_rate = 8000, .level = VoiceLevel::network, .window_seconds = 0};
  const SeparatorOptions parts{
      .sample_rate = 8000, .level = VoiceLevel::network, .window_seconds = 1};
  const Separation expected = separate(package, recording, whole);
  const Separation given = separate(package, recording, parts);
  EXPECT_GT(given.stretches, 2);
  EXPECT_EQ(given.voices, expected.voices);
}

TEST(LongRecording, OfANetworkThatCarriesSumsHasTheVoicesOfTheWhole) {
  Separator parts = open(kNetworks + "causal_cgln.pth", {.sample_rate = 8000, .window_seconds = 1});
  for (const int64_t frames : {50'000, 8'001, 64'003}) {  // one after the other: each begins anew
    const AudioBuffer recording = noise(8000, frames);
    const Separation whole = separate(kNetworks + "causal_cgln.pth", recording,
                                      {.sample_rate = 8000, .window_seconds = 0});
    const auto given = parts.separate(recording);
    ASSERT_TRUE(given.has_value()) << given.error().to_string();
    EXPECT_GT(given->stretches, 1);
    EXPECT_LE(relative_difference(*given, whole), 1e-5) << frames;
    EXPECT_EQ(warnings(*given), "");
  }
}

TEST(LongRecording, ThatCarriesSumsIsCheckedFromStartToEnd) {
  const Separation separation = separate(kNetworks + "causal_cgln.pth", noise(8000, 30'000),
                                         {.sample_rate = 8000, .window_seconds = 1, .check = true});
  ASSERT_TRUE(separation.difference.has_value());
  EXPECT_GT(separation.difference->peak, 0);
  EXPECT_LT(separation.difference->max_abs, 1e-4 * separation.difference->peak);
}

TEST(LongRecording, ThatCarriesSumsInIntegersHasTheBitsOfTheWhole) {
  const ScratchFolder folder;
  const std::string package = integers_of(kNetworks + "causal_cgln.pth", folder);
  const AudioBuffer recording = noise(8000, 30'003);
  const SeparatorOptions whole{
      .sample_rate = 8000, .level = VoiceLevel::network, .window_seconds = 0};
  SeparatorOptions parts = whole;
  parts.window_seconds = 1;
  const Separation expected = separate(package, recording, whole);
  const Separation given = separate(package, recording, parts);
  EXPECT_GT(given.stretches, 2);
  EXPECT_EQ(given.voices, expected.voices);
  parts.check = true;
  Separator checked = open(package, parts);
  const auto refused = checked.separate(recording);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().subject, "SeparatorOptions::check");
}

TEST(LongRecording, OfANetworkThatHearsAllIsInWindowsAndSaysSo) {
  const AudioBuffer recording = noise(8000, 20'000);
  const Separation parts = separate(kDemoNetwork, recording, {.window_seconds = 1});
  EXPECT_EQ(parts.stretches, 3);
  EXPECT_NE(warnings(parts).find("windows of 1 s that overlap by 0.25 s"), std::string::npos)
      << warnings(parts);
  const Separation whole = separate(kDemoNetwork, recording, {.window_seconds = 0});
  EXPECT_EQ(warnings(whole), "");
  const Separation short_one = separate(kDemoNetwork, noise(8000, 8000), {.window_seconds = 1});
  EXPECT_EQ(short_one.stretches, 1);
  EXPECT_EQ(warnings(short_one), "");
}

// The three bundled mixtures, one after the other.
struct Conversation {
  std::vector<float> mixture;
  std::vector<std::vector<float>> speakers{2};
};

Conversation conversation() {
  Conversation all;
  for (const char* name : {"04", "06", "08", "04", "08", "06"}) {
    const std::string stem = kModels + "mixtures/" + name;
    const auto add = [](const std::string& path, std::vector<float>& to) {
      const AudioBuffer audio = read_audio(path).value();
      to.insert(to.end(), audio.channels[0].begin(), audio.channels[0].end());
    };
    add(stem + "_mix.wav", all.mixture);
    add(stem + "_s1.wav", all.speakers[0]);
    add(stem + "_s2.wav", all.speakers[1]);
  }
  return all;
}

TEST(LongRecording, InWindowsIsSeparatedAsWellAsInOneAndKeepsItsVoicesApart) {
  const Conversation talk = conversation();
  const AudioBuffer recording{8000, {talk.mixture}};
  const auto improvement = [&](double window_seconds) {
    const Separation separation =
        separate(kDemoNetwork, recording, {.window_seconds = window_seconds});
    return *score_separation(separation.voices, talk.speakers, talk.mixture)
                .value()
                .mean_si_snr_improvement_db;
  };
  const double whole = improvement(0);
  EXPECT_GT(whole, 8);
  for (const double seconds : {4.0, 10.0}) EXPECT_GE(improvement(seconds), whole - 0.2) << seconds;
}

// A recording as a file.
std::string written(const ScratchFolder& folder, const AudioBuffer& recording) {
  const auto path = folder / "mix.wav";
  EXPECT_TRUE(write_audio(path, recording, {.format = SampleFormat::kFloat}));
  return path.string();
}

struct Played {
  Separation separation;
  std::vector<std::vector<float>> voices;
  int64_t blocks = 0;
};

Result<Played> play(const std::string& model, const std::string& file, SeparatorOptions options) {
  TESSERA_TRY(Separator separator, Separator::open(model, std::move(options)));
  TESSERA_TRY(AudioReader reader, AudioReader::open(file));
  Played played;
  TESSERA_TRY(played.separation,
              separator.separate(
                  reader,
                  [&](std::span<const std::vector<float>> voices) -> Result<void> {
                    played.voices.resize(voices.size());
                    for (size_t v = 0; v < voices.size(); ++v) {
                      auto& all = played.voices[v];
                      all.insert(all.end(), voices[v].begin(), voices[v].end());
                    }
                    ++played.blocks;
                    return {};
                  },
                  file));
  return played;
}

TEST(LongRecording, AFileBlockByBlockIsWhatItIsInMemory) {
  const ScratchFolder folder;
  const AudioBuffer recording = noise(16'000, 200'001);
  const std::string file = written(folder, recording);
  for (const std::string& model : {kDemoNetwork, kBatchNorm}) {
    for (const VoiceLevel level : {VoiceLevel::fit, VoiceLevel::mixture, VoiceLevel::network}) {
      for (const double seconds : {0.0, 2.0, 100.0}) {
        const SeparatorOptions options{
            .level = level, .window_seconds = seconds, .scratch_folder = folder.path()};
        const auto played = play(model, file, options);
        ASSERT_TRUE(played.has_value()) << played.error().to_string();
        const Separation expected = separate(model, recording, options);
        EXPECT_EQ(played->voices, expected.voices) << seconds;
        EXPECT_EQ(played->separation.scale, expected.scale);
        EXPECT_EQ(played->separation.frames, expected.frames);
        EXPECT_EQ(played->separation.stretches, expected.stretches);
        EXPECT_TRUE(played->separation.voices.empty());
        EXPECT_EQ(played->separation.level_changes.size(), expected.level_changes.size());
      }
    }
  }
  EXPECT_EQ(folder.count(), 1) << "something else than the recording is left";
}

TEST(LongRecording, ComesAsItIsMadeWhereNoLevelIsToBeFound) {
  const ScratchFolder folder;
  const std::string file = written(folder, noise(8000, 400'000));
  std::vector<double> progress;
  SeparatorOptions options{.level = VoiceLevel::network, .window_seconds = 2};
  options.progress = [&](double fraction) { progress.push_back(fraction); };
  const auto played = play(kBatchNorm, file, options);
  ASSERT_TRUE(played.has_value()) << played.error().to_string();
  EXPECT_GT(played->blocks, 3);
  ASSERT_FALSE(progress.empty());
  EXPECT_TRUE(std::is_sorted(progress.begin(), progress.end()));
  EXPECT_EQ(progress.back(), 1);
}

TEST(LongRecording, IsRefusedByTheTimeOfASampleThatIsNoNumber) {
  AudioBuffer recording = noise(8000, 200'000);
  recording.channels[0][160'000] = std::numeric_limits<float>::quiet_NaN();
  const ScratchFolder folder;
  const std::string file = folder / "nan.wav";
  // AudioWriter refuses such samples: zeros, then the bytes of one.
  {
    AudioBuffer zeros = recording;
    zeros.channels[0][160'000] = 123.0F;
    ASSERT_TRUE(write_audio(file, zeros, {.format = SampleFormat::kFloat}));
  }
  const std::vector<uint8_t> data = read_file(file, 1 << 22).value();
  std::string bytes(data.begin(), data.end());
  const float marker = 123.0F;
  const size_t at = bytes.find(std::string(reinterpret_cast<const char*>(&marker), sizeof marker));
  ASSERT_NE(at, std::string::npos);
  bytes.replace(
      at, sizeof marker,
      std::string(reinterpret_cast<const char*>(&recording.channels[0][160'000]), sizeof marker));
  ASSERT_TRUE(write_file_atomically(file, bytes, {.force = true}));
  const auto played = play(kBatchNorm, file, {.window_seconds = 2});
  ASSERT_FALSE(played.has_value());
  EXPECT_EQ(played.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(played.error().subject, file);
  EXPECT_NE(played.error().message.find("at 20.000 s in channel 1"), std::string::npos)
      << played.error().message;
}

TEST(LongRecording, ChannelsThatDifferLateAreRefusedAllTheSame) {
  const ScratchFolder folder;
  AudioBuffer recording = noise(8000, 200'000);
  recording.channels.push_back(recording.channels[0]);
  const auto alike = play(kBatchNorm, written(folder, recording), {.window_seconds = 2});
  ASSERT_TRUE(alike.has_value()) << alike.error().to_string();
  recording.channels[1][190'000] += 0.25F;
  std::filesystem::remove(folder / "mix.wav");
  const std::string file = written(folder, recording);
  const auto refused = play(kBatchNorm, file, {.window_seconds = 2});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message, "has 2 channels, the network takes one");
  const auto mixed =
      play(kBatchNorm, file, {.channels = {ChannelPolicy::Kind::kMix, 1}, .window_seconds = 2});
  ASSERT_TRUE(mixed.has_value());
  EXPECT_EQ(mixed->separation.notes[0].text, "took the mean of 2 channels");
}

TEST(LongRecording, EndsWithTheErrorOfWhoTakesTheVoices) {
  const ScratchFolder folder;
  const std::string file = written(folder, noise(8000, 100'000));
  for (const VoiceLevel level : {VoiceLevel::network, VoiceLevel::fit}) {
    Separator separator = open(kBatchNorm, {.level = level, .window_seconds = 2});
    AudioReader reader = AudioReader::open(file).value();
    const auto ended = separator.separate(
        reader,
        [](auto) -> Result<void> { return TESSERA_ERROR(kNoSpace, "voices", "is full", ""); },
        file);
    ASSERT_FALSE(ended.has_value());
    EXPECT_EQ(ended.error().code, ErrorCode::kNoSpace);
  }
}

TEST(LongRecording, NeedsAFolderForVoicesThatWaitForTheirLevel) {
  const ScratchFolder folder;
  const std::string file = written(folder, noise(8000, 100'000));
  const auto refused =
      play(kBatchNorm, file, {.window_seconds = 2, .scratch_folder = folder / "missing"});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().subject, folder / "missing");
}

TEST(LongRecording, ThatFillsTheDiskIsToldByTheFolder) {
  const ScratchFolder folder;
  const ScratchFolder disk;
  const std::string file = written(folder, noise(8000, 100'000));
  const FullDiskOutcome outcome = on_full_disk(disk.path(), [&] {
    const auto ended = play(kBatchNorm, file, {.window_seconds = 2, .scratch_folder = disk.path()});
    return !ended && ended.error().code == ErrorCode::kNoSpace &&
           ended.error().subject == disk.path().string();
  });
  if (outcome == FullDiskOutcome::kCannotMount) GTEST_SKIP() << "cannot mount here";
  EXPECT_EQ(outcome, FullDiskOutcome::kHeld);
}

TEST(LongRecording, ChecksEveryStretchOnRequest) {
  int checks = 0;
  const Separation separation = separate(
      kNetworks + "bn_k5.pth", noise(8000, 30'000),
      {.sample_rate = 8000, .window_seconds = 1, .check = true, .before_check = [&] { ++checks; }});
  EXPECT_EQ(checks, separation.stretches);
  EXPECT_GT(checks, 2);
  ASSERT_TRUE(separation.difference.has_value());
  EXPECT_LT(separation.difference->max_abs, 1e-4 * separation.difference->peak);
}

TEST(SeparatorOptions, AWindowIsSecondsOrNone) {
  for (const double seconds : {-1.0, 0.5, std::numeric_limits<double>::quiet_NaN(),
                               std::numeric_limits<double>::infinity()}) {
    const SeparatorOptions options{.window_seconds = seconds};
    ASSERT_FALSE(options.validate()) << seconds;
    EXPECT_EQ(options.validate().error().subject, "SeparatorOptions::window_seconds");
  }
}

}  // namespace
}  // namespace tessera
