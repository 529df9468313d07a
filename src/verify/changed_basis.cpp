#include "verify/changed_basis.h"

#include <Eigen/Dense>
#include <vector>

namespace tessera {
namespace {

using RowMajorMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

RowMajorMatrix to_matrix(const Tensor& tensor) {
  return Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
             tensor.data(), tensor.dim(0), tensor.dim(1))
      .cast<double>();
}

const Tensor* basis_of(const Graph& graph, const NamedValue& value) {
  const Tensor* basis = graph.basis_of(value.name);
  return basis != nullptr && basis->dim(0) == value.channels ? basis : nullptr;
}

// nullopt for values that both write alike. A basis of another size than the value's, which no
// build writes, counts as none.
std::optional<RowMajorMatrix> between(const Graph& original, const Graph& derived,
                                      const NamedValue& value) {
  const Tensor* from = basis_of(original, value);
  const Tensor* to = basis_of(derived, value);
  if (from == nullptr && to == nullptr) return std::nullopt;
  if (from == nullptr) return to_matrix(*to);
  if (to == nullptr) return to_matrix(*from).inverse();
  if (*from == *to) return std::nullopt;
  return to_matrix(*to) * to_matrix(*from).inverse();
}

}  // namespace

std::optional<Conv> basis_change(const Graph& original, const Graph& derived,
                                 std::span<const NamedValue> values) {
  int64_t channels = 0;
  bool changed = false;
  std::vector<std::optional<RowMajorMatrix>> own;
  for (const NamedValue& value : values) {
    channels += value.channels;
    own.push_back(between(original, derived, value));
    changed = changed || own.back().has_value();
  }
  if (!changed) return std::nullopt;
  RowMajorMatrix all = RowMajorMatrix::Identity(channels, channels);
  int64_t begin = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const int64_t size = values[i].channels;
    if (own[i]) all.block(begin, begin, size, size) = *own[i];
    begin += size;
  }
  std::vector<float> weight(static_cast<size_t>(all.size()));
  std::transform(all.data(), all.data() + all.size(), weight.begin(),
                 [](double v) { return static_cast<float>(v); });
  Conv conv;
  conv.weight = Tensor({channels, channels, 1, 1}, std::move(weight));
  return conv;
}

}  // namespace tessera
