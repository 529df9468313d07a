// Means of scores, and how far they can be trusted.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace tessera {

// The mean of `count` values with its 95 % confidence interval, mean +- half_width, by Student's t:
// half_width = t(0.975, count - 1) s / sqrt(count), s the deviation about the mean with count - 1
// degrees of freedom. Student: "The probable error of a mean", Biometrika 1908; NIST/SEMATECH
// e-Handbook of Statistical Methods, 1.3.5.2. It takes the values to be independent, and normal
// unless there are many.
struct MeanInterval {
  int64_t count = 0;
  double mean =
      0;  // infinite where a value is, NaN where infinities of both signs meet or for none
  std::optional<double> half_width;  // where there are two finite values or more, and no other
};
MeanInterval mean_interval(std::span<const double> values);

// t such that |T| <= t with probability 0.95, T of Student's distribution with so many degrees of
// freedom (1 or more).
double student_t_95(int64_t degrees);

}  // namespace tessera
