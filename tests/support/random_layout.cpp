#include "support/random_layout.h"

#include <algorithm>
#include <utility>

#include "support/random_values.h"

namespace tessera::test {
namespace {

// The axis as one factor, or as two where its size can be divided.
std::vector<IoFactor> factors_of(Axis axis, int64_t size, Random& random) {
  for (int64_t inner : {3, 2}) {
    if (size > inner && size % inner == 0 && random.chance(0.3))
      return {{axis, size / inner, inner}, {axis, inner, 1}};
  }
  return {{axis, size, 1}};
}

}  // namespace

IoLayout random_layout(const std::string& name, const Shape& shape, uint32_t seed) {
  Random random(seed ^ 0x1A707U);
  std::vector<IoFactor> factors;
  for (const auto& [axis, size] :
       {std::pair{Axis::c, shape.c}, std::pair{Axis::h, shape.h}, std::pair{Axis::w, shape.w}}) {
    if (size == 1) continue;
    const auto parts = factors_of(axis, size, random);
    factors.insert(factors.end(), parts.begin(), parts.end());
  }
  for (size_t i = factors.size(); i > 1; --i) {
    std::swap(factors[i - 1],
              factors[static_cast<size_t>(random.integer(0, static_cast<int64_t>(i) - 1))]);
  }
  IoLayout layout{name, shape, {}};
  if (random.chance(0.7)) layout.dims.emplace_back();
  for (const IoFactor& factor : factors) {
    if (!layout.dims.empty() && !layout.dims.back().empty() && random.chance(0.2)) {
      layout.dims.back().push_back(factor);
    } else {
      layout.dims.push_back({factor});
    }
    if (random.chance(0.1)) layout.dims.emplace_back();
  }
  if (layout.dims.empty()) layout.dims.emplace_back();
  return layout;
}

}  // namespace tessera::test
