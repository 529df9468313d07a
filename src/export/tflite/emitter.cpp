#include "export/tflite/emitter.h"

#include <algorithm>

namespace tessera::tflite {

std::vector<int32_t> dims_of(const Shape& shape) {
  return {1, static_cast<int32_t>(shape.h), static_cast<int32_t>(shape.w),
          static_cast<int32_t>(shape.c)};
}

int32_t dimension_of(Axis axis) {
  if (axis == Axis::c) return 3;
  return axis == Axis::h ? 1 : 2;
}

namespace {

Options options_of(Operator code) {
  switch (code) {
    // Scales of 16 bits need not be powers of two.
    case Operator::add: return {OptionsTable::add, {{0, kNoActivation}, {1, false}}};
    case Operator::sub: return {OptionsTable::sub, {{0, kNoActivation}, {1, false}}};
    case Operator::mul: return {OptionsTable::mul, {{0, kNoActivation}}};
    case Operator::div: return {OptionsTable::div, {{0, kNoActivation}}};
    case Operator::maximum:
    case Operator::minimum: return {OptionsTable::maximum_minimum};
    case Operator::pow: return {OptionsTable::pow};
    case Operator::exp: return {OptionsTable::exp};
    case Operator::abs: return {OptionsTable::abs};
    case Operator::neg: return {OptionsTable::neg};
    case Operator::gelu: return {OptionsTable::gelu, {{0, false}}};
    case Operator::quantize: return {OptionsTable::quantize};
    case Operator::dequantize: return {OptionsTable::dequantize};
    default: return {};
  }
}

}  // namespace

std::string Emitter::name(const std::string& suffix) const {
  return suffix.empty() ? node.name : node.name + "/" + suffix;
}

TensorId Emitter::make(Operator code, std::vector<TensorId> inputs, Target target,
                       Options options) {
  const TensorId result = file.tensor(name(target.suffix), std::move(target.dims), target.type,
                                      std::move(target.quantization));
  if (options.table == OptionsTable::none) options = options_of(code);
  file.add(code, std::move(inputs), {result}, std::move(options));
  return result;
}

TensorId Emitter::step(Operator code, std::vector<TensorId> inputs, std::vector<int32_t> dims,
                       const std::string& suffix, Options options) {
  const FileTensor& first = file.at(inputs[0]);
  Target target{std::move(dims), suffix, first.type, first.quantization};
  return make(code, std::move(inputs), std::move(target), std::move(options));
}

TensorId Emitter::binary(Operator code, TensorId a, TensorId b, const std::string& suffix) {
  std::vector<int32_t> joint = dims(a);
  const std::vector<int32_t>& other = dims(b);
  for (size_t i = 0; i < other.size() && i < joint.size(); ++i) {
    int32_t& dim = joint[joint.size() - 1 - i];
    dim = std::max(dim, other[other.size() - 1 - i]);
  }
  return step(code, {a, b}, std::move(joint), suffix);
}

TensorId Emitter::unary(Operator code, TensorId x, const std::string& suffix, Options options) {
  return step(code, {x}, dims(x), suffix, std::move(options));
}

TensorId Emitter::scalar(const std::string& suffix, double value) {
  const std::array list = {static_cast<float>(value)};
  return file.floats(node.name + "." + suffix, list, {1, 1, 1, 1});
}

TensorId Emitter::per_channel(const std::string& suffix, const Tensor& values) {
  return file.floats(node.name + "." + suffix, values.values(),
                     {1, 1, 1, static_cast<int32_t>(values.size())});
}

TensorId Emitter::reshape(TensorId x, std::vector<int32_t> dims, const std::string& suffix) {
  x = file.reshaped_from(x);
  const TensorId shape =
      file.int32s(node.name + ".shape", dims, {static_cast<int32_t>(dims.size())});
  return step(Operator::reshape, {x, shape}, dims, suffix, {OptionsTable::reshape, {{0, dims}}});
}

TensorId Emitter::transpose(TensorId x, const std::vector<int32_t>& order,
                            const std::string& suffix) {
  std::vector<int32_t> result;
  for (const int32_t from : order) result.push_back(dims(x)[static_cast<size_t>(from)]);
  const TensorId permutation =
      file.int32s(node.name + ".order", order, {static_cast<int32_t>(order.size())});
  return step(Operator::transpose, {x, permutation}, std::move(result), suffix,
              {OptionsTable::transpose});
}

TensorId Emitter::slice(TensorId x, int32_t dimension, int64_t begin, int64_t end, int64_t step_by,
                        const std::string& suffix) {
  const auto at = static_cast<size_t>(dimension);
  std::vector<int32_t> sizes = dims(x);
  if (begin == 0 && end == sizes[at] && step_by == 1) return x;
  const auto rank = static_cast<int32_t>(sizes.size());
  std::vector<int32_t> first(sizes.size(), 0);
  first[at] = static_cast<int32_t>(begin);
  const TensorId begins = file.int32s(node.name + ".begin", first, {rank});
  if (step_by == 1) {
    sizes[at] = static_cast<int32_t>(end - begin);
    const TensorId counts = file.int32s(node.name + ".size", sizes, {rank});
    return step(Operator::slice, {x, begins, counts}, sizes, suffix, {OptionsTable::slice});
  }
  std::vector<int32_t> last = sizes;
  last[at] = static_cast<int32_t>(end);
  std::vector<int32_t> steps(sizes.size(), 1);
  steps[at] = static_cast<int32_t>(step_by);
  sizes[at] = static_cast<int32_t>((end - begin + step_by - 1) / step_by);
  return step(Operator::strided_slice,
              {x, begins, file.int32s(node.name + ".end", last, {rank}),
               file.int32s(node.name + ".step", steps, {rank})},
              sizes, suffix, {OptionsTable::strided_slice});
}

TensorId Emitter::concat(std::vector<TensorId> parts, int32_t dimension,
                         const std::string& suffix) {
  if (parts.size() == 1) return parts[0];
  std::vector<int32_t> joint = dims(parts[0]);
  int32_t& length = joint[static_cast<size_t>(dimension)];
  length = 0;
  for (const TensorId part : parts) length += dims(part)[static_cast<size_t>(dimension)];
  return step(Operator::concatenation, std::move(parts), std::move(joint), suffix,
              {OptionsTable::concatenation, {{0, dimension}, {1, kNoActivation}}});
}

TensorId Emitter::pads(const Padding& p) {
  const std::array<int32_t, 8> around = {0,
                                         0,
                                         static_cast<int32_t>(p.top),
                                         static_cast<int32_t>(p.bottom),
                                         static_cast<int32_t>(p.left),
                                         static_cast<int32_t>(p.right),
                                         0,
                                         0};
  return file.int32s(node.name + ".pads", around, {4, 2});
}

TensorId Emitter::pad(TensorId x, const Padding& padding, PadMode mode, const std::string& suffix) {
  if (padding.none()) return x;
  if (mode == PadMode::edge) {
    // Border rows and columns, each as often as it is asked for.
    const auto extend = [&](TensorId value, int32_t dimension, int64_t before, int64_t after,
                            bool last) {
      if (before == 0 && after == 0) return value;
      const int64_t size = dims(value)[static_cast<size_t>(dimension)];
      std::vector<TensorId> parts;
      if (before > 0)
        parts.assign(static_cast<size_t>(before), slice(value, dimension, 0, 1, 1, "first"));
      parts.push_back(value);
      if (after > 0)
        parts.insert(parts.end(), static_cast<size_t>(after),
                     slice(value, dimension, size - 1, size, 1, "last"));
      return concat(std::move(parts), dimension, last ? suffix : "rows");
    };
    const bool columns = padding.left > 0 || padding.right > 0;
    x = extend(x, 1, padding.top, padding.bottom, !columns);
    return extend(x, 2, padding.left, padding.right, true);
  }
  const Padding& p = padding;
  std::vector<int32_t> padded = dims(x);
  padded[1] += static_cast<int32_t>(p.top + p.bottom);
  padded[2] += static_cast<int32_t>(p.left + p.right);
  if (mode == PadMode::zero)
    return step(Operator::pad, {x, pads(p)}, padded, suffix, {OptionsTable::pad});
  return step(Operator::mirror_pad, {x, pads(p)}, padded, suffix,
              {OptionsTable::mirror_pad, {{0, kMirrorPadReflect}}});
}

TensorId Emitter::pad_with(TensorId x, const Padding& p, TensorId value,
                           const std::string& suffix) {
  if (p.none()) return x;
  std::vector<int32_t> padded = dims(x);
  padded[1] += static_cast<int32_t>(p.top + p.bottom);
  padded[2] += static_cast<int32_t>(p.left + p.right);
  return step(Operator::padv2, {x, pads(p), value}, padded, suffix, {OptionsTable::padv2});
}

TensorId Emitter::reduce(Operator code, TensorId x, const std::vector<int32_t>& dimensions,
                         const std::string& suffix) {
  for (size_t i = 0; i < dimensions.size(); ++i) {
    std::vector<int32_t> reduced = dims(x);
    reduced[static_cast<size_t>(dimensions[i])] = 1;
    const std::array axis = {dimensions[i]};
    const bool last = i + 1 == dimensions.size();
    x = step(code, {x, file.int32s(node.name + ".axis", axis, {1})}, std::move(reduced),
             last ? suffix : suffix + (suffix.empty() ? "partial" : "_partial"),
             {OptionsTable::reducer, {{0, true}}});
  }
  return x;
}

TensorId Emitter::cumulative_sum(TensorId x, const std::string& suffix) {
  const std::array along = {dimension_of(Axis::w)};
  return step(Operator::cumsum, {x, file.int32s(node.name + ".axis", along, {})}, dims(x), suffix,
              {OptionsTable::cumsum, {{0, false}, {1, false}}});
}

std::optional<WindowPadding> Emitter::padding_of(const Shape& x, const Shape& result,
                                                 const Window& window, const Padding& padding) {
  if (padding.none()) return WindowPadding::valid;
  const auto same = [](int64_t size, int64_t made, int64_t kernel, int64_t stride, int64_t dilation,
                       int64_t before, int64_t after) {
    if (made != (size + stride - 1) / stride) return false;
    const int64_t total =
        std::max<int64_t>((made - 1) * stride + (kernel - 1) * dilation + 1 - size, 0);
    // What lies behind the last window is never read.
    return before == total / 2 && after >= total - total / 2;
  };
  const Window& w = window;
  const bool is_same =
      same(x.h, result.h, w.kernel.h, w.stride.h, w.dilation.h, padding.top, padding.bottom) &&
      same(x.w, result.w, w.kernel.w, w.stride.w, w.dilation.w, padding.left, padding.right);
  return is_same ? std::optional(WindowPadding::same) : std::nullopt;
}

}  // namespace tessera::tflite
