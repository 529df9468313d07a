// Axes of drawings: where values lie, and which of them are written beside.
#pragma once

#include <cmath>
#include <vector>

namespace tessera {

// 1, 2 or 5 times a power of ten: about `steps` steps over `span`, which is above 0.
inline double tick_of(double span, int steps = 5) {
  const double rough = span / steps;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough) return factor * power;
  }
  return 10 * power;
}

class DrawnAxis {
 public:
  static constexpr double kRoom = 0.05;  // of an axis, left free beyond the values

  // From `begin` to a little beyond `most`, over `length` of the drawing.
  DrawnAxis(double begin, double most, double length)
      : begin_(begin), span_(most > begin ? (most - begin) / (1 - kRoom) : 1), length_(length) {}

  double at(double value) const { return (value - begin_) / span_ * length_; }

  std::vector<double> ticks() const {
    const double tick = tick_of(span_);
    std::vector<double> values;
    for (double n = std::ceil(begin_ / tick - 1e-9); n * tick <= begin_ + span_; ++n) {
      values.push_back(n * tick + 0.0);  // 0, not -0
    }
    return values;
  }

 private:
  double begin_;
  double span_;
  double length_;
};

}  // namespace tessera
