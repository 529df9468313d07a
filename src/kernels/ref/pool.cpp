#include <algorithm>
#include <cmath>

#include "kernels/ref/reference_kernels.h"

namespace tessera::reference {
namespace {

// Sum or maximum of the elements seen so far; a NaN among them makes the maximum NaN.
class Pooled {
 public:
  explicit Pooled(PoolKind kind) : kind_(kind) {}
  void take(float x) {
    const auto value = static_cast<double>(x);
    if (kind_ == PoolKind::average) {
      value_ += value;
    } else if (count_ == 0 || value > value_ || std::isnan(value)) {
      value_ = value;
    }
    ++count_;
  }
  int64_t count() const { return count_; }
  // `divisor` matters for averages only.
  float result(int64_t divisor) const {
    return static_cast<float>(kind_ == PoolKind::average ? value_ / static_cast<double>(divisor)
                                                         : value_);
  }

 private:
  PoolKind kind_;
  double value_ = 0;
  int64_t count_ = 0;
};

}  // namespace

void pool(const Pool& op, const Source& src, const Target& dst) {
  for (int64_t c = 0; c < dst.shape.c; ++c) {
    for (int64_t h = 0; h < dst.shape.h; ++h) {
      const int64_t top = h * op.stride.h - op.padding.top;
      for (int64_t w = 0; w < dst.shape.w; ++w) {
        const int64_t left = w * op.stride.w - op.padding.left;
        Pooled pooled(op.kind);
        for (int64_t y = std::max<int64_t>(0, top); y < std::min(src.shape.h, top + op.kernel.h);
             ++y) {
          for (int64_t x = std::max<int64_t>(0, left);
               x < std::min(src.shape.w, left + op.kernel.w); ++x)
            pooled.take(src.row(c, y)[x]);
        }
        dst.row(c, h)[w] =
            pooled.result(op.count_padding ? op.kernel.h * op.kernel.w : pooled.count());
      }
    }
  }
}

void global_pool(const GlobalPool& op, const Source& src, const Target& dst) {
  for (int64_t c = 0; c < src.shape.c; ++c) {
    for (int64_t h = 0; h < src.shape.h; ++h) {
      Pooled pooled(op.kind);
      for (int64_t w = 0; w < src.shape.w; ++w) pooled.take(src.row(c, h)[w]);
      *dst.row(c, h) = pooled.result(pooled.count());
    }
  }
}

}  // namespace tessera::reference
