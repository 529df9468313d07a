#include "graph/window_reading.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tessera/compiler/tensor.h"

namespace tessera {
namespace {

using Dims = std::vector<int64_t>;

// [1, time, channels], as sensor networks are exported.
IoLayout time_first(int64_t channels, int64_t frames) {
  IoLayout layout = plain_layout("x", {channels, 1, frames});
  layout.dims = {{}, {{Axis::w, frames, 1}}, {{Axis::c, channels, 1}}};
  return layout;
}

IoLayout channels_first(int64_t channels, int64_t frames) {
  return plain_layout("x", {channels, 1, frames});
}

// "5 of 40", "1 of 40", "5 of 40 time_first": the first reading with these frames; "" for none.
std::string read_as(const Dims& dims, const IoLayout& input, int64_t frames) {
  for (const WindowReading& reading : readings_of(dims, input)) {
    if (reading.frames() != frames) continue;
    return (reading.stacked ? "stack of " : "") + std::to_string(reading.windows) + " of " +
           std::to_string(frames) + (reading.time_first ? " time_first" : "");
  }
  return "";
}

TEST(ReadingsOf, TakeTheBatchOfTheFileAsACountOfWindows) {
  EXPECT_EQ(read_as({5, 40, 6}, time_first(6, 40), 40), "stack of 5 of 40");
  EXPECT_EQ(read_as({1, 40, 6}, time_first(6, 40), 40), "1 of 40");
  EXPECT_EQ(read_as({5, 6, 40}, channels_first(6, 40), 40), "stack of 5 of 40");
}

TEST(ReadingsOf, TakeAnAxisInFrontOfTheBatch) {
  EXPECT_EQ(read_as({5, 1, 40, 6}, time_first(6, 40), 40), "stack of 5 of 40");
  EXPECT_EQ(read_as({1, 1, 40, 6}, time_first(6, 40), 40), "stack of 1 of 40");
}

TEST(ReadingsOf, LetDimensionsOfOneComeAndGo) {
  EXPECT_EQ(read_as({40, 6}, time_first(6, 40), 40), "1 of 40");
  EXPECT_EQ(read_as({800}, channels_first(1, 800), 800), "1 of 800");
  EXPECT_EQ(read_as({800, 1}, channels_first(1, 800), 800), "1 of 800");
  EXPECT_EQ(read_as({5, 800}, channels_first(1, 800), 800), "stack of 5 of 800");
  EXPECT_EQ(read_as({5, 1, 1, 800}, channels_first(1, 800), 800), "stack of 5 of 800");
}

TEST(ReadingsOf, OfSquaresTheFilesOwnOrderComesFirst) {
  const auto readings = readings_of(Dims{3, 6, 6}, time_first(6, 6));
  ASSERT_FALSE(readings.empty());
  EXPECT_EQ(readings[0].layout.dims, time_first(6, 6).dims);
}

TEST(ReadingsOf, TurnWhatLiesLikeNeitherTheFileNorTheGraph) {
  EXPECT_EQ(read_as({40, 6}, channels_first(6, 40), 40), "1 of 40 time_first");
  EXPECT_EQ(read_as({5, 40, 6}, channels_first(6, 40), 40), "stack of 5 of 40 time_first");
  EXPECT_EQ(read_as({5, 6, 40}, time_first(6, 40), 40), "stack of 5 of 40");
}

TEST(ReadingsOf, TakeVectorsInAStack) {
  IoLayout vector = plain_layout("x", {7, 1, 1});
  vector.dims = {{}, {{Axis::c, 7, 1}}};
  EXPECT_EQ(read_as({5, 7}, vector, 1), "stack of 5 of 1");
  EXPECT_EQ(read_as({7}, vector, 1), "1 of 1");
}

TEST(ReadingsOf, TakeRowsOfDevices) {
  const IoLayout devices = plain_layout("x", {9, 2, 100});
  EXPECT_EQ(read_as({4, 9, 2, 100}, devices, 100), "stack of 4 of 100");
  EXPECT_EQ(read_as({9, 2, 100}, devices, 100), "1 of 100");
  EXPECT_EQ(read_as({4, 2, 100, 9}, devices, 100), "stack of 4 of 100 time_first");
}

TEST(ReadingsOf, OtherChannelsHaveNone) {
  EXPECT_TRUE(readings_of(Dims{5, 40, 7}, time_first(6, 40)).empty());
  EXPECT_TRUE(readings_of(Dims{}, time_first(6, 40)).empty());
  EXPECT_TRUE(readings_of(Dims{9600}, time_first(6, 40)).empty());
}

TEST(WindowOf, GivesEachWindowInTheGraphsOrder) {
  std::vector<float> values(12);
  std::iota(values.begin(), values.end(), 0.0F);
  const auto readings = readings_of(Dims{2, 3, 2}, time_first(2, 3));
  EXPECT_EQ(window_of(values, readings[0], 1).value(), (std::vector<float>{6, 8, 10, 7, 9, 11}));
  EXPECT_FALSE(window_of(values, readings[0], 2).has_value());
  values.pop_back();
  EXPECT_FALSE(window_of(values, readings[0], 0).has_value());
}

TEST(MisfitText, NamesTheAxisAsTheArrayHasIt) {
  EXPECT_EQ(misfit_text(Dims{1, 30, 6}, time_first(6, 40), false),
            "has 30 along time, dimension 1 of [1, 30, 6]; the network takes 40");
  EXPECT_EQ(misfit_text(Dims{5, 6, 30}, channels_first(6, 40), false),
            "has 30 along time, dimension 2 of [5, 6, 30]; the network takes 40");
  EXPECT_EQ(misfit_text(Dims{1, 40, 7}, time_first(6, 40), false),
            "has 7 along channels, dimension 2 of [1, 40, 7]; the network takes 6");
  EXPECT_EQ(misfit_text(Dims{30, 6}, channels_first(6, 40), false),
            "has 30 along time, dimension 0 of [30, 6]; the network takes 40");
}

TEST(MisfitText, TellsWhatIsTakenWhereNoOneAxisIsWrong) {
  EXPECT_EQ(misfit_text(Dims{240}, time_first(6, 40), false),
            "holds an array [240], the network takes [1, 40 time, 6 channels], or several of these "
            "in a stack");
  EXPECT_EQ(
      misfit_text(Dims{2, 2, 2, 2, 2}, time_first(6, 40), true),
      "holds an array [2, 2, 2, 2, 2], the network takes [1, time, 6 channels], or several of "
      "these in a stack");
  EXPECT_EQ(misfit_text(Dims{1, 100, 7}, time_first(6, 40), true),
            "has 7 along channels, dimension 2 of [1, 100, 7]; the network takes 6");
}

TEST(StackedDims, CountWindowsInTheBatchOrInFront) {
  EXPECT_EQ(stacked_dims(time_first(6, 40), 5), (Dims{5, 40, 6}));
  IoLayout scores = plain_layout("y", {3, 1, 1});
  scores.dims = {{{Axis::c, 3, 1}}};
  EXPECT_EQ(stacked_dims(scores, 5), (Dims{5, 3}));
}

}  // namespace
}  // namespace tessera
