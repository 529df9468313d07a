#include "graph/window_batch.h"

#include <fmt/format.h>

#include "tessera/compiler/tensor.h"

namespace tessera {

Result<WindowBatch> WindowBatch::create(std::vector<WindowArray> arrays,
                                        std::vector<WindowReading> readings) {
  WindowBatch batch;
  size_t tallest = 0;
  for (size_t i = 0; i < readings.size(); ++i) {
    if (readings[i].windows == 0) {
      return TESSERA_ERROR(kInvalidArgument, arrays[i].source,
                           fmt::format("holds no window: {}", dims_to_string(arrays[i].array.dims)),
                           "give at least one");
    }
    if (readings[i].windows > readings[tallest].windows) tallest = i;
    batch.stacked_ = batch.stacked_ || readings[i].stacked;
  }
  batch.windows_ = readings[tallest].windows;
  for (size_t i = 0; i < readings.size(); ++i) {
    const std::string& name = readings[i].layout.name;
    if (readings[i].windows == batch.windows_) {
      if (readings[i].time_first) {
        batch.notes_.push_back({NoteSeverity::info,
                                fmt::format("{}: {} was read as [time, channels]", arrays[i].source,
                                            dims_to_string(arrays[i].array.dims))});
      }
      continue;
    }
    if (readings[i].windows != 1) {
      return TESSERA_ERROR(
          kInvalidArgument, arrays[i].source,
          fmt::format("holds {} windows of '{}', but there are {} of '{}'", readings[i].windows,
                      name, batch.windows_, readings[tallest].layout.name),
          "give every input the same number of windows");
    }
    batch.notes_.push_back(
        {NoteSeverity::info,
         fmt::format("{}: the one window of '{}' goes with each of the {} of "
                     "'{}'",
                     arrays[i].source, name, batch.windows_, readings[tallest].layout.name)});
  }
  batch.arrays_ = std::move(arrays);
  batch.readings_ = std::move(readings);
  return batch;
}

Result<std::vector<std::vector<float>>> WindowBatch::window(int64_t n) const {
  std::vector<std::vector<float>> values;
  for (size_t i = 0; i < arrays_.size(); ++i) {
    const int64_t own = readings_[i].windows == 1 ? 0 : n;
    TESSERA_TRY(std::vector<float> input, window_of(arrays_[i].array.values, readings_[i], own));
    values.push_back(std::move(input));
  }
  return values;
}

}  // namespace tessera
