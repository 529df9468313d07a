// The separator through the library: any rate, length and number of channels, one after another.
#include "tessera/separator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/recordings.h"
#include "support/scratch_folder.h"
#include "tessera/build.h"
#include "tessera/metrics.h"

namespace tessera {
namespace {

using test::kDemoNetwork;
using test::sawtooth;

const std::string kData = TESSERA_SOURCE_DIR "/tests/data/";
const std::string kSmall = kData + "asteroid/gln_sigmoid.pth";
// For 800 samples only, at a rate that it does not tell.
const std::string kFixed = kData + "field/separate_messages/fixed_800.onnx";

Separator open(const std::string& path, SeparatorOptions options = {}) {
  auto separator = Separator::open(path, std::move(options));
  EXPECT_TRUE(separator.has_value()) << separator.error().to_string();
  return std::move(separator).value();
}

Separation separate(Separator& separator, const AudioBuffer& recording) {
  auto separation = separator.separate(recording, "mix.wav");
  EXPECT_TRUE(separation.has_value()) << separation.error().to_string();
  return std::move(separation).value();
}

std::string refusal(const std::string& path, const AudioBuffer& recording,
                    SeparatorOptions options = {}) {
  Separator separator = open(path, std::move(options));
  const auto separation = separator.separate(recording, "mix.wav");
  return separation ? "" : separation.error().to_string();
}

std::vector<std::string> texts(std::span<const Note> notes) {
  std::vector<std::string> result;
  for (const Note& note : notes) result.push_back(note.text);
  return result;
}

std::string package_of(const ScratchFolder& folder, const std::string& model) {
  BuildOptions options;
  options.import.length_samples = 2003;
  options.target = TESSERA_SOURCE_DIR "/targets/hailo8.toml";
  options.output = folder / "net.tess";
  const auto built = build(model, options);
  EXPECT_TRUE(built.has_value()) << built.error().to_string();
  return options.output.string();
}

float peak_of(const Separation& separation) {
  float peak = 0;
  for (const auto& voice : separation.voices) {
    for (const float x : voice) peak = std::max(peak, std::abs(x));
  }
  return peak;
}

// What the network itself gives, by hand.
std::vector<std::vector<float>> network_voices(const std::string& path, std::vector<float> wave) {
  const auto length = static_cast<int64_t>(wave.size());
  const Graph graph = load_model(path).value().network->instantiate(length).value();
  const auto backend = make_backend("cpu").value();
  Session session = Session::create(graph, *backend).value();
  const std::vector<float> joined = session.run({wave}).value()[0];
  std::vector<std::vector<float>> voices;
  for (auto at = joined.begin(); at != joined.end(); at += length)
    voices.emplace_back(at, at + length);
  return voices;
}

TEST(Separator, GivesTheNetworksOwnVoices) {
  Separator separator = open(kDemoNetwork, {.level = VoiceLevel::network});
  const AudioBuffer recording = sawtooth(8000, 4003);
  const Separation separation = separate(separator, recording);
  EXPECT_EQ(separation.voices, network_voices(kDemoNetwork, recording.channels[0]));
  EXPECT_EQ(separation.sample_rate, 8000);
  EXPECT_EQ(separation.scale, 1);
  EXPECT_EQ(texts(separation.notes), std::vector<std::string>{});
  EXPECT_EQ(separator.voices(), 2);
  EXPECT_EQ(separator.sample_rate(), 8000);
  EXPECT_EQ(separator.backend(), "cpu");
  EXPECT_EQ(separator.arithmetic(), Arithmetic::float32);
}

TEST(Separator, KeepsTheRateAndTheExactLengthOfTheRecording) {
  Separator separator = open(kDemoNetwork);
  for (const int rate : {8000, 11025, 16000, 44100}) {
    for (const int64_t frames : {4001, 4002, 4007}) {
      const Separation separation = separate(separator, sawtooth(rate, frames));
      EXPECT_EQ(separation.sample_rate, rate);
      ASSERT_EQ(separation.voices.size(), 2U);
      for (const auto& voice : separation.voices)
        EXPECT_EQ(static_cast<int64_t>(voice.size()), frames) << rate;
    }
  }
}

TEST(Separator, AnotherRateIsConvertedThereAndBackAndNoted) {
  Separator separator = open(kDemoNetwork, {.level = VoiceLevel::network});
  const AudioBuffer recording = sawtooth(16000, 8006);
  const Separation separation = separate(separator, recording);
  EXPECT_EQ(texts(separation.notes),
            (std::vector<std::string>{"resampled from 16000 to 8000 Hz (8006 to 4003 samples)",
                                      "voices brought back to 16000 Hz"}));
  const AudioBuffer heard = resample(recording, 8000).value();
  const AudioBuffer expected =
      resample({8000, network_voices(kDemoNetwork, heard.channels[0])}, 16000).value();
  EXPECT_EQ(separation.voices, expected.channels);
}

TEST(Separator, APackageGivesTheVoicesOfItsModelAtAnyLength) {
  const ScratchFolder folder;
  Separator whole = open(kSmall, {.level = VoiceLevel::network});
  Separator packaged = open(package_of(folder, kSmall), {.level = VoiceLevel::network});
  for (const int64_t frames : {2003, 4000, 900}) {
    const AudioBuffer recording = sawtooth(8000, frames);
    const Separation expected = separate(whole, recording);
    const Separation actual = separate(packaged, recording);
    ASSERT_EQ(actual.voices.size(), expected.voices.size());
    for (size_t v = 0; v < expected.voices.size(); ++v) {
      ASSERT_EQ(actual.voices[v].size(), expected.voices[v].size());
      for (size_t i = 0; i < expected.voices[v].size(); ++i)
        ASSERT_NEAR(actual.voices[v][i], expected.voices[v][i], 1e-5) << frames;
    }
  }
}

TEST(Separator, LengthsInTurnGiveWhatEachGivesAlone) {
  Separator separator = open(kDemoNetwork);
  for (const int64_t frames : {4003, 1600, 4003, 16, 32000, 1600}) {
    Separator fresh = open(kDemoNetwork);
    const AudioBuffer recording = sawtooth(8000, frames);
    EXPECT_EQ(separate(separator, recording).voices, separate(fresh, recording).voices) << frames;
  }
}

TEST(Separator, CheckingALengthLeavesTheNextSeparationAsItWas) {
  Separator separator = open(kDemoNetwork);
  const AudioBuffer recording = sawtooth(8000, 2000);
  const auto before = separate(separator, recording).voices;
  ASSERT_TRUE(separator.check_length(3000).has_value());
  EXPECT_EQ(separate(separator, recording).voices, before);
  EXPECT_EQ(separator.check_length(15, "mix.wav").error().to_string(),
            "mix.wav: an input of 15 samples is shorter than the 16 the network needs (encoder "
            "kernel 16) (give at least 16 samples)");
  EXPECT_EQ(separate(separator, recording).voices, before);
}

TEST(Separator, ASecondRecordingOfTheSameLengthLoadsNothing) {
  Separator separator = open(kDemoNetwork);
  const AudioBuffer recording = sawtooth(8000, 2000);
  const SeparationTiming first = separate(separator, recording).timing;
  const SeparationTiming second = separate(separator, recording).timing;
  EXPECT_GT(first.load_seconds, 0);
  EXPECT_EQ(second.load_seconds, 0);
  EXPECT_GT(second.network_seconds, 0);
  EXPECT_GE(second.total_seconds, second.load_seconds + second.network_seconds);
  EXPECT_EQ(second.check_seconds, 0);
}

TEST(Separator, SeveralChannelsNeedAPolicy) {
  const AudioBuffer stereo = sawtooth(8000, 2000, 2);
  EXPECT_EQ(refusal(kDemoNetwork, stereo),
            "mix.wav: has 2 channels, the network takes one (give ChannelPolicy::Kind::kMix for "
            "their mean, or ChannelPolicy::Kind::kPick for the first)");
  Separator alone = open(kDemoNetwork);
  Separator second = open(kDemoNetwork, {.channels = {ChannelPolicy::Kind::kPick, 2}});
  EXPECT_EQ(separate(second, stereo).voices, separate(alone, {8000, {stereo.channels[1]}}).voices);
  Separator mixed = open(kDemoNetwork, {.channels = {ChannelPolicy::Kind::kMix}});
  EXPECT_EQ(texts(separate(mixed, stereo).notes)[0], "took the mean of 2 channels");
}

TEST(Separator, RefusesWhatIsNoRecording) {
  EXPECT_EQ(refusal(kDemoNetwork, {8000, {}}),
            "mix.wav: holds no samples (record or read it again)");
  EXPECT_EQ(refusal(kDemoNetwork, {8000, {{}}}),
            "mix.wav: holds no samples (record or read it again)");
  EXPECT_EQ(refusal(kDemoNetwork, {0, {{0.5F}}}),
            "mix.wav: 0 Hz is no sampling rate (set AudioBuffer::sample_rate)");
  EXPECT_EQ(refusal(kDemoNetwork, {8000, {{0.5F, 0.5F}, {0.5F}}}),
            "mix.wav: has channels of 2 and of 1 samples (make all channels equally long)");
  // One sample at 48 kHz is none at 8 kHz.
  EXPECT_NE(refusal(kDemoNetwork, {48000, {{0.5F}}}).find("mix.wav: an input of 0 samples"),
            std::string::npos);
}

TEST(Separator, RefusesSamplesThatAreNoNumbers) {
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    AudioBuffer recording = sawtooth(8000, 2000);
    recording.channels[0][700] = bad;
    Separator separator = open(kDemoNetwork);
    EXPECT_EQ(separator.separate(recording).error().code, ErrorCode::kCorrupt);
  }
}

TEST(Separator, AFileForOneLengthTakesNoOther) {
  Separator separator = open(kFixed, {.sample_rate = 8000});
  EXPECT_TRUE(separator.length_is_fixed());
  EXPECT_EQ(separate(separator, sawtooth(8000, 800)).voices[0].size(), 800U);
  const auto longer = separator.separate(sawtooth(8000, 801), "mix.wav");
  EXPECT_EQ(longer.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(longer.error().message, "has 801 samples at the network's rate; " + kFixed +
                                        " was exported for 800 and no others");
  EXPECT_FALSE(open(kDemoNetwork).length_is_fixed());
}

TEST(Separator, TakesTheRecordingsRateWhereTheFileTellsNone) {
  Separator separator = open(kFixed);
  EXPECT_EQ(separator.sample_rate(), std::nullopt);
  const Separation separation = separate(separator, sawtooth(16000, 800));
  ASSERT_FALSE(separation.notes.empty());
  EXPECT_EQ(separation.notes[0].severity, NoteSeverity::warning);
  EXPECT_EQ(separation.notes[0].text,
            "the network's file does not tell its rate; taking the recording's 16000 Hz "
            "(SeparatorOptions::sample_rate sets it)");
}

TEST(Separator, TheOptionsRateOverridesTheFilesAndIsNoted) {
  const Separator separator = open(kDemoNetwork, {.sample_rate = 16000});
  EXPECT_EQ(separator.sample_rate(), 16000);
  EXPECT_EQ(texts(separator.notes()).back(),
            kDemoNetwork + " says 8000 Hz; using 16000 Hz as asked");
}

TEST(Separator, OneFactorBringsLoudVoicesToTheLevelAskedFor) {
  const AudioBuffer mixture = read_audio(TESSERA_SOURCE_DIR "/models/mixtures/04_mix.wav").value();
  Separator own = open(kDemoNetwork, {.level = VoiceLevel::network});
  const Separation loud = separate(own, mixture);
  EXPECT_GT(peak_of(loud), 5);

  std::vector<std::vector<float>> expected = loud.voices;
  const double factor = rescale_to_mixture(expected, mixture.channels[0]);
  Separator like_mixture = open(kDemoNetwork, {.level = VoiceLevel::mixture});
  const Separation rescaled = separate(like_mixture, mixture);
  EXPECT_EQ(rescaled.voices, expected);
  EXPECT_EQ(rescaled.scale, factor);

  Separator fitted = open(kDemoNetwork);
  const Separation fits = separate(fitted, mixture);
  EXPECT_LE(peak_of(fits), 1);
  ASSERT_EQ(fits.level_changes.size(), 1U);
  EXPECT_EQ(fits.level_changes[0].to, LevelChange::To::mixture);
  EXPECT_TRUE(rescaled.level_changes.empty());
}

TEST(Separator, AMixtureBeyondFullScaleIsNotClipped) {
  AudioBuffer loud = sawtooth(8000, 8000);
  for (float& x : loud.channels[0]) x *= 80;
  Separator separator = open(kDemoNetwork);
  const Separation separation = separate(separator, loud);
  EXPECT_NEAR(peak_of(separation), 0.999, 1e-5);
  EXPECT_LT(separation.scale, 1);
}

TEST(Separator, ChecksItselfOnTheReferenceBackendOnRequest) {
  int checks = 0;
  Separator separator = open(kDemoNetwork, {.check = true, .before_check = [&] { ++checks; }});
  const Separation separation = separate(separator, sawtooth(8000, 1600));
  ASSERT_TRUE(separation.difference.has_value());
  EXPECT_GT(separation.difference->peak, 0);
  EXPECT_LT(separation.difference->max_abs, 1e-4 * separation.difference->peak);
  EXPECT_GT(separation.timing.check_seconds, 0);
  EXPECT_EQ(checks, 1);
}

TEST(Separator, RefusesANetworkThatGivesNoVoices) {
  const auto refused = Separator::open(kData + "onnx/voices/two_lengths.onnx");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().subject, kData + "onnx/voices/two_lengths.onnx");
  EXPECT_TRUE(refused.error().message.starts_with("is not a separator: "))
      << refused.error().message;
  EXPECT_EQ(refused.error().hint,
            "use LoadedNetwork::session() for other networks, tessera::signature_of() to see its "
            "shapes");
}

TEST(SeparatorOptions, AreRefusedByTheNameOfTheField) {
  const auto subject = [](const SeparatorOptions& options) {
    const auto opened = Separator::open(kDemoNetwork, options);
    EXPECT_EQ(opened.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(opened.error().hint, "");
    return opened.error().subject;
  };
  EXPECT_EQ(subject({.threads = -1}), "SeparatorOptions::threads");
  EXPECT_EQ(subject({.memory_limit_bytes = -1}), "SeparatorOptions::memory_limit_bytes");
  EXPECT_EQ(subject({.sample_rate = 0}), "SeparatorOptions::sample_rate");
  EXPECT_EQ(subject({.channels = {ChannelPolicy::Kind::kPick, 0}}), "SeparatorOptions::channels");
  EXPECT_TRUE(SeparatorOptions{}.validate().has_value());
}

TEST(SeparatorOptions, AnUnknownBackendIsRefused) {
  EXPECT_EQ(Separator::open(kDemoNetwork, {.backend = "quantum"}).error().code,
            ErrorCode::kInvalidArgument);
}

TEST(SeparatorOptions, AMemoryLimitIsKept) {
  Separator separator = open(kDemoNetwork, {.memory_limit_bytes = 100'000});
  EXPECT_EQ(separator.separate(sawtooth(8000, 32000)).error().code, ErrorCode::kResourceLimit);
}

TEST(SeparatorOptions, WhereMemoryIsShortShorterStretchesAreAdvised) {
  for (const double seconds : {0.0, 30.0}) {
    Separator separator =
        open(kDemoNetwork, {.memory_limit_bytes = 100'000, .window_seconds = seconds});
    const auto refused = separator.separate(sawtooth(8000, 32000));
    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(refused.error().hint.find("SeparatorOptions::window_seconds"), std::string::npos)
        << refused.error().hint;
  }
  // The advice helps: two windows of one second need less than the four seconds at once.
  Separator whole = open(kDemoNetwork, {.memory_limit_bytes = 4'000'000, .window_seconds = 0});
  EXPECT_FALSE(whole.separate(sawtooth(8000, 32000)).has_value());
  Separator parts = open(kDemoNetwork, {.memory_limit_bytes = 4'000'000, .window_seconds = 1});
  const auto separated = parts.separate(sawtooth(8000, 32000));
  EXPECT_TRUE(separated.has_value()) << separated.error().to_string();
}

}  // namespace
}  // namespace tessera
