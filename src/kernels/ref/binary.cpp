#include <cmath>

#include "kernels/ref/reference_kernels.h"

namespace tessera::reference {
namespace {

// Distance between neighbours along each axis, 0 where the one element is repeated.
struct Strides {
  int64_t c, h, w;
};
Strides broadcast_strides(const Shape& shape) {
  return {shape.c == 1 ? 0 : shape.h * shape.w, shape.h == 1 ? 0 : shape.w, shape.w == 1 ? 0 : 1};
}

template <typename Function>
void combine(const Source& a, const Source& b, const Target& dst, Function&& function) {
  const Strides step_a = broadcast_strides(a.shape);
  const Strides step_b = broadcast_strides(b.shape);
  for (int64_t c = 0; c < dst.shape.c; ++c) {
    for (int64_t h = 0; h < dst.shape.h; ++h) {
      const float* row_a = a.values + c * step_a.c + h * step_a.h;
      const float* row_b = b.values + c * step_b.c + h * step_b.h;
      float* out = dst.row(c, h);
      for (int64_t w = 0; w < dst.shape.w; ++w) {
        out[w] = static_cast<float>(function(static_cast<double>(row_a[w * step_a.w]),
                                             static_cast<double>(row_b[w * step_b.w])));
      }
    }
  }
}

}  // namespace

void add(const Source& a, const Source& b, const Target& dst) {
  combine(a, b, dst, [](double x, double y) { return x + y; });
}

void mul(const Source& a, const Source& b, const Target& dst) {
  combine(a, b, dst, [](double x, double y) { return x * y; });
}

void binary(const Binary& op, const Source& a, const Source& b, const Target& dst) {
  // max and min give NaN when either operand is NaN.
  switch (op.kind) {
    case BinaryKind::sub: return combine(a, b, dst, [](double x, double y) { return x - y; });
    case BinaryKind::div: return combine(a, b, dst, [](double x, double y) { return x / y; });
    case BinaryKind::max:
      return combine(a, b, dst, [](double x, double y) { return std::isnan(x) || x > y ? x : y; });
    case BinaryKind::min:
      return combine(a, b, dst, [](double x, double y) { return std::isnan(x) || x < y ? x : y; });
    case BinaryKind::pow:
      return combine(a, b, dst, [](double x, double y) { return std::pow(x, y); });
  }
}

}  // namespace tessera::reference
