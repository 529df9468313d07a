#include "rewrite/weights.h"

#include <cmath>
#include <numeric>

namespace tessera {

Tensor vector_tensor(std::span<const double> values) {
  std::vector<float> rounded(values.size());
  for (size_t i = 0; i < values.size(); ++i) rounded[i] = static_cast<float>(values[i]);
  return Tensor({static_cast<int64_t>(values.size())}, std::move(rounded));
}

Tensor zeros(int64_t n) {
  return Tensor::full({n}, 0.0F);
}

Tensor ones(int64_t n) {
  return Tensor::full({n}, 1.0F);
}

Tensor rows_of(const Tensor& tensor, int64_t begin, int64_t end) {
  std::vector<int64_t> dims = tensor.dims();
  const int64_t row = tensor.size() / dims[0];
  dims[0] = end - begin;
  const auto first = tensor.values().begin();
  return Tensor(std::move(dims), std::vector<float>(first + begin * row, first + end * row));
}

Tensor stack_rows(std::span<const Tensor> parts) {
  std::vector<int64_t> dims = parts[0].dims();
  dims[0] = 0;
  std::vector<float> values;
  for (const Tensor& part : parts) {
    dims[0] += part.dim(0);
    values.insert(values.end(), part.values().begin(), part.values().end());
  }
  return Tensor(std::move(dims), std::move(values));
}

Tensor join_columns(std::span<const Tensor> parts) {
  const int64_t out = parts[0].dim(0);
  int64_t in = 0;
  for (const Tensor& part : parts) in += part.dim(1);
  std::vector<float> values;
  values.reserve(static_cast<size_t>(out * in));
  for (int64_t o = 0; o < out; ++o) {
    for (const Tensor& part : parts) {
      const auto row = part.values().begin() + o * part.dim(1);
      values.insert(values.end(), row, row + part.dim(1));
    }
  }
  return Tensor({out, in, 1, 1}, std::move(values));
}

Tensor bias_or_zeros(const Tensor& bias, int64_t n) {
  return bias.empty() ? zeros(n) : bias;
}

int64_t output_channels(const Conv& conv) {
  return conv.weight.dim(0);
}

int64_t output_channels(const ConvTranspose& conv) {
  return conv.weight.dim(1) * conv.groups;
}

Tensor identity_matrix(int64_t n) {
  std::vector<float> values(static_cast<size_t>(n * n), 0.0F);
  for (int64_t i = 0; i < n; ++i) values[static_cast<size_t>(i * n + i)] = 1.0F;
  return Tensor({n, n, 1, 1}, std::move(values));
}

Conv ungrouped(const Conv& conv) {
  const int64_t out = conv.weight.dim(0);
  const int64_t in_per_group = conv.weight.dim(1);
  const int64_t taps = conv.weight.dim(2) * conv.weight.dim(3);
  const int64_t in = in_per_group * conv.groups;
  std::vector<float> values(static_cast<size_t>(out * in * taps), 0.0F);
  for (int64_t o = 0; o < out; ++o) {
    const int64_t group = o / (out / conv.groups);
    const auto row = conv.weight.values().begin() + o * in_per_group * taps;
    std::copy(row, row + in_per_group * taps,
              values.begin() + (o * in + group * in_per_group) * taps);
  }
  Conv dense = conv;
  dense.groups = 1;
  dense.weight = Tensor({out, in, conv.weight.dim(2), conv.weight.dim(3)}, std::move(values));
  return dense;
}

ConvTranspose ungrouped(const ConvTranspose& conv) {
  const int64_t in = conv.weight.dim(0);
  const int64_t out_per_group = conv.weight.dim(1);
  const int64_t taps = conv.weight.dim(2) * conv.weight.dim(3);
  const int64_t out = out_per_group * conv.groups;
  std::vector<float> values(static_cast<size_t>(in * out * taps), 0.0F);
  for (int64_t i = 0; i < in; ++i) {
    const int64_t group = i / (in / conv.groups);
    const auto row = conv.weight.values().begin() + i * out_per_group * taps;
    std::copy(row, row + out_per_group * taps,
              values.begin() + (i * out + group * out_per_group) * taps);
  }
  ConvTranspose dense = conv;
  dense.groups = 1;
  dense.weight = Tensor({in, out, conv.weight.dim(2), conv.weight.dim(3)}, std::move(values));
  return dense;
}

bool all_finite(const Tensor& tensor) {
  for (float value : tensor.values()) {
    if (!std::isfinite(value)) return false;
  }
  return true;
}

}  // namespace tessera
