// Resize and Upsample along time (or devices): nearest copies, linear interpolates.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "model/onnx/frames.h"
#include "model/onnx/op_context.h"
#include "model/onnx/resample_map.h"
#include "model/onnx/value_ops.h"

namespace tessera::onnx_import {
namespace {

struct ResizeOptions {
  std::string mode;
  Coordinates coordinates = Coordinates::asymmetric;
  NearestRounding rounding = NearestRounding::simple;
  bool antialias = false;
};

Result<ResizeOptions> read_options(OpContext& context) {
  ResizeOptions options;
  options.mode = context.text("mode", "nearest");
  if (options.mode != "nearest" && options.mode != "linear") {
    return context.unsupported(fmt::format("resizes in mode '{}'", options.mode),
                               "export with mode 'nearest' or 'linear'");
  }
  if (context.op_type() == "Upsample" || context.opset() < 11) return options;
  const std::string coordinates = context.text("coordinate_transformation_mode", "half_pixel");
  const auto known = coordinates_named(coordinates);
  if (!known) {
    return context.unsupported(fmt::format("resizes with coordinates '{}'", coordinates),
                               "export with 'half_pixel' or 'asymmetric'");
  }
  options.coordinates = *known;
  const std::string rounding = context.text("nearest_mode", "round_prefer_floor");
  const auto rounded = rounding_named(rounding);
  if (!rounded) return context.invalid(fmt::format("has nearest_mode '{}'", rounding));
  options.rounding = *rounded;
  options.antialias = context.integer("antialias", 0) != 0;
  const std::string policy = context.text("keep_aspect_ratio_policy", "stretch");
  if (policy != "stretch") {
    return context.unsupported(fmt::format("resizes by the policy '{}'", policy),
                               "export with one size or scale for each dimension");
  }
  return options;
}

// Scales for all dimensions or for those of `axes`; empty where the file gives sizes.
Result<std::vector<double>> read_scales(OpContext& context) {
  if (const auto* a = context.attribute("scales")) return OpContext::reals_of(*a);
  const size_t at = context.op_type() == "Resize" && context.opset() >= 11 ? 2 : 1;
  if (!context.has_input(at)) return std::vector<double>{};
  TESSERA_TRY(const ConstArray array, context.required_constant(at, "scale"));
  if (array.size() > 16) return context.invalid("has too many scales");
  std::vector<double> scales;
  for (int64_t i = 0; i < array.size(); ++i) scales.push_back(array.real_at(i));
  return scales;
}

Result<std::vector<ResizedAxis>> read_axes(OpContext& context, const Dims& dims) {
  std::vector<size_t> axes;
  for (int64_t a : context.integers("axes")) {
    TESSERA_TRY(const size_t axis, context.axis(a, dims.size()));
    axes.push_back(axis);
  }
  for (size_t i = 0; axes.size() < dims.size() && !context.has_attribute("axes"); ++i)
    axes.push_back(i);
  TESSERA_TRY(const std::vector<double> scales, read_scales(context));
  std::vector<int64_t> sizes;
  if (scales.empty()) {
    TESSERA_TRY(sizes, context.integers_from("", 3, "sizes"));
  }
  if (std::max(scales.size(), sizes.size()) != axes.size()) {
    return context.invalid(fmt::format("gives {} scales or sizes for {} dimensions",
                                       std::max(scales.size(), sizes.size()), axes.size()));
  }
  std::vector<ResizedAxis> result;
  for (int64_t d : dims) result.push_back(axis_by_size(d, d));
  for (size_t i = 0; i < axes.size(); ++i) {
    const int64_t in = dims[axes[i]];
    ResizedAxis& axis = result[axes[i]];
    constexpr double kMost = double{1 << 24};
    if (sizes.empty()) {
      if (!(scales[i] > 0 && scales[i] < kMost && static_cast<double>(in) * scales[i] < 1e15))
        return context.invalid(fmt::format("has a scale of {}", scales[i]));
      axis = axis_by_scale(in, scales[i]);
    } else {
      axis = axis_by_size(in, sizes[i]);
    }
    if (axis.out < 1) return context.invalid(fmt::format("resizes {} elements to nothing", in));
    if (axis.out > kMaxFoldedElements) {
      return TESSERA_ERROR(kResourceLimit, context.subject(),
                           fmt::format("resizes {} elements to {}", in, axis.out), "");
    }
  }
  return result;
}

Result<Value> resized(OpContext& context, const Value& x, size_t dim, ResizedAxis axis,
                      const ResizeOptions& options) {
  axis.coordinates = options.coordinates;
  axis.rounding = options.rounding;
  if (axis.out == axis.in && axis.scale == 1) return x;
  if (!x.view[dim].real()) {  // one value: repeated, whatever the mode
    Value y = x;
    y.view[dim].atoms.clear();
    if (axis.out > 1) y.view[dim].atoms.push_back({true, Axis::c, axis.out, 0});
    return y;
  }
  if (options.mode == "nearest") return take_frames(context, x, dim, nearest_map(axis));
  if (options.antialias && axis.out < axis.in) {
    return context.unsupported("shrinks with an antialiasing filter",
                               "export with antialias=False");
  }
  return interpolate_frames(context, x, dim, axis);
}

Result<Values> read_resize(OpContext& context) {
  TESSERA_TRY(Value x, context.required(0));
  if (x.is_constant()) return context.unsupported("resizes a constant");
  TESSERA_TRY(const ResizeOptions options, read_options(context));
  TESSERA_TRY(const std::vector<ResizedAxis> axes, read_axes(context, x.dims()));
  for (size_t i = 0; i < axes.size(); ++i) {
    TESSERA_TRY(x, resized(context, x, i, axes[i], options));
  }
  return Values{std::move(x)};
}

}  // namespace

std::span<const OpEntry> resize_ops() {
  static constexpr OpEntry kOps[] = {
      {"Resize", read_resize,
       "nearest and linear along time or devices by whole factors, up and down, by scales or sizes "
       "(nearest: also where up to 15 frames break the rhythm); coordinates but "
       "tf_crop_and_resize; no antialiasing"},
      {"Upsample", read_resize, "opset 7 to 9; as Resize"},
  };
  return kOps;
}

}  // namespace tessera::onnx_import
