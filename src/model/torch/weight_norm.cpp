#include "model/torch/weight_norm.h"

#include <cmath>

#include <fmt/format.h>

namespace tessera {
namespace {

constexpr WeightNames kWeightNames[] = {
    {".weight", ""},
    {".weight_v", ".weight_g"},
    {".parametrizations.weight.original1", ".parametrizations.weight.original0"},
};

Result<Tensor> folded(const Tensor& direction, const Tensor& magnitude, const std::string& key) {
  const int64_t rows = direction.dim(0);
  const int64_t size = direction.size() / rows;
  std::vector<float> values(static_cast<size_t>(direction.size()));
  for (int64_t row = 0; row < rows; ++row) {
    double sum = 0;
    for (int64_t i = 0; i < size; ++i) {
      const double v = static_cast<double>(direction[row * size + i]);
      sum += v * v;
    }
    const double length = std::sqrt(sum);
    const double wanted = static_cast<double>(magnitude[row]);
    if (length == 0 && wanted != 0) {
      return TESSERA_ERROR(kInvalidModel, key,
                           fmt::format("the weight norm of output {} divides by 0", row),
                           "save the network after weight norm was removed");
    }
    const double factor = length > 0 ? wanted / length : 0;
    for (int64_t i = 0; i < size; ++i) {
      values[static_cast<size_t>(row * size + i)] =
          static_cast<float>(static_cast<double>(direction[row * size + i]) * factor);
    }
  }
  return Tensor(direction.dims(), std::move(values));
}

}  // namespace

std::span<const WeightNames> weight_names() {
  return kWeightNames;
}

const NamedTensor* find_weight(const StateView& state, const std::string& key) {
  for (const WeightNames& names : kWeightNames) {
    if (const NamedTensor* found = state.find(key + std::string(names.direction))) return found;
  }
  return nullptr;
}

Result<Tensor> take_weight(StateView& state, const std::string& key) {
  for (const WeightNames& names : kWeightNames) {
    const std::string direction_name = key + std::string(names.direction);
    const NamedTensor* found = state.find(direction_name);
    if (found == nullptr) continue;
    TESSERA_TRY(const Tensor direction, state.take(direction_name, found->dims));
    if (direction.empty()) {
      return TESSERA_ERROR(kInvalidModel, direction_name, "has no values", "");
    }
    if (names.magnitude.empty()) return direction;
    const std::string magnitude_name = key + std::string(names.magnitude);
    const NamedTensor* magnitude = state.find(magnitude_name);
    if (magnitude != nullptr && magnitude->tensor.size() != direction.dim(0)) {
      return TESSERA_ERROR(
          kUnsupported, magnitude_name,
          fmt::format("weight norm with {} is not one number for each of {} outputs",
                      dims_to_string(magnitude->dims), direction.dim(0)),
          "remove the weight norm before saving: torch.nn.utils.remove_weight_norm");
    }
    std::vector<int64_t> dims(direction.dims().size(), 1);
    dims[0] = direction.dim(0);
    TESSERA_TRY(const Tensor gains,
                state.take(magnitude_name, magnitude != nullptr ? magnitude->dims : dims));
    if (gains.empty()) return direction;  // missing: finish() tells
    return folded(direction, gains, direction_name);
  }
  return state.take(key + ".weight", {});
}

}  // namespace tessera
