#include "model/onnx/op_families.h"

#include <array>

namespace tessera::onnx_import {
namespace {

// Read by the reader itself: a branch sees the names around it.
constexpr OpEntry kBranches[] = {{"If", nullptr, "a condition that is constant for a length"}};

}  // namespace

std::span<const OpFamily> op_families() {
  static const auto kFamilies = std::to_array<OpFamily>({
      {"convolution", conv_ops()},
      {"linear", linear_ops()},
      {"products by equation", einsum_ops()},
      {"overlap-add", scatter_ops()},
      {"norm", norm_ops()},
      {"element by element", unary_ops()},
      {"arithmetic", arithmetic_ops()},
      {"comparison, logic", comparison_ops()},
      {"reduction", reduce_ops()},
      {"pooling", pool_ops()},
      {"resizing", resize_ops()},
      {"shape", layout_ops()},
      {"parts", indexing_ops()},
      {"constants", constant_ops()},
      {"integers", quantised_ops()},
      {"branches", kBranches},
  });
  return kFamilies;
}

}  // namespace tessera::onnx_import
