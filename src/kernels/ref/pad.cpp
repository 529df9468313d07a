#include <algorithm>

#include "kernels/ref/reference_kernels.h"

namespace tessera::reference {
namespace {

constexpr int64_t kOutside = -1;

// The element of 0..size-1 that stands at position i, which may lie before or after them.
int64_t padded_index(int64_t i, int64_t size, PadMode mode) {
  if (i >= 0 && i < size) return i;
  switch (mode) {
    case PadMode::zero: return kOutside;
    case PadMode::reflect: return i < 0 ? -i : 2 * (size - 1) - i;
    case PadMode::edge: return std::clamp<int64_t>(i, 0, size - 1);
  }
  return kOutside;
}

}  // namespace

void pad(const Pad& op, const Source& src, const Target& dst) {
  for (int64_t c = 0; c < dst.shape.c; ++c) {
    for (int64_t h = 0; h < dst.shape.h; ++h) {
      const int64_t row = padded_index(h - op.padding.top, src.shape.h, op.mode);
      float* out = dst.row(c, h);
      for (int64_t w = 0; w < dst.shape.w; ++w) {
        const int64_t at = padded_index(w - op.padding.left, src.shape.w, op.mode);
        out[w] = row == kOutside || at == kOutside ? 0.0F : src.row(c, row)[at];
      }
    }
  }
}

}  // namespace tessera::reference
