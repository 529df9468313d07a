#include <array>
#include <cmath>

#include "kernels/ref/reference_kernels.h"
#include "kernels/ref/time_tile.h"

namespace tessera::reference {
namespace {

struct Statistics {
  double mean = 0;
  double variance = 0;  // biased
};

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

// Over channels [first, last) of device row h and all frames.
Statistics statistics_of(const Source& src, int64_t first, int64_t last, int64_t h) {
  const auto count = static_cast<double>((last - first) * src.shape.w);
  Statistics result;
  for (int64_t c = first; c < last; ++c) {
    const float* in = src.row(c, h);
    for (int64_t t = 0; t < src.shape.w; ++t) result.mean += static_cast<double>(in[t]);
  }
  result.mean /= count;
  for (int64_t c = first; c < last; ++c) {
    const float* in = src.row(c, h);
    for (int64_t t = 0; t < src.shape.w; ++t) {
      const double difference = static_cast<double>(in[t]) - result.mean;
      result.variance += difference * difference;
    }
  }
  result.variance /= count;
  return result;
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

// Statistics of single frames over all channels, for a stretch of frames.
struct FrameStatistics {
  std::array<double, kTileFrames> mean;
  std::array<double, kTileFrames> variance;
};

void measure_frames(const Source& src, int64_t h, int64_t begin, int64_t count,
                    FrameStatistics& result) {
  std::fill_n(result.mean.begin(), count, 0.0);
  std::fill_n(result.variance.begin(), count, 0.0);
  const auto channels = static_cast<double>(src.shape.c);
  for (int64_t c = 0; c < src.shape.c; ++c) {
    const float* in = src.row(c, h) + begin;
    for (int64_t i = 0; i < count; ++i) result.mean[i] += static_cast<double>(in[i]);
  }
  for (int64_t i = 0; i < count; ++i) result.mean[i] /= channels;
  for (int64_t c = 0; c < src.shape.c; ++c) {
    const float* in = src.row(c, h) + begin;
    for (int64_t i = 0; i < count; ++i) {
      const double difference = static_cast<double>(in[i]) - result.mean[i];
      result.variance[i] += difference * difference;
    }
  }
  for (int64_t i = 0; i < count; ++i) result.variance[i] /= channels;
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

// Frame t sees the mean and variance over frames 0..t. The running pair is merged with each frame's
// own by the formula of Chan, Golub and LeVeque (1983), which cannot give a negative variance.
void cumulative(const Norm& op, const Source& src, const Target& dst) {
  FrameStatistics statistics;
  for (int64_t h = 0; h < src.shape.h; ++h) {
    Statistics running;
    for_each_tile(src.shape.w, [&](int64_t begin, int64_t count) {
      measure_frames(src, h, begin, count, statistics);
      for (int64_t i = 0; i < count; ++i) {
        const double share = 1.0 / static_cast<double>(begin + i + 1);  // this frame's weight
        const double step = statistics.mean[i] - running.mean;
        running.mean += step * share;
        running.variance += share * (statistics.variance[i] - running.variance) +
                            share * (1.0 - share) * step * step;
        statistics.mean[i] = running.mean;
        statistics.variance[i] = running.variance;
      }
      normalise_frames(op, statistics, src, dst, h, begin, count);
    });
  }
}

}  // namespace

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
