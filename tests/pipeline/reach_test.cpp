// What the voices depend on, beside what they change by when one sample of the recording changes.
#include "pipeline/reach.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/recordings.h"
#include "tessera/separator.h"

namespace tessera {
namespace {

using test::random_wave;

const std::string kNetworks = TESSERA_SOURCE_DIR "/tests/data/asteroid/";
const std::string kDemo = TESSERA_SOURCE_DIR "/models/convtasnet_demo_";

Graph network(const std::string& path, int64_t samples) {
  return load_model(path).value().network->instantiate(samples).value();
}

TEST(Reach, OfABatchNormNetworkIsItsField) {
  // Twice six blocks of dilations 1 to 32 see 126 frames each way; the encoder's and the decoder's
  // windows of 16 samples, 8 apart, see 15 samples around.
  const auto reach = reach_of(network(kDemo + "bn_8k.pth", 4000));
  ASSERT_TRUE(reach);
  EXPECT_EQ(reach->past, 126 * 8 + 15);
  EXPECT_EQ(reach->future, 126 * 8 + 15);
  EXPECT_EQ(reach->grid, 8);
}

TEST(Reach, OfACausalNetworkEndsWithItsWindow) {
  const auto reach = reach_of(network(kDemo + "causal_8k.pth", 4000));
  ASSERT_TRUE(reach);
  EXPECT_EQ(reach->past, 252 * 8 + 15);
  EXPECT_EQ(reach->future, 15);
}

TEST(Reach, HasNoBoundWhereANormHearsAllOrAllBefore) {
  EXPECT_FALSE(reach_of(network(kDemo + "gln_8k.pth", 4000)));
  EXPECT_FALSE(reach_of(network(kNetworks + "causal_cgln.pth", 4000)));
}

TEST(Reach, DoesNotDependOnTheLength) {
  for (const char* name : {"bn_8k.pth", "causal_8k.pth"}) {
    const auto reach = reach_of(network(kDemo + name, 4000));
    for (const int64_t samples : {4001, 4007, 8000, 80'003})
      EXPECT_EQ(reach_of(network(kDemo + name, samples)), reach) << name << " at " << samples;
  }
}

// The first and the last sample of any voice that differ.
std::pair<int64_t, int64_t> changed(const std::vector<float>& before,
                                    const std::vector<float>& after, int64_t samples) {
  int64_t first = samples;
  int64_t last = -1;
  for (size_t i = 0; i < before.size(); ++i) {
    if (before[i] == after[i]) continue;
    first = std::min(first, static_cast<int64_t>(i) % samples);
    last = std::max(last, static_cast<int64_t>(i) % samples);
  }
  return {first, last};
}

TEST(Reach, HoldsAllThatOneSampleChanges) {
  constexpr int64_t kSamples = 9000;
  for (const std::string& path : {kDemo + "bn_8k.pth", kDemo + "causal_8k.pth",
                                  kNetworks + "bn_k5.pth", kNetworks + "causal_cln.pth"}) {
    const Graph graph = network(path, kSamples);
    const auto reach = reach_of(graph);
    ASSERT_TRUE(reach) << path;
    const auto backend = make_backend("cpu").value();
    Session session = Session::create(graph, *backend).value();
    std::vector<float> wave = random_wave(kSamples, 1);
    const std::vector<float> before = session.run({wave}).value()[0];
    for (const size_t at : {4400U, 4403U, 4407U}) {
      std::vector<float> other = wave;
      other[at] += 0.5F;
      const auto [first, last] = changed(before, session.run({other}).value()[0], kSamples);
      EXPECT_GE(first, static_cast<int64_t>(at) - reach->future) << path;
      EXPECT_LE(last, static_cast<int64_t>(at) + reach->past) << path;
      EXPECT_LE(first, last) << path << ": nothing changed";
    }
  }
}

TEST(Reach, JoinedCoversBoth) {
  EXPECT_EQ(joined(Reach{3, 5, 4}, Reach{7, 1, 6}), (Reach{7, 5, 12}));
  EXPECT_FALSE(joined(Reach{}, std::nullopt));
  EXPECT_FALSE(joined(std::nullopt, Reach{}));
  EXPECT_FALSE(joined(Reach{0, 0, (1 << 20) - 1}, Reach{0, 0, 1 << 20}));
}

}  // namespace
}  // namespace tessera
