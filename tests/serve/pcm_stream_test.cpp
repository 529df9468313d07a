// Samples as bytes: the same voices however they are cut.
#include "serve/pcm_stream.h"

#include <cmath>
#include <cstring>
#include <limits>

#include <gtest/gtest.h>

#include "support/recordings.h"

namespace tessera {
namespace {

const std::string kCausal = TESSERA_SOURCE_DIR "/models/convtasnet_demo_causal_8k.pth";

PcmStream stream(PcmFormat format) {
  auto session = StreamingSession::open(kCausal);
  EXPECT_TRUE(session) << session.error().to_string();
  auto created = PcmStream::create(std::move(*session), 2, format);
  EXPECT_TRUE(created) << created.error().to_string();
  return std::move(*created);
}

std::string bytes_of(const std::vector<float>& samples) {
  std::string bytes(samples.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), samples.data(), bytes.size());
  return bytes;
}

TEST(PcmStream, GivesTheSameBytesHoweverTheSamplesAreCut) {
  const std::string bytes = bytes_of(test::random_wave(2001, 5));
  auto whole = stream(PcmFormat::f32le);
  std::string expected = whole.push(bytes).value();
  expected += whole.finish().value();
  EXPECT_EQ(expected.size(), bytes.size() * 2);
  for (const size_t step : {1UL, 7UL, 1024UL}) {
    auto cut = stream(PcmFormat::f32le);
    std::string voices;
    for (size_t at = 0; at < bytes.size(); at += step)
      voices += cut.push(std::string_view(bytes).substr(at, step)).value();
    voices += cut.finish().value();
    EXPECT_TRUE(voices == expected) << step;
  }
}

TEST(PcmStream, GivesWhatTheSessionGives) {
  const std::vector<float> samples = test::random_wave(800, 6);
  auto session = StreamingSession::open(kCausal).value();
  auto frames = session.push(samples).value()[0];
  auto pcm = stream(PcmFormat::f32le);
  const std::string bytes = pcm.push(bytes_of(samples)).value();
  const auto width = static_cast<size_t>(frames.shape.w);
  ASSERT_EQ(bytes.size(), width * 2 * sizeof(float));
  for (size_t i = 0; i < width; ++i) {
    float voice[2];
    std::memcpy(voice, bytes.data() + i * sizeof voice, sizeof voice);
    ASSERT_EQ(voice[0], frames.values[i]);
    ASSERT_EQ(voice[1], frames.values[width + i]);
  }
}

TEST(PcmStream, CutsOffAndCountsWhatSixteenBitsCannotHold) {
  std::vector<float> loud(4000);
  for (size_t i = 0; i < loud.size(); ++i) loud[i] = i % 40 < 20 ? 0.999F : -0.999F;
  std::string in;
  for (const float sample : loud) {
    const auto value = static_cast<int16_t>(std::lrint(sample * 32767));
    in.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  auto pcm = stream(PcmFormat::s16le);
  std::string out = pcm.push(in).value();
  out += pcm.finish().value();
  EXPECT_EQ(out.size(), in.size() * 2);
  int64_t at_limit = 0;
  for (size_t i = 0; i + 1 < out.size(); i += 2) {
    int16_t value = 0;
    std::memcpy(&value, out.data() + i, 2);
    if (value == 32767 || value == -32768) ++at_limit;
  }
  EXPECT_GE(at_limit, pcm.clipped_samples());
  EXPECT_GT(pcm.clipped_samples(), 0);
}

TEST(PcmStream, RefusesWhatIsNoSampleByItsNumber) {
  auto pcm = stream(PcmFormat::f32le);
  ASSERT_TRUE(pcm.push(bytes_of({0.1F, 0.2F})));
  const auto bad = pcm.push(bytes_of({0.3F, std::numeric_limits<float>::quiet_NaN()}));
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(bad.error().to_string().find("3"), std::string::npos) << bad.error().to_string();
  auto cut = stream(PcmFormat::f32le);
  ASSERT_TRUE(cut.push(bytes_of(test::random_wave(100, 1)) + "abc"));
  const auto end = cut.finish();
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().message, "ends after 3 of its 4 bytes");
}

}  // namespace
}  // namespace tessera
