#include "vendor/hailo/hn/hn_operands.h"

#include <algorithm>

#include <fmt/format.h>

namespace tessera {
Tensor permuted(const Tensor& tensor, const std::vector<size_t>& order) {
  const size_t rank = order.size();
  std::vector<int64_t> strides(rank, 1), dims(rank), steps(rank);
  for (size_t i = rank - 1; i-- > 0;) strides[i] = strides[i + 1] * tensor.dim(i + 1);
  for (size_t i = 0; i < rank; ++i) {
    dims[i] = tensor.dim(order[i]);
    steps[i] = strides[order[i]];
  }
  std::vector<float> values(static_cast<size_t>(tensor.size()));
  std::vector<int64_t> index(rank, 0);
  int64_t at = 0;
  for (float& value : values) {
    value = tensor[at];
    for (size_t i = rank; i-- > 0;) {
      at += steps[i];
      if (++index[i] < dims[i]) break;
      at -= steps[i] * dims[i];
      index[i] = 0;
    }
  }
  return Tensor(std::move(dims), std::move(values));
}

Result<std::pair<int64_t, int64_t>> hn_padding(std::string_view word, int64_t size, int64_t kernel,
                                               int64_t stride, int64_t dilation) {
  if (word.empty() || word == "VALID") return std::pair<int64_t, int64_t>{0, 0};
  if (word != "SAME" && word != "SAME_TENSORFLOW") {
    return TESSERA_ERROR(kUnsupported, "", fmt::format("padding '{}' is not known", word), "");
  }
  const int64_t outputs = (size + stride - 1) / stride;
  const int64_t total =
      std::max<int64_t>(0, (outputs - 1) * stride + dilation * (kernel - 1) + 1 - size);
  const int64_t before = word == "SAME" ? (total + 1) / 2 : total / 2;
  return std::pair<int64_t, int64_t>{before, total - before};
}

Result<Padding> hn_padding(const HnParams& params, const Shape& input, Extent kernel, Extent stride,
                           Extent dilation) {
  constexpr int64_t kMost = 1 << 24;
  for (const int64_t value : {kernel.h, kernel.w, stride.h, stride.w, dilation.h, dilation.w}) {
    if (value < 1 || value > kMost) {
      return TESSERA_ERROR(kUnsupported, "",
                           fmt::format("{} is no size of a kernel, stride or "
                                       "dilation",
                                       value),
                           "");
    }
  }
  TESSERA_TRY(const auto rows, hn_padding(params.padding, input.h, kernel.h, stride.h, dilation.h));
  TESSERA_TRY(const auto columns,
              hn_padding(params.padding, input.w, kernel.w, stride.w, dilation.w));
  return Padding{rows.first, rows.second, columns.first, columns.second};
}

}  // namespace tessera
