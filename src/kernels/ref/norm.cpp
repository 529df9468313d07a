#include <cmath>

#include "kernels/ref/moments.h"

namespace tessera::reference {
namespace {

// Writes channel c, device row h: gamma*(x - mean)/sqrt(variance + eps) + beta.
void normalise_row(const Norm& op, const Statistics& statistics, const Source& src,
                   const Target& dst, int64_t c, int64_t h) {
  const double root = std::sqrt(statistics.variance + op.eps);
  const auto gamma = static_cast<double>(op.gamma[c]);
  const auto beta = static_cast<double>(op.beta[c]);
  const float* in = src.row(c, h);
  float* out = dst.row(c, h);
  for (int64_t t = 0; t < src.shape.w; ++t) {
    out[t] =
        static_cast<float>(gamma * (static_cast<double>(in[t]) - statistics.mean) / root + beta);
  }
}

void global(const Norm& op, const Source& src, const Target& dst) {
  for (int64_t h = 0; h < src.shape.h; ++h) {
    const Statistics statistics = statistics_of(src, 0, src.shape.c, h);
    for (int64_t c = 0; c < src.shape.c; ++c) normalise_row(op, statistics, src, dst, c, h);
  }
}

void feature_wise(const Norm& op, const Source& src, const Target& dst) {
  for (int64_t h = 0; h < src.shape.h; ++h) {
    for (int64_t c = 0; c < src.shape.c; ++c)
      normalise_row(op, statistics_of(src, c, c + 1, h), src, dst, c, h);
  }
}

void batch(const Norm& op, const Source& src, const Target& dst) {
  for (int64_t c = 0; c < src.shape.c; ++c) {
    const Statistics statistics{static_cast<double>(op.mean[c]),
                                static_cast<double>(op.variance[c])};
    for (int64_t h = 0; h < src.shape.h; ++h) normalise_row(op, statistics, src, dst, c, h);
  }
}

void normalise_frames(const Norm& op, const FrameStatistics& statistics, const Source& src,
                      const Target& dst, int64_t h, int64_t begin, int64_t count) {
  for (int64_t c = 0; c < src.shape.c; ++c) {
    const auto gamma = static_cast<double>(op.gamma[c]);
    const auto beta = static_cast<double>(op.beta[c]);
    const float* in = src.row(c, h) + begin;
    float* out = dst.row(c, h) + begin;
    for (int64_t i = 0; i < count; ++i) {
      out[i] = static_cast<float>(gamma * (static_cast<double>(in[i]) - statistics.mean[i]) /
                                      std::sqrt(statistics.variance[i] + op.eps) +
                                  beta);
    }
  }
}

void channel_wise(const Norm& op, const Source& src, const Target& dst) {
  FrameStatistics statistics;
  for (int64_t h = 0; h < src.shape.h; ++h) {
    for_each_tile(src.shape.w, [&](int64_t begin, int64_t count) {
      measure_frames(src, h, begin, count, statistics);
      normalise_frames(op, statistics, src, dst, h, begin, count);
    });
  }
}

// Frame t sees the mean and variance over frames 0..t. Row h from frame `first` on; `running` holds
// the `before` frames that came earlier.
void cumulative(const Norm& op, const Source& src, const Target& dst, int64_t h, int64_t first,
                int64_t before, Statistics& running) {
  FrameStatistics statistics;
  for_each_tile(src.shape.w - first, [&](int64_t begin, int64_t count) {
    measure_frames(src, h, first + begin, count, statistics);
    accumulate_frames(before + begin, count, statistics, running);
    normalise_frames(op, statistics, src, dst, h, first + begin, count);
  });
}

void cumulative(const Norm& op, const Source& src, const Target& dst) {
  for (int64_t h = 0; h < src.shape.h; ++h) {
    Statistics running;
    cumulative(op, src, dst, h, 0, 0, running);
  }
}

}  // namespace

void norm(const Norm& op, const Source& src, const Target& dst, Carried& carried) {
  const int64_t first = carried.skipped(src.shape.w);
  for (int64_t h = 0; h < src.shape.h; ++h) {
    for (int64_t c = 0; c < src.shape.c; ++c) std::fill_n(dst.row(c, h), first, 0.0f);
    cumulative(op, src, dst, h, first, carried.before(),
               carried.statistics[static_cast<size_t>(h)]);
  }
  carried.seen += src.shape.w;
}

void norm(const Norm& op, const Source& src, const Target& dst) {
  switch (op.kind) {
    case NormKind::global: return global(op, src, dst);
    case NormKind::feature_wise: return feature_wise(op, src, dst);
    case NormKind::channel_wise: return channel_wise(op, src, dst);
    case NormKind::cumulative: return cumulative(op, src, dst);
    case NormKind::batch: return batch(op, src, dst);
  }
}

}  // namespace tessera::reference
