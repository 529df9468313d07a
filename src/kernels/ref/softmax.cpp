#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/ref/reference_kernels.h"

namespace tessera::reference {
namespace {

// exp(x)/sum of exp(x) over `count` elements that lie `stride` apart; the largest is subtracted
// first so that nothing overflows.
void softmax_line(const float* src, float* dst, int64_t count, int64_t stride) {
  double largest = -std::numeric_limits<double>::infinity();
  for (int64_t i = 0; i < count; ++i)
    largest = std::max(largest, static_cast<double>(src[i * stride]));
  double sum = 0;
  for (int64_t i = 0; i < count; ++i)
    sum += std::exp(static_cast<double>(src[i * stride]) - largest);
  for (int64_t i = 0; i < count; ++i) {
    dst[i * stride] =
        static_cast<float>(std::exp(static_cast<double>(src[i * stride]) - largest) / sum);
  }
}

}  // namespace

void softmax(const Softmax& op, const Source& src, const Target& dst) {
  const int64_t plane = src.shape.h * src.shape.w;  // elements of one channel
  const int64_t channels = src.shape.c / op.sources;
  const int64_t source_elements = channels * plane;
  switch (op.over) {
    case SoftmaxOver::source:
      for (int64_t i = 0; i < source_elements; ++i)
        softmax_line(src.values + i, dst.values + i, op.sources, source_elements);
      return;
    case SoftmaxOver::channel:
      for (int64_t s = 0; s < op.sources; ++s) {
        for (int64_t i = s * source_elements; i < s * source_elements + plane; ++i)
          softmax_line(src.values + i, dst.values + i, channels, plane);
      }
      return;
    case SoftmaxOver::time:
      for (int64_t i = 0; i < src.shape.c * src.shape.h; ++i)
        softmax_line(src.values + i * src.shape.w, dst.values + i * src.shape.w, src.shape.w, 1);
      return;
  }
}

}  // namespace tessera::reference
