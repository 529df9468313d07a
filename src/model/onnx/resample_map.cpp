#include "model/onnx/resample_map.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace tessera::onnx_import {
namespace {

template <typename T, size_t n>
std::optional<T> find(const std::array<std::pair<std::string_view, T>, n>& table,
                      std::string_view name) {
  for (const auto& [key, value] : table) {
    if (key == name) return value;
  }
  return std::nullopt;
}

// The whole number that `value` is within float32's error; 0 if none.
int64_t whole_number(double value) {
  const double rounded = std::round(value);
  return rounded >= 1 && rounded < 1e9 && std::abs(value - rounded) <= 1e-6 * rounded
             ? static_cast<int64_t>(rounded)
             : 0;
}

}  // namespace

std::optional<Coordinates> coordinates_named(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, Coordinates>, 6> kNames = {{
      {"asymmetric", Coordinates::asymmetric},
      {"half_pixel", Coordinates::half_pixel},
      {"half_pixel_symmetric", Coordinates::half_pixel_symmetric},
      {"pytorch_half_pixel", Coordinates::pytorch_half_pixel},
      {"tf_half_pixel_for_nn", Coordinates::tf_half_pixel_for_nn},
      {"align_corners", Coordinates::align_corners},
  }};
  return find(kNames, name);
}

std::optional<NearestRounding> rounding_named(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, NearestRounding>, 4> kNames = {{
      {"round_prefer_floor", NearestRounding::round_prefer_floor},
      {"round_prefer_ceil", NearestRounding::round_prefer_ceil},
      {"floor", NearestRounding::floor},
      {"ceil", NearestRounding::ceil},
  }};
  return find(kNames, name);
}

ResizedAxis axis_by_scale(int64_t in, double scale) {
  ResizedAxis axis;
  axis.in = in;
  axis.scale = scale;
  if (const int64_t up = whole_number(scale)) {
    axis.scale = static_cast<double>(up);
    axis.out = in * up;
  } else if (const int64_t down = whole_number(1 / scale)) {
    axis.scale = 1 / static_cast<double>(down);
    axis.out = in / down;
  } else {  // ONNX Runtime multiplies in float32
    axis.out = static_cast<int64_t>(static_cast<float>(in) * static_cast<float>(scale));
  }
  return axis;
}

ResizedAxis axis_by_size(int64_t in, int64_t out) {
  ResizedAxis axis;
  axis.in = in;
  axis.out = out;
  axis.scale = static_cast<double>(out) / static_cast<double>(in);
  return axis;
}

double position(const ResizedAxis& axis, int64_t o) {
  const auto at = static_cast<double>(o);
  const auto in = static_cast<double>(axis.in);
  const auto out = static_cast<double>(axis.out);
  // Where the scale is out/in, in/out keeps whole quotients whole.
  const bool by_size = axis.scale == out / in;
  const auto scaled = [&](double x) { return by_size ? x * in / out : x / axis.scale; };
  switch (axis.coordinates) {
    case Coordinates::asymmetric: return scaled(at);
    case Coordinates::half_pixel: return scaled(at + 0.5) - 0.5;
    case Coordinates::half_pixel_symmetric:
      return in / 2 * (1 - out / (axis.scale * in)) + scaled(at + 0.5) - 0.5;
    case Coordinates::pytorch_half_pixel: return axis.out > 1 ? scaled(at + 0.5) - 0.5 : 0;
    case Coordinates::tf_half_pixel_for_nn: return scaled(at + 0.5);
    case Coordinates::align_corners: return axis.out > 1 ? at * (in - 1) / (out - 1) : 0;
  }
  return at;
}

std::vector<int64_t> nearest_map(const ResizedAxis& axis) {
  std::vector<int64_t> map(static_cast<size_t>(axis.out));
  for (int64_t o = 0; o < axis.out; ++o) {
    const double x = position(axis, o);
    double index = 0;
    switch (axis.rounding) {
      case NearestRounding::round_prefer_floor: index = std::ceil(x - 0.5); break;
      case NearestRounding::round_prefer_ceil: index = std::floor(x + 0.5); break;
      case NearestRounding::floor: index = std::floor(x); break;
      case NearestRounding::ceil: index = std::ceil(x); break;
      case NearestRounding::simple: index = axis.scale < 1 ? std::ceil(x) : std::trunc(x); break;
    }
    map[static_cast<size_t>(o)] =
        static_cast<int64_t>(std::clamp(index, 0.0, static_cast<double>(axis.in - 1)));
  }
  return map;
}

std::optional<RegularSteps> regular_steps(const ResizedAxis& axis) {
  RegularSteps steps;
  steps.offset = position(axis, 0);
  if (axis.out == 1) return steps;
  const double step =
      (position(axis, axis.out - 1) - steps.offset) / static_cast<double>(axis.out - 1);
  // One part in 1e6 of a step, over all of them, is still far below a frame.
  const double exact = 1e-6 / static_cast<double>(axis.out);
  steps.down = static_cast<int64_t>(std::round(step));
  steps.up = step > 0 && step < 1 ? static_cast<int64_t>(std::round(1 / step)) : 1;
  if (steps.up > 1) steps.down = 1;
  const double whole =
      steps.up > 1 ? 1 / static_cast<double>(steps.up) : static_cast<double>(steps.down);
  if (steps.down < 1 || std::abs(step - whole) > exact) return std::nullopt;
  return steps;
}

}  // namespace tessera::onnx_import
