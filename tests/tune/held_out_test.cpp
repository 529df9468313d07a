#include "tessera/compiler/tune.h"

#include <algorithm>

#include "support/small_network.h"

namespace tessera {
namespace {

using namespace test;

// Window n holds n + 1, twice: `count` of them.
Windows numbered(size_t count) {
  Windows windows;
  for (size_t n = 0; n < count; ++n)
    windows.push_back(std::vector<float>(2, static_cast<float>(n + 1)));
  return windows;
}

TEST(HoldOut, PartsShareNoRecording) {
  const std::vector<int64_t> recordings{7, 7, 3, 3, 9};
  const HeldOut held_out = hold_out(numbered(5), recordings, {2, false});
  EXPECT_TRUE(held_out.apart());
  EXPECT_EQ(held_out.folds, (std::vector<Windows>{{{3, 3}, {4, 4}}, {{1, 1}, {2, 2}}, {{5, 5}}}));
}

TEST(HoldOut, NoMoreThanFourPartsHoldEveryWindowOnce) {
  std::vector<int64_t> recordings;
  for (int64_t n = 0; n < 23; ++n) recordings.push_back(n / 2);
  const HeldOut held_out = hold_out(numbered(23), recordings, {1, false});
  EXPECT_EQ(held_out.folds.size(), 4u);
  Windows all;
  for (const Windows& fold : held_out.folds) all.insert(all.end(), fold.begin(), fold.end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, numbered(23));
  EXPECT_EQ(held_out.passages.size(), 6u);
}

TEST(HoldOut, APassageIsTheLoudestOfItsRecordingWithSilenceBeforeWhatIsTooShort) {
  const std::vector<int64_t> recordings{0, 0, 0, 1};
  const HeldOut held_out = hold_out(numbered(4), recordings, {2, false});
  ASSERT_EQ(held_out.passages.size(), 2u);
  EXPECT_EQ(held_out.passages[0].values, (std::vector<float>{2, 2, 3, 3}));
  EXPECT_EQ(held_out.passages[1].values, (std::vector<float>{0, 0, 4, 4}));
  for (const Passage& passage : held_out.passages) {
    const Windows& fold = held_out.folds[passage.fold];
    EXPECT_NE(std::find(fold.begin(), fold.end(), std::vector<float>(2, passage.values.back())),
              fold.end());
  }
}

TEST(HoldOut, TwoPassagesAreALoudWindowBesideQuietOnes) {
  const std::vector<int64_t> recordings{0, 0, 1, 1};
  const HeldOut held_out = hold_out(numbered(4), recordings, {3, true});
  ASSERT_EQ(held_out.passages.size(), 4u);
  EXPECT_TRUE(held_out.passages[2].after_pause);
  EXPECT_EQ(held_out.passages[2].values, (std::vector<float>{0.1F, 0.1F, 0.2F, 0.2F, 0.2F, 2}));
  EXPECT_FLOAT_EQ(held_out.passages[3].values[0], 0.3F);
  EXPECT_EQ(held_out.passages[3].values.back(), 4);
}

TEST(HoldOut, OfANetworkOfOneLengthAQuarterOfTheWindowIsLoud) {
  const Windows windows{{1, 3, 2, 0}, {1, 1, 1, 1}};
  const HeldOut held_out = hold_out(windows, std::vector<int64_t>{0, 1}, {1, true});
  ASSERT_EQ(held_out.passages.size(), 4u);
  EXPECT_FLOAT_EQ(held_out.passages[2].values[0], 0.1F);
  EXPECT_EQ(held_out.passages[2].values[3], 3);
}

TEST(HoldOut, OfOneRecordingNeighboursStayTogetherAndAFewAreNotDivided) {
  const HeldOut several = hold_out(numbered(9), {}, {1, false});
  EXPECT_EQ(several.folds,
            (std::vector<Windows>{
                {{1, 1}, {2, 2}, {3, 3}}, {{4, 4}, {5, 5}}, {{6, 6}, {7, 7}}, {{8, 8}, {9, 9}}}));
  EXPECT_FALSE(hold_out(numbered(7), {}, {1, false}).apart());
}

TEST(HoldOut, OfSilenceNothingIsLeftToMeasureOn) {
  const Windows silent(5, std::vector<float>(4, 0.0F));
  const HeldOut held_out = hold_out(silent, {}, {2, true});
  EXPECT_TRUE(held_out.passages.empty());
  const Graph graph = legal_network(NormKind::global);
  const auto cpu = make_backend("cpu", {.threads = 1}).value();
  const auto emulator = make_backend("emulator").value();
  const std::vector<TensorStatistics> of_folds(1);
  const auto trial = HeldOutTrial::create(graph, held_out, of_folds, *cpu, *emulator);
  ASSERT_FALSE(trial.has_value());
  EXPECT_EQ(trial.error().code, ErrorCode::kInvalidArgument);
}

TEST(HeldOutQuality, TellsTheLeastTheMiddleAndTheMeanError) {
  const HeldOutQuality quality{{30, 20, 40, 35}};
  EXPECT_EQ(quality.lowest_db(), 20);
  EXPECT_EQ(quality.typical_db(), 30);
  // 10 log10(4 / (1e-3 + 1e-2 + 1e-4 + 10^-3.5))
  EXPECT_NEAR(quality.mean_error_db(), 25.4454, 1e-3);
}

}  // namespace
}  // namespace tessera
