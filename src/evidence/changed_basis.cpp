#include "evidence/changed_basis.h"

#include <Eigen/Dense>
#include <vector>

namespace tessera {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Matrix to_matrix(const Tensor& tensor) {
  return Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
             tensor.data(), tensor.dim(0), tensor.dim(1))
      .cast<double>();
}

bool has_channels(const Tensor* basis, int64_t channels) {
  return basis != nullptr && basis->dim(0) == channels;
}

// nullopt for values that both write alike, and for a basis of another value's size.
std::optional<Matrix> between(const Graph& original, const Graph& derived,
                              const NamedValue& value) {
  const Tensor* from = original.basis_of(value.name);
  const Tensor* to = derived.basis_of(value.name);
  if (from == nullptr && to == nullptr) return std::nullopt;
  if (from != nullptr && to != nullptr && *from == *to) return std::nullopt;
  Matrix matrix = Matrix::Identity(value.channels, value.channels);
  if (has_channels(to, value.channels)) matrix = to_matrix(*to);
  if (has_channels(from, value.channels)) matrix *= to_matrix(*from).inverse();
  return matrix;
}

}  // namespace

std::optional<Conv> basis_change(const Graph& original, const Graph& derived,
                                 std::span<const NamedValue> values) {
  int64_t channels = 0;
  for (const NamedValue& value : values) channels += value.channels;
  Matrix all = Matrix::Identity(channels, channels);
  bool changed = false;
  int64_t begin = 0;
  for (const NamedValue& value : values) {
    if (const std::optional<Matrix> own = between(original, derived, value)) {
      all.block(begin, begin, value.channels, value.channels) = *own;
      changed = true;
    }
    begin += value.channels;
  }
  if (!changed) return std::nullopt;
  std::vector<float> weight(static_cast<size_t>(all.size()));
  std::transform(all.data(), all.data() + all.size(), weight.begin(),
                 [](double v) { return static_cast<float>(v); });
  Conv conv;
  conv.weight = Tensor({channels, channels, 1, 1}, std::move(weight));
  return conv;
}

}  // namespace tessera
