// New weight tensors from old ones. Sums and products are formed in double and rounded once.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "tessera/compiler/op.h"

namespace tessera {

// A vector of n values, [n].
Tensor vector_tensor(std::span<const double> values);
Tensor zeros(int64_t n);
Tensor ones(int64_t n);

// Elements begin..end along the first dimension.
Tensor rows_of(const Tensor& tensor, int64_t begin, int64_t end);

Tensor stack_rows(std::span<const Tensor> parts);
// Matrices [out, in_i, 1, 1] joined along the second dimension.
Tensor join_columns(std::span<const Tensor> parts);

// The bias, or zeros where it is absent.
Tensor bias_or_zeros(const Tensor& bias, int64_t n);
// Channels of the result: Conv, ConvTranspose.
int64_t output_channels(const Conv& conv);
int64_t output_channels(const ConvTranspose& conv);

// [n, n, 1, 1] with ones on the diagonal.
Tensor identity_matrix(int64_t n);

// The same convolution with one group: zeros outside the diagonal blocks.
Conv ungrouped(const Conv& conv);
ConvTranspose ungrouped(const ConvTranspose& conv);

bool all_finite(const Tensor& tensor);

}  // namespace tessera
