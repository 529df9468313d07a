#include <cmath>

#include "kernels/ref/moments.h"

namespace tessera::reference {
namespace {

// Writes scale and shift of row c for frame t.
void write_row(const NormStatistics& op, double mean, double variance, const Target& dst, int64_t c,
               int64_t h, int64_t t) {
  const double r = 1.0 / std::sqrt(variance + op.eps);
  dst.row(c, h)[t] = static_cast<float>(static_cast<double>(op.gamma[c]) * r);
  dst.row(op.gamma.size() + c, h)[t] = static_cast<float>(
      static_cast<double>(op.beta[c]) - static_cast<double>(op.center[c]) * mean * r);
}

// Row h from frame `first` on; `running`, for cumulative alone, holds the `before` frames that came
// earlier.
void per_frame(const NormStatistics& op, const Source& src, const Target& dst, int64_t h,
               int64_t first, int64_t before, Statistics& running) {
  FrameStatistics frames;
  for_each_tile(src.shape.w - first, [&](int64_t begin, int64_t count) {
    measure_frames(src, h, first + begin, count, frames);
    if (op.kind == NormKind::cumulative) accumulate_frames(before + begin, count, frames, running);
    for (int64_t c = 0; c < op.gamma.size(); ++c) {
      for (int64_t i = 0; i < count; ++i)
        write_row(op, frames.mean[i], frames.variance[i], dst, c, h, first + begin + i);
    }
  });
}

void per_frame(const NormStatistics& op, const Source& src, const Target& dst) {
  for (int64_t h = 0; h < src.shape.h; ++h) {
    Statistics running;
    per_frame(op, src, dst, h, 0, 0, running);
  }
}

void per_sequence(const NormStatistics& op, const Source& src, const Target& dst) {
  for (int64_t h = 0; h < src.shape.h; ++h) {
    if (op.kind == NormKind::global) {
      write_coefficients(op, statistics_of(src, 0, src.shape.c, h), h, dst);
      continue;
    }
    for (int64_t c = 0; c < op.gamma.size(); ++c) {
      const Statistics own = statistics_of(src, c, c + 1, h);
      write_row(op, own.mean, own.variance, dst, c, h, 0);
    }
  }
}

}  // namespace

void write_coefficients(const NormStatistics& op, const Statistics& statistics, int64_t h,
                        const Target& dst) {
  for (int64_t c = 0; c < op.gamma.size(); ++c)
    write_row(op, statistics.mean, statistics.variance, dst, c, h, 0);
}

void norm_statistics(const NormStatistics& op, const Source& src, const Target& dst) {
  if (op.kind == NormKind::global || op.kind == NormKind::feature_wise) {
    per_sequence(op, src, dst);
  } else {
    per_frame(op, src, dst);
  }
}

void norm_statistics(const NormStatistics& op, const Source& src, const Target& dst,
                     Carried& carried) {
  const int64_t first = carried.skipped(src.shape.w);
  for (int64_t h = 0; h < src.shape.h; ++h) {
    for (int64_t c = 0; c < dst.shape.c; ++c) std::fill_n(dst.row(c, h), first, 0.0f);
    per_frame(op, src, dst, h, first, carried.before(), carried.statistics[static_cast<size_t>(h)]);
  }
  carried.seen += src.shape.w;
}

}  // namespace tessera::reference
