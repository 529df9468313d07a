// Mean and biased variance over the sets that norms are defined on.
#pragma once

#include <array>

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

// Coefficients of every row from the statistics of device row h over the whole sequence.
void write_coefficients(const NormStatistics& op, const Statistics& statistics, int64_t h,
                        const Target& dst);

}  // namespace tessera::reference
