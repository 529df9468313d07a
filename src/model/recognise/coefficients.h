// One number per channel; a single one stands for all channels.
#pragma once

#include <algorithm>
#include <vector>

namespace tessera {

using Coefficients = std::vector<double>;

template <typename F>
Coefficients combine(const Coefficients& a, const Coefficients& b, F f) {
  Coefficients result(std::max(a.size(), b.size()));
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = f(a[a.size() == 1 ? 0 : i], b[b.size() == 1 ? 0 : i]);
  return result;
}

}  // namespace tessera
