#include "graph/window_batch.h"

#include <gtest/gtest.h>

namespace tessera {
namespace {

NpyArray array(std::vector<int64_t> dims) {
  int64_t size = 1;
  for (int64_t dim : dims) size *= dim;
  NpyArray made{std::move(dims), {}, "<f4"};
  for (int64_t i = 0; i < size; ++i) made.values.push_back(static_cast<float>(i));
  return made;
}

Result<WindowBatch> batch_of(const std::vector<int64_t>& x, const std::vector<int64_t>& past) {
  const IoLayout inputs[] = {plain_layout("x", {2, 1, 3}), plain_layout("past", {2, 1, 1})};
  std::vector<WindowArray> arrays{{"x.npy", array(x)}, {"past.npy", array(past)}};
  std::vector<WindowReading> readings;
  for (size_t i = 0; i < 2; ++i)
    readings.push_back(readings_of(arrays[i].array.dims, inputs[i]).front());
  return WindowBatch::create(std::move(arrays), std::move(readings));
}

TEST(WindowBatch, GivesTheInputsOfOneWindowTogether) {
  const WindowBatch batch = batch_of({2, 2, 3}, {2, 2, 1}).value();
  EXPECT_EQ(batch.windows(), 2);
  EXPECT_TRUE(batch.stacked());
  EXPECT_EQ(batch.window(1).value(),
            (std::vector<std::vector<float>>{{6, 7, 8, 9, 10, 11}, {2, 3}}));
}

TEST(WindowBatch, OneWindowBesideAStackStandsForEachAndIsNoted) {
  const WindowBatch batch = batch_of({2, 2, 3}, {2, 1}).value();
  EXPECT_EQ(batch.window(1).value()[1], (std::vector<float>{0, 1}));
  ASSERT_EQ(batch.notes().size(), 1u);
  EXPECT_EQ(batch.notes()[0].text,
            "past.npy: the one window of 'past' goes with each of the 2 of 'x'");
}

TEST(WindowBatch, RefusesDifferentNumbersOfWindows) {
  EXPECT_EQ(batch_of({5, 2, 3}, {4, 2, 1}).error().to_string(),
            "past.npy: holds 4 windows of 'past', but there are 5 of 'x' (give every input the "
            "same number of windows)");
}

TEST(WindowBatch, RefusesABatchOfNone) {
  EXPECT_EQ(batch_of({0, 2, 3}, {1, 2, 1}).error().to_string(),
            "x.npy: holds no window: [0, 2, 3] (give at least one)");
}

}  // namespace
}  // namespace tessera
