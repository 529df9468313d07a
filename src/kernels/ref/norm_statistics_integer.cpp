#include <cmath>

#include "kernels/ref/exact_sum.h"
#include "kernels/ref/integer_kernels.h"

namespace tessera::integer {
namespace {

// Of values and of their squares.
struct Moments {
  Sum first;
  Sum second;

  void add(const Moments& other) {
    first = first + other.first;
    second = second + other.second;
  }
  double mean(double count) const { return (first / count).value(); }
  // E[x^2] - E[x]^2 loses nothing here: both are known to about 100 bits.
  double variance(double count) const {
    return std::max(0.0, ((second + -(first * first / count)) / count).value());
  }
};

// Exact: integer sums over codes, then times the scale of the channel.
template <typename Code>
Moments moments_of_row(const Code* codes, int64_t frames, int32_t zero, float scale) {
  int64_t sum = 0;
  int64_t squares = 0;
  for (int64_t t = 0; t < frames; ++t) {
    const int64_t step = static_cast<int64_t>(codes[t]) - zero;
    sum += step;
    squares += step * step;
  }
  const auto unit = static_cast<double>(scale);
  return {sum_of(sum) * unit, sum_of(squares) * (unit * unit)};
}

template <typename Code>
Moments moments_of_frame(const CodeSource<Code>& src, const Coding& coding, int64_t h, int64_t t) {
  Moments moments;
  for (int64_t c = 0; c < src.shape.c; ++c) {
    const auto channel = static_cast<size_t>(c);
    const double step = static_cast<double>(src.row(c, h)[t] - coding.zero_point[channel]);
    const double value = step * static_cast<double>(coding.scale[channel]);
    moments.first.hi += value;  // exact terms, few of them: plain sums do
    moments.second.hi += value * value;
  }
  return moments;
}

void write(const NormStatistics& op, double mean, double variance, const Target& dst, int64_t c,
           int64_t h, int64_t t) {
  const double r = 1.0 / std::sqrt(variance + op.eps);
  dst.row(c, h)[t] = static_cast<float>(static_cast<double>(op.gamma[c]) * r);
  dst.row(op.gamma.size() + c, h)[t] = static_cast<float>(
      static_cast<double>(op.beta[c]) - static_cast<double>(op.center[c]) * mean * r);
}

template <typename Code>
void per_sequence(const NormStatistics& op, const CodeSource<Code>& src, const Coding& coding,
                  const Target& dst, int64_t h) {
  const auto row = [&](int64_t c) {
    const auto channel = static_cast<size_t>(c);
    return moments_of_row(src.row(c, h), src.shape.w, coding.zero_point[channel],
                          coding.scale[channel]);
  };
  const bool global = op.kind == NormKind::global;
  const auto count = static_cast<double>((global ? src.shape.c : 1) * src.shape.w);
  Moments all;
  for (int64_t c = 0; global && c < src.shape.c; ++c) all.add(row(c));
  for (int64_t c = 0; c < op.gamma.size(); ++c) {
    if (!global) all = row(c);
    write(op, all.mean(count), all.variance(count), dst, c, h, 0);
  }
}

template <typename Code>
void per_frame(const NormStatistics& op, const CodeSource<Code>& src, const Coding& coding,
               const Target& dst, int64_t h) {
  Moments running;
  for (int64_t t = 0; t < src.shape.w; ++t) {
    Moments moments = moments_of_frame(src, coding, h, t);
    auto count = static_cast<double>(src.shape.c);
    if (op.kind == NormKind::cumulative) {
      running.add(moments);
      moments = running;
      count *= static_cast<double>(t + 1);
    }
    const double mean = moments.mean(count);
    const double variance = moments.variance(count);
    for (int64_t c = 0; c < op.gamma.size(); ++c) write(op, mean, variance, dst, c, h, t);
  }
}

}  // namespace

template <typename Code>
void norm_statistics(const NormStatistics& op, const CodeSource<Code>& src, const Coding& coding,
                     const Target& dst) {
  const bool whole = op.kind == NormKind::global || op.kind == NormKind::feature_wise;
  for (int64_t h = 0; h < src.shape.h; ++h) {
    if (whole) {
      per_sequence(op, src, coding, dst, h);
    } else {
      per_frame(op, src, coding, dst, h);
    }
  }
}

template void norm_statistics(const NormStatistics&, const CodeSource<Code8>&, const Coding&,
                              const Target&);
template void norm_statistics(const NormStatistics&, const CodeSource<Code16>&, const Coding&,
                              const Target&);

}  // namespace tessera::integer
