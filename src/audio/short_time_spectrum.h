// Level over time and frequency, sampled to the size of a picture.
#pragma once

#include <span>
#include <vector>

namespace tessera {

inline constexpr float kSilenceDb = -200.0F;

// Column-major: level(column, row), row 0 = 0 Hz, the last row = half the sampling rate.
struct LevelMap {
  int columns = 0;
  int rows = 0;
  std::vector<float> levels_db;  // re a full-scale sine; kSilenceDb or more

  float& at(int column, int row) {
    return levels_db[static_cast<size_t>(column) * static_cast<size_t>(rows) +
                     static_cast<size_t>(row)];
  }
  float at(int column, int row) const {
    return levels_db[static_cast<size_t>(column) * static_cast<size_t>(rows) +
                     static_cast<size_t>(row)];
  }
};

// Hann windows of 32 ms, at least one for each column and overlapping by half or more; a column is
// the mean power of its windows. `samples` is not empty and finite; columns and rows are at
// least 2.
LevelMap short_time_spectrum(std::span<const float> samples, int sample_rate, int columns,
                             int rows);

}  // namespace tessera
