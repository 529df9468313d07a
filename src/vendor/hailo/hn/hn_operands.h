// Arithmetic that the layers of an HN share.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "tessera/compiler/tensor.h"
#include "vendor/hailo/hn/hn.h"

namespace tessera {

// Element i of a list in the order [1, height, width, 1]; 1 where the list is shorter.
inline int64_t hn_extent(const std::vector<int64_t>& list, size_t i) {
  return i < list.size() ? list[i] : 1;
}

inline Extent hn_extent(const std::vector<int64_t>& list) {
  return {hn_extent(list, 1), hn_extent(list, 2)};
}

// What a padding adds before and after `size` elements. SAME_TENSORFLOW has the odd element behind;
// SAME, as far as is known, before. Errors: kUnsupported for another word.
Result<std::pair<int64_t, int64_t>> hn_padding(std::string_view word, int64_t size, int64_t kernel,
                                               int64_t stride, int64_t dilation);
Result<Padding> hn_padding(const HnParams& params, const Shape& input, Extent kernel, Extent stride,
                           Extent dilation);

// The array with its axes in another order: axis i of the result is axis `order[i]` of `tensor`.
Tensor permuted(const Tensor& tensor, const std::vector<size_t>& order);

// Orders of axes.
inline const std::vector<size_t> kOutputsFirst{3, 2, 0, 1};   // [h, w, in, out] -> [out, in, h, w]
inline const std::vector<size_t> kChannelsFirst{2, 3, 0, 1};  // [h, w, c, n] -> [c, n, h, w]
inline const std::vector<size_t> kPlanes{2, 0, 1};            // [h, w, c] -> [c, h, w]

}  // namespace tessera
