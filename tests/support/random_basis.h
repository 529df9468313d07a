// Invertible matrices of known condition.
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "tessera/compiler/rewrite.h"

namespace tessera::test {

// matrix = R * diag(1 .. 1/condition) * Q with R and Q products of reflections; its inverse from
// the same factors.
inline ChannelBasis random_basis(int64_t channels, double condition, uint32_t seed) {
  const auto n = static_cast<size_t>(channels);
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> matrix(n * n, 0);
  std::vector<double> inverse(n * n, 0);
  for (size_t i = 0; i < n; ++i) {
    const double value = std::pow(condition, -static_cast<double>(i) / static_cast<double>(n));
    matrix[i * n + i] = value;
    inverse[i * n + i] = 1 / value;
  }
  // M <- (I - 2vv^T) * M; its inverse takes the same from the right, and the other way round.
  const auto reflect = [&](std::vector<double>& rows, std::vector<double>& columns) {
    std::vector<double> v(n);
    double square = 0;
    for (double& x : v) {
      x = normal(random);
      square += x * x;
    }
    for (size_t j = 0; j < n; ++j) {
      double by_row = 0;
      double by_column = 0;
      for (size_t i = 0; i < n; ++i) {
        by_row += v[i] * rows[i * n + j];
        by_column += columns[j * n + i] * v[i];
      }
      for (size_t i = 0; i < n; ++i) {
        rows[i * n + j] -= 2 * v[i] * by_row / square;
        columns[j * n + i] -= 2 * by_column * v[i] / square;
      }
    }
  };
  for (int i = 0; i < 6; ++i) {
    reflect(matrix, inverse);
    reflect(inverse, matrix);
  }
  return {std::move(matrix), std::move(inverse)};
}

// First `first`, then `then`.
inline ChannelBasis composed(const ChannelBasis& first, const ChannelBasis& then) {
  const auto n =
      static_cast<size_t>(std::lround(std::sqrt(static_cast<double>(first.matrix.size()))));
  const auto product = [n](const std::vector<double>& a, const std::vector<double>& b) {
    std::vector<double> result(n * n, 0);
    for (size_t i = 0; i < n; ++i) {
      for (size_t k = 0; k < n; ++k) {
        for (size_t j = 0; j < n; ++j) result[i * n + j] += a[i * n + k] * b[k * n + j];
      }
    }
    return result;
  };
  return {product(then.matrix, first.matrix), product(first.inverse, then.inverse)};
}

}  // namespace tessera::test
