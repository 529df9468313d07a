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

void per_frame(const NormStatistics& op, const Source& src, const Target& dst) {
  FrameStatistics frames;
  for (int64_t h = 0; h < src.shape.h; ++h) {
    Statistics running;
    for_each_tile(src.shape.w, [&](int64_t begin, int64_t count) {
      measure_frames(src, h, begin, count, frames);
      if (op.kind == NormKind::cumulative) accumulate_frames(begin, count, frames, running);
      for (int64_t c = 0; c < op.gamma.size(); ++c) {
        for (int64_t i = 0; i < count; ++i)
          write_row(op, frames.mean[i], frames.variance[i], dst, c, h, begin + i);
      }
    });
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

}  // namespace tessera::reference
