#include <algorithm>

#include "kernels/ref/reference_kernels.h"

namespace tessera::reference {

void concat(const Concat& op, std::span<const Source> sources, const Target& dst) {
  int64_t offset = 0;  // along the axis
  for (const Source& src : sources) {
    for (int64_t c = 0; c < src.shape.c; ++c) {
      for (int64_t h = 0; h < src.shape.h; ++h) {
        float* out = op.axis == Axis::c   ? dst.row(c + offset, h)
                     : op.axis == Axis::h ? dst.row(c, h + offset)
                                          : dst.row(c, h) + offset;
        std::copy_n(src.row(c, h), src.shape.w, out);
      }
    }
    offset += op.axis == Axis::c ? src.shape.c : op.axis == Axis::h ? src.shape.h : src.shape.w;
  }
}

}  // namespace tessera::reference
