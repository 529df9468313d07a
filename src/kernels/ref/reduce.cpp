#include <cmath>

#include "kernels/ref/moments.h"

namespace tessera::reference {
namespace {

double combined(ReduceKind kind, double a, double b) {
  switch (kind) {
    case ReduceKind::sum:
    case ReduceKind::mean: return a + b;
    case ReduceKind::max: return std::isnan(a) || a > b ? a : b;
    case ReduceKind::min: return std::isnan(a) || a < b ? a : b;
  }
  return a;
}

}  // namespace

void reduce(const Reduce& op, const Source& src, const Target& dst) {
  // Elements of the source behind each element of the result.
  const Shape span{op.over_c ? src.shape.c : 1, op.over_h ? src.shape.h : 1,
                   op.over_w ? src.shape.w : 1};
  for (int64_t c = 0; c < dst.shape.c; ++c) {
    for (int64_t h = 0; h < dst.shape.h; ++h) {
      for (int64_t w = 0; w < dst.shape.w; ++w) {
        auto value = static_cast<double>(src.row(c, h)[w]);
        for (int64_t i = 0; i < span.size(); ++i) {
          if (i == 0) continue;  // already in `value`
          const int64_t at_c = c + i / (span.h * span.w);
          const int64_t at_h = h + i / span.w % span.h;
          const int64_t at_w = w + i % span.w;
          value = combined(op.kind, value, static_cast<double>(src.row(at_c, at_h)[at_w]));
        }
        if (op.kind == ReduceKind::mean) value /= static_cast<double>(span.size());
        dst.row(c, h)[w] = static_cast<float>(value);
      }
    }
  }
}

void cumulative_sum(const Source& src, const Target& dst) {
  for (int64_t c = 0; c < src.shape.c; ++c) {
    for (int64_t h = 0; h < src.shape.h; ++h) {
      double sum = 0;
      for (int64_t w = 0; w < src.shape.w; ++w) {
        sum += static_cast<double>(src.row(c, h)[w]);
        dst.row(c, h)[w] = static_cast<float>(sum);
      }
    }
  }
}

void cumulative_sum(const Source& src, const Target& dst, Carried& carried) {
  const int64_t first = carried.skipped(src.shape.w);
  for (int64_t c = 0; c < src.shape.c; ++c) {
    for (int64_t h = 0; h < src.shape.h; ++h) {
      double& sum = carried.sums[static_cast<size_t>(c * src.shape.h + h)];
      for (int64_t w = 0; w < src.shape.w; ++w) {
        if (w >= first) sum += static_cast<double>(src.row(c, h)[w]);
        dst.row(c, h)[w] = static_cast<float>(sum);
      }
    }
  }
  carried.seen += src.shape.w;
}

}  // namespace tessera::reference
