// Which elements of an axis Resize reads: positions, the nearest element's index, the line between
// two. Pure arithmetic; https://onnx.ai/onnx/operators/onnx__Resize.html gives the formulas.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tessera::onnx_import {

enum class Coordinates : uint8_t {
  asymmetric,
  half_pixel,
  half_pixel_symmetric,
  pytorch_half_pixel,
  tf_half_pixel_for_nn,
  align_corners,
};
std::optional<Coordinates> coordinates_named(std::string_view name);

enum class NearestRounding : uint8_t {
  round_prefer_floor,
  round_prefer_ceil,
  floor,
  ceil,
  simple,  // Upsample, and Resize of opset 10: down when it enlarges, up when it shrinks
};
std::optional<NearestRounding> rounding_named(std::string_view name);

// One axis of `in` elements made `out` elements, both at least 1.
struct ResizedAxis {
  int64_t in = 1;
  int64_t out = 1;
  double scale = 1;
  Coordinates coordinates = Coordinates::half_pixel;
  NearestRounding rounding = NearestRounding::round_prefer_floor;
};

// The axis that a scale makes of `in` elements. A scale within float32's error of n or 1/n is that.
ResizedAxis axis_by_scale(int64_t in, double scale);
ResizedAxis axis_by_size(int64_t in, int64_t out);

// Where element o of the result lies among those of the operand, before clamping.
double position(const ResizedAxis& axis, int64_t o);

// Index of the element that each of the `out` elements copies.
std::vector<int64_t> nearest_map(const ResizedAxis& axis);

// Positions as step*o + offset, where the step is 1/up (up > 1) or down (>= 1), both whole;
// nothing where it is neither.
struct RegularSteps {
  int64_t up = 1;
  int64_t down = 1;
  double offset = 0;
};
std::optional<RegularSteps> regular_steps(const ResizedAxis& axis);

}  // namespace tessera::onnx_import
