#include <array>
#include <cmath>

#include "kernels/ref/integer_kernels.h"
#include "kernels/ref/time_tile.h"

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

// What a norm takes from its operand.
struct Normal {
  double mean = 0;
  double r = 0;  // 1 / sqrt(variance + eps)
};

Normal normal_of(const NormStatistics& op, const Moments& moments, double count) {
  return {moments.mean(count), 1.0 / std::sqrt(moments.variance(count) + op.eps)};
}

void write(const NormStatistics& op, const Normal& normal, const Target& dst, int64_t c, int64_t h,
           int64_t t) {
  dst.row(c, h)[t] = static_cast<float>(static_cast<double>(op.gamma[c]) * normal.r);
  dst.row(op.gamma.size() + c, h)[t] = static_cast<float>(
      static_cast<double>(op.beta[c]) - static_cast<double>(op.center[c]) * normal.mean * normal.r);
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
  Normal normal = normal_of(op, all, count);
  for (int64_t c = 0; c < op.gamma.size(); ++c) {
    if (!global) normal = normal_of(op, moments(c), count);
    write(op, normal, dst, c, h, 0);
  }
}

// Sums over the channels of each of `count` frames; exact terms, few of them: plain sums do.
struct FrameMoments {
  std::array<double, reference::kTileFrames> first = {};
  std::array<double, reference::kTileFrames> second = {};

  Moments at(int64_t i) const {
    const auto frame = static_cast<size_t>(i);
    return {{first[frame], 0}, {second[frame], 0}};
  }
};

template <typename Code>
void measure_frames(const CodeSource<Code>& src, const Coding& coding, int64_t h, int64_t begin,
                    int64_t count, FrameMoments& moments) {
  for (int64_t c = 0; c < src.shape.c; ++c) {
    const auto channel = static_cast<size_t>(c);
    const auto unit = static_cast<double>(coding.scale[channel]);
    const int32_t zero = coding.zero_point[channel];
    const Code* codes = src.row(c, h) + begin;
    for (int64_t i = 0; i < count; ++i) {
      const double value = static_cast<double>(codes[i] - zero) * unit;
      moments.first[static_cast<size_t>(i)] += value;
      moments.second[static_cast<size_t>(i)] += value * value;
    }
  }
}

// Frames begin .. begin + count - 1, at most kTileFrames. `running`, for cumulative alone, holds
// the `before` frames that came earlier and takes these in.
template <typename Code>
void per_frame(const NormStatistics& op, const CodeSource<Code>& src, const Coding& coding,
               const Target& dst, int64_t h, int64_t begin, int64_t count, int64_t before,
               Moments& running) {
  FrameMoments moments;
  measure_frames(src, coding, h, begin, count, moments);
  std::array<Normal, reference::kTileFrames> normals;
  for (int64_t i = 0; i < count; ++i) {
    Moments frame = moments.at(i);
    auto terms = static_cast<double>(src.shape.c);
    if (op.kind == NormKind::cumulative) {
      running.add(frame);
      frame = running;
      terms *= static_cast<double>(before + i + 1);
    }
    normals[static_cast<size_t>(i)] = normal_of(op, frame, terms);
  }
  for (int64_t c = 0; c < op.gamma.size(); ++c) {
    for (int64_t i = 0; i < count; ++i)
      write(op, normals[static_cast<size_t>(i)], dst, c, h, begin + i);
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
      Moments running;
      reference::for_each_tile(src.shape.w, [&](int64_t begin, int64_t count) {
        per_frame(op, src, coding, dst, h, begin, count, begin, running);
      });
    }
  }
}

template <typename Code>
void norm_statistics(const NormStatistics& op, const CodeSource<Code>& src, const Coding& coding,
                     const Target& dst, CarriedMoments& carried) {
  const int64_t first = std::clamp(carried.skip - carried.seen, int64_t{0}, src.shape.w);
  const int64_t earlier = std::max(carried.seen - carried.skip, int64_t{0});
  for (int64_t h = 0; h < src.shape.h; ++h) {
    for (int64_t c = 0; c < dst.shape.c; ++c) std::fill_n(dst.row(c, h), first, 0.0f);
    CarriedMoments::Row& row = carried.rows[static_cast<size_t>(h)];
    Moments running{row.first, row.second};
    reference::for_each_tile(src.shape.w - first, [&](int64_t begin, int64_t count) {
      per_frame(op, src, coding, dst, h, first + begin, count, earlier + begin, running);
    });
    row = {running.first, running.second};
  }
  carried.seen += src.shape.w;
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
template void norm_statistics(const NormStatistics&, const CodeSource<Code8>&, const Coding&,
                              const Target&, CarriedMoments&);
template void norm_statistics(const NormStatistics&, const CodeSource<Code16>&, const Coding&,
                              const Target&, CarriedMoments&);

}  // namespace tessera::integer
