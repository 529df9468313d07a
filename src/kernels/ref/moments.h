// Mean and biased variance over the sets that norms are defined on.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "kernels/ref/reference_kernels.h"
#include "kernels/ref/time_tile.h"

namespace tessera::reference {

struct Statistics {
  double mean = 0;
  double variance = 0;  // biased
};

// Of one row: its values, and the squares of their distances from `mean`, added up in eight
// interleaved parts. Statistics over rows add up what these return.
double sum_of_row(const Source& src, int64_t c, int64_t h);
double spread_of_row(const Source& src, int64_t c, int64_t h, double mean);

// Over channels [first, last) of device row h and all frames.
Statistics statistics_of(const Source& src, int64_t first, int64_t last, int64_t h);

// Statistics of single frames, for a stretch of them.
struct FrameStatistics {
  std::array<double, kTileFrames> mean;
  std::array<double, kTileFrames> variance;
};

// Each frame of begin .. begin + count over all channels.
void measure_frames(const Source& src, int64_t h, int64_t begin, int64_t count,
                    FrameStatistics& result);

// Turns statistics of single frames into those over all frames so far. `running` carries them from
// stretch to stretch; it starts empty.
void accumulate_frames(int64_t begin, int64_t count, FrameStatistics& frames, Statistics& running);

// What a cumulative op keeps between two stretches of one sequence.
struct Carried {
  Carried(int64_t skipped_frames, const Shape& src)
      : skip(skipped_frames),
        statistics(static_cast<size_t>(src.h)),
        sums(static_cast<size_t>(src.c * src.h)) {}

  // Of a stretch of `frames`: how many of the first are before the sequence.
  int64_t skipped(int64_t frames) const { return std::clamp(skip - seen, int64_t{0}, frames); }
  // Frames of the sequence before this stretch.
  int64_t before() const { return std::max(seen - skip, int64_t{0}); }
  void reset() {
    seen = 0;
    std::fill(statistics.begin(), statistics.end(), Statistics{});
    std::fill(sums.begin(), sums.end(), 0.0);
  }

  int64_t skip = 0;
  int64_t seen = 0;                    // frames so far, skipped ones included
  std::vector<Statistics> statistics;  // [H]
  std::vector<double> sums;            // [C, H]
};

// A cumulative Norm, cumulative NormStatistics or CumulativeSum.
bool is_cumulative(const Op& op);
// Evaluates one of them on the next stretch of its sequence.
void evaluate_carried(const Op& op, const Source& src, const Target& dst, Carried& carried);
void norm(const Norm& op, const Source& src, const Target& dst, Carried& carried);
void norm_statistics(const NormStatistics& op, const Source& src, const Target& dst,
                     Carried& carried);
void cumulative_sum(const Source& src, const Target& dst, Carried& carried);

// Coefficients of every row from the statistics of device row h over the whole sequence.
void write_coefficients(const NormStatistics& op, const Statistics& statistics, int64_t h,
                        const Target& dst);

}  // namespace tessera::reference
