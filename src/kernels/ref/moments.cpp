#include "kernels/ref/moments.h"

#include <algorithm>

namespace tessera::reference {

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

// The running pair is merged with each frame's own by the formula of Chan, Golub and LeVeque
// (1983), which cannot give a negative variance.
void accumulate_frames(int64_t begin, int64_t count, FrameStatistics& frames, Statistics& running) {
  for (int64_t i = 0; i < count; ++i) {
    const double share = 1.0 / static_cast<double>(begin + i + 1);  // this frame's weight
    const double step = frames.mean[i] - running.mean;
    running.mean += step * share;
    running.variance +=
        share * (frames.variance[i] - running.variance) + share * (1.0 - share) * step * step;
    frames.mean[i] = running.mean;
    frames.variance[i] = running.variance;
  }
}

}  // namespace tessera::reference
