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

// Exact: integer sums over codes.
template <typename Code>
RowSum sum_of_row(const Code* codes, int64_t frames, int32_t zero) {
  RowSum row;
  for (int64_t t = 0; t < frames; ++t) {
    const int64_t step = static_cast<int64_t>(codes[t]) - zero;
    row.sum += step;
    row.squares += step * step;
  }
  return row;
}

// And then times the scale of the channel.
Moments moments_of(const RowSum& row, float scale) {
  const auto unit = static_cast<double>(scale);
  return {sum_of(row.sum) * unit, sum_of(row.squares) * (unit * unit)};
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

// row(c): its sums.
template <typename Row>
void per_sequence(const NormStatistics& op, const Shape& src, const Coding& coding,
                  const Target& dst, int64_t h, Row&& row) {
  const auto moments = [&](int64_t c) {
    return moments_of(row(c), coding.scale[static_cast<size_t>(c)]);
  };
  const bool global = op.kind == NormKind::global;
  const auto count = static_cast<double>((global ? src.c : 1) * src.w);
  Moments all;
  for (int64_t c = 0; global && c < src.c; ++c) all.add(moments(c));
  for (int64_t c = 0; c < op.gamma.size(); ++c) {
    if (!global) all = moments(c);
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
      per_sequence(op, src.shape, coding, dst, h, [&](int64_t c) {
        return sum_of_row(src.row(c, h), src.shape.w, coding.zero_point[static_cast<size_t>(c)]);
      });
    } else {
      per_frame(op, src, coding, dst, h);
    }
  }
}

void norm_statistics_of_sums(const NormStatistics& op, std::span<const RowSum> sums,
                             const Shape& src, const Coding& coding, const Target& dst) {
  for (int64_t h = 0; h < src.h; ++h) {
    per_sequence(op, src, coding, dst, h,
                 [&](int64_t c) { return sums[static_cast<size_t>(c * src.h + h)]; });
  }
}

template void norm_statistics(const NormStatistics&, const CodeSource<Code8>&, const Coding&,
                              const Target&);
template void norm_statistics(const NormStatistics&, const CodeSource<Code16>&, const Coding&,
                              const Target&);

}  // namespace tessera::integer
