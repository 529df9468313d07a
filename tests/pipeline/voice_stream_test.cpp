// A recording in stretches: chunks give what the whole gives, windows keep order and level.
#include "pipeline/voice_stream.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "support/recordings.h"

namespace tessera {
namespace {

using test::random_wave;

// In blocks of random lengths.
Voices played(VoiceStream& stream, std::span<const float> samples, uint32_t seed) {
  std::mt19937 random(seed);
  Voices voices;
  while (!samples.empty()) {
    const size_t block = std::min<size_t>(samples.size(), 1 + random() % 97);
    EXPECT_TRUE(stream.push(samples.first(block), voices));
    samples = samples.subspan(block);
  }
  const auto finished = stream.finish(voices);
  EXPECT_TRUE(finished) << finished.error().to_string();
  return voices;
}

// A network of `reach` that frames what it gets from its first sample on: every weight depends on
// the place within a frame, and zeros stand beyond both ends.
Voices framed_network(const Reach& reach, std::span<const float> samples) {
  const auto count = static_cast<int64_t>(samples.size());
  Voices voices(2, std::vector<float>(samples.size()));
  for (int64_t t = 0; t < count; ++t) {
    for (int64_t k = -reach.past; k <= reach.future; ++k) {
      if (t + k < 0 || t + k >= count) continue;
      const auto weight = static_cast<float>(1 + (t % reach.grid) * 3 + (k + reach.past) % 7);
      voices[0][static_cast<size_t>(t)] += weight * samples[static_cast<size_t>(t + k)];
    }
    voices[1][static_cast<size_t>(t)] = -voices[0][static_cast<size_t>(t)];
  }
  return voices;
}

TEST(ChunkedVoices, AreThoseOfTheWholeRecording) {
  const std::vector<float> wave = random_wave(700, 3);
  for (const Reach& reach : {Reach{0, 0, 1}, Reach{5, 0, 1}, Reach{0, 6, 4}, Reach{9, 4, 3},
                             Reach{13, 17, 8}, Reach{2, 3, 16}}) {
    const EvaluateStretch evaluate = [&](std::span<const float> stretch) -> Result<Voices> {
      return framed_network(reach, stretch);
    };
    for (const int64_t more : {1, 2, 3, 8, 50}) {
      for (const size_t samples : {1U, 2U, 31U, 32U, 33U, 64U, 65U, 127U, 128U, 500U, 699U, 700U}) {
        const auto part = std::span<const float>(wave).first(samples);
        const auto stream = chunked_voices(reach, reach.samples() + reach.grid + more, evaluate);
        EXPECT_EQ(played(*stream, part, static_cast<uint32_t>(samples)),
                  framed_network(reach, part))
            << reach.past << ' ' << reach.future << ' ' << reach.grid << ' ' << more << ' '
            << samples;
      }
    }
  }
}

TEST(ChunkedVoices, KeepWhatTheNetworkLosesOrAddsAtTheEnd) {
  const std::vector<float> wave = random_wave(300, 4);
  for (const int change : {-3, 5}) {
    const EvaluateStretch evaluate = [&](std::span<const float> stretch) -> Result<Voices> {
      Voices voices = framed_network({4, 4, 4}, stretch);
      for (auto& voice : voices) voice.resize(voice.size() + static_cast<size_t>(change), 7.0F);
      return voices;
    };
    const auto stream = chunked_voices({4, 4, 4}, 40, evaluate);
    EXPECT_EQ(played(*stream, wave, 1), evaluate(wave).value()) << change;
  }
}

TEST(ChunkedVoices, AnErrorOfTheNetworkEndsThem) {
  const auto stream = chunked_voices({1, 1, 1}, 10, [](auto) -> Result<Voices> {
    return TESSERA_ERROR(kInvalidModel, "network", "is broken", "");
  });
  Voices voices;
  EXPECT_FALSE(stream->push(std::vector<float>(100), voices));
}

// Two voices that a mixture's halves stand for: at even samples one sounds, at odd ones the other.
Voices two_voices(std::span<const float> samples) {
  Voices voices(2, std::vector<float>(samples.size(), 0.0F));
  for (size_t i = 0; i < samples.size(); ++i) voices[i % 2][i] = samples[i];
  return voices;
}

struct Shuffled {
  bool swap = false;
  float level = 1;
};

// Windows whose voices come in random order and at random levels.
class OverlappingVoices : public ::testing::TestWithParam<int64_t> {};

TEST_P(OverlappingVoices, KeepTheirOrderAndTheMixturesLevel) {
  const int64_t overlap = GetParam();
  const std::vector<float> wave = random_wave(1000, 5);
  for (const size_t samples : {41U, 42U, 60U, 79U, 80U, 81U, 120U, 500U, 998U, 1000U}) {
    std::mt19937 random(static_cast<uint32_t>(samples));
    bool swapped_first = false;
    int windows = 0;
    const auto stream = overlapping_voices({40, overlap}, [&](auto stretch) -> Result<Voices> {
      Voices voices = two_voices(stretch);
      // Where a window begins at an odd sample, the halves change places by themselves.
      const bool swap = random() % 2 == 1;
      if (windows++ == 0) swapped_first = swap;
      if (swap) std::swap(voices[0], voices[1]);
      const float level = 0.1F + static_cast<float>(random() % 100);
      for (auto& voice : voices)
        for (float& x : voice) x *= level;
      return voices;
    });
    const auto part = std::span<const float>(wave).first(samples);
    const Voices voices = played(*stream, part, 9);
    Voices expected = two_voices(part);
    if (swapped_first) std::swap(expected[0], expected[1]);
    ASSERT_EQ(voices.size(), 2U);
    for (size_t v = 0; v < 2; ++v) {
      ASSERT_EQ(voices[v].size(), samples);
      for (size_t i = 0; i < samples; ++i)
        ASSERT_NEAR(voices[v][i], expected[v][i], 1e-5) << "sample " << i << " of " << samples;
    }
    EXPECT_EQ(stream->stretches(), windows);
  }
}

INSTANTIATE_TEST_SUITE_P(Overlaps, OverlappingVoices, ::testing::Values(4, 10, 19, 20));

TEST(OverlappingVoicesOf, AShortRecordingAreTheNetworksOwn) {
  const auto network = [](std::span<const float> stretch) -> Result<Voices> {
    return Voices(2, std::vector<float>(stretch.size(), 3.0F));
  };
  for (const size_t samples : {1U, 39U, 40U}) {
    const auto stream = overlapping_voices({40, 10}, network);
    EXPECT_EQ(played(*stream, std::vector<float>(samples, 1.0F), 2),
              Voices(2, std::vector<float>(samples, 3.0F)));
    EXPECT_EQ(stream->stretches(), 1);
  }
}

TEST(OverlappingVoicesOf, SilenceAreSilent) {
  const auto stream = overlapping_voices({40, 10}, [](auto stretch) -> Result<Voices> {
    return Voices(3, std::vector<float>(stretch.size(), 0.0F));
  });
  EXPECT_EQ(played(*stream, std::vector<float>(200), 2), Voices(3, std::vector<float>(200)));
}

TEST(OverlappingVoicesOf, TwoWindowsFadeIntoEachOther) {
  // The first window's voice is the mixture and a little more, the second's the mixture.
  int window = 0;
  const auto stream = overlapping_voices({40, 20}, [&](auto stretch) -> Result<Voices> {
    const float more = window++ == 0 ? 0.25F : 0.0F;
    std::vector<float> voice(stretch.begin(), stretch.end());
    for (size_t i = 0; i < voice.size(); ++i) voice[i] += i % 2 == 0 ? more : -more;
    return Voices{voice};
  });
  const Voices voices = played(*stream, std::vector<float>(60, 1.0F), 2);
  for (size_t i = 20; i + 2 < 40; i += 2)
    EXPECT_GT(voices[0][i] - voices[0][i + 1], voices[0][i + 2] - voices[0][i + 3]) << i;
  EXPECT_NEAR(voices[0][40], 1.0F, 1e-6);
}

}  // namespace
}  // namespace tessera
