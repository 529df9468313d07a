#include "kernels/ref/moments.h"

#include <algorithm>

namespace tessera::reference {

namespace {

// The sum of term(x) over a row.
template <typename Term>
double add_up(const float* in, int64_t frames, const Term& term) {
  constexpr int64_t kParts = 8;
  std::array<double, kParts> parts = {};
  int64_t t = 0;
  for (; t + kParts <= frames; t += kParts) {
    for (int64_t i = 0; i < kParts; ++i)
      parts[static_cast<size_t>(i)] += term(static_cast<double>(in[t + i]));
  }
  for (; t < frames; ++t)
    parts[static_cast<size_t>(t % kParts)] += term(static_cast<double>(in[t]));
  double sum = 0;
  for (double part : parts) sum += part;
  return sum;
}

}  // namespace

double sum_of_row(const Source& src, int64_t c, int64_t h) {
  return add_up(src.row(c, h), src.shape.w, [](double x) { return x; });
}

double spread_of_row(const Source& src, int64_t c, int64_t h, double mean) {
  return add_up(src.row(c, h), src.shape.w, [mean](double x) { return (x - mean) * (x - mean); });
}

Statistics statistics_of(const Source& src, int64_t first, int64_t last, int64_t h) {
  const auto count = static_cast<double>((last - first) * src.shape.w);
  Statistics result;
  for (int64_t c = first; c < last; ++c) result.mean += sum_of_row(src, c, h);
  result.mean /= count;
  for (int64_t c = first; c < last; ++c) result.variance += spread_of_row(src, c, h, result.mean);
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
