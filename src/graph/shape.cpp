// Shape inference: one overload per op, each the place where that op's rules are checked.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/counted.h"
#include "tessera/compiler/op.h"

namespace tessera {
namespace {

// Bounds on every number a graph may talk about, so that no arithmetic on shapes overflows: the
// product of any two stays below 2^62. A sequence of kMaxSize samples lasts 12 hours at 48 kHz.
constexpr int64_t kMaxSize = int64_t{1} << 31;
constexpr int64_t kMaxAttribute = int64_t{1} << 30;  // strides, dilations, kernels, paddings
constexpr int64_t kMaxElements = int64_t{1} << 44;

Error invalid(std::string message) {
  return TESSERA_ERROR(kInvalidModel, "", std::move(message), "");
}

Result<void> expect_dims(const Tensor& tensor, std::string_view name,
                         std::initializer_list<int64_t> dims) {
  if (std::equal(tensor.dims().begin(), tensor.dims().end(), dims.begin(), dims.end())) return {};
  return invalid(fmt::format("{} has shape {}, expected {}", name, dims_to_string(tensor.dims()),
                             dims_to_string(std::vector<int64_t>(dims))));
}

Result<void> expect_positive(const Extent& extent, std::string_view name) {
  if (extent.h >= 1 && extent.w >= 1 && extent.h <= kMaxAttribute && extent.w <= kMaxAttribute)
    return {};
  return invalid(fmt::format("{} must lie between 1 and {}, found h={} w={}", name, kMaxAttribute,
                             extent.h, extent.w));
}

Result<void> expect_padding(const Padding& padding, std::string_view name) {
  for (int64_t p : {padding.top, padding.bottom, padding.left, padding.right}) {
    if (p < 0 || p > kMaxAttribute)
      return invalid(fmt::format("{} has an impossible value {}", name, p));
  }
  return {};
}

// Output size of a sliding window along one axis.
Result<int64_t> window_output(std::string_view axis, int64_t size, int64_t pad, int64_t kernel,
                              int64_t stride, int64_t dilation) {
  const int64_t span = dilation * (kernel - 1) + 1;
  if (size + pad < span) {
    return invalid(
        fmt::format("input of {} along {} (padding {}) is shorter than the kernel's span of {}",
                    size, axis, pad, span));
  }
  return (size + pad - span) / stride + 1;
}

Result<void> expect_bias(const Tensor& bias, int64_t channels) {
  if (bias.empty()) return {};
  return expect_dims(bias, "bias", {channels});
}

struct ShapeRules {
  std::span<const Shape> in;

  Result<Shape> operator()(const Input& op) const { return op.shape; }

  Result<Shape> operator()(const Constant& op) const {
    if (op.value.dims().size() != 3) return invalid("a constant has three dimensions [C, H, W]");
    return Shape{op.value.dim(0), op.value.dim(1), op.value.dim(2)};
  }

  Result<Shape> operator()(const Conv& op) const {
    const Shape& x = in[0];
    TESSERA_TRY_VOID(check_kernel(op.weight, op.stride, op.dilation));
    TESSERA_TRY_VOID(expect_padding(op.padding, "padding"));
    const int64_t out = op.weight.dim(0);
    if (op.groups < 1 || x.c % op.groups != 0 || out % op.groups != 0) {
      return invalid(fmt::format("groups {} do not divide {} input and {} output channels",
                                 op.groups, x.c, out));
    }
    if (op.weight.dim(1) * op.groups != x.c) {
      return invalid(fmt::format("weight {} with {} needs {}, found {}",
                                 dims_to_string(op.weight.dims()), counted(op.groups, "group"),
                                 counted(op.weight.dim(1) * op.groups, "input channel"), x.c));
    }
    TESSERA_TRY_VOID(expect_bias(op.bias, out));
    const Padding& p = op.padding;
    TESSERA_TRY(int64_t h, window_output("h", x.h, p.top + p.bottom, op.weight.dim(2), op.stride.h,
                                         op.dilation.h));
    TESSERA_TRY(int64_t w, window_output("w", x.w, p.left + p.right, op.weight.dim(3), op.stride.w,
                                         op.dilation.w));
    return Shape{out, h, w};
  }

  Result<Shape> operator()(const ConvTranspose& op) const {
    const Shape& x = in[0];
    TESSERA_TRY_VOID(check_kernel(op.weight, op.stride, op.dilation));
    TESSERA_TRY_VOID(expect_padding(op.crop, "crop"));
    if (op.groups < 1 || x.c % op.groups != 0) {
      return invalid(fmt::format("groups {} do not divide {} input channels", op.groups, x.c));
    }
    if (op.weight.dim(0) != x.c) {
      return invalid(fmt::format("weight {} needs {} input channels, found {}",
                                 dims_to_string(op.weight.dims()), op.weight.dim(0), x.c));
    }
    const int64_t out = op.weight.dim(1) * op.groups;
    TESSERA_TRY_VOID(expect_bias(op.bias, out));
    if (op.extra.h < 0 || op.extra.w < 0 || op.extra.h > kMaxAttribute ||
        op.extra.w > kMaxAttribute) {
      return invalid(
          fmt::format("extra output has an impossible value h={} w={}", op.extra.h, op.extra.w));
    }
    const Padding& p = op.crop;
    const int64_t h = (x.h - 1) * op.stride.h + op.dilation.h * (op.weight.dim(2) - 1) + 1 +
                      op.extra.h - p.top - p.bottom;
    const int64_t w = (x.w - 1) * op.stride.w + op.dilation.w * (op.weight.dim(3) - 1) + 1 +
                      op.extra.w - p.left - p.right;
    if (h < 1 || w < 1)
      return invalid(fmt::format("the crop leaves nothing of the output (h={} w={})", h, w));
    return Shape{out, h, w};
  }

  Result<Shape> operator()(const Affine& op) const {
    TESSERA_TRY_VOID(expect_dims(op.scale, "scale", {in[0].c}));
    TESSERA_TRY_VOID(expect_dims(op.bias, "bias", {in[0].c}));
    return in[0];
  }

  Result<Shape> operator()(const Norm& op) const {
    TESSERA_TRY_VOID(expect_dims(op.gamma, "gamma", {in[0].c}));
    TESSERA_TRY_VOID(expect_dims(op.beta, "beta", {in[0].c}));
    if (!(op.eps >= 0) || op.eps > 1e30)
      return invalid(fmt::format("eps must be a number of at least 0, found {}", op.eps));
    if (op.kind == NormKind::batch) {
      TESSERA_TRY_VOID(expect_dims(op.mean, "mean", {in[0].c}));
      TESSERA_TRY_VOID(expect_dims(op.variance, "variance", {in[0].c}));
    } else if (!op.mean.empty() || !op.variance.empty()) {
      return invalid("only a batch norm has a running mean and variance");
    }
    return in[0];
  }

  Result<Shape> operator()(const Unary& op) const {
    if (op.kind == UnaryKind::prelu) {
      const int64_t slopes = op.slope.size();
      if (op.slope.dims().size() != 1 || (slopes != 1 && slopes != in[0].c)) {
        return invalid(fmt::format("prelu slope has shape {}, expected [1] or [{}]",
                                   dims_to_string(op.slope.dims()), in[0].c));
      }
    } else if (!op.slope.empty()) {
      return invalid("only prelu has a slope");
    }
    if (op.kind == UnaryKind::clip && !(op.alpha <= op.beta)) {
      return invalid(
          fmt::format("clip bounds are in the wrong order: {} above {}", op.alpha, op.beta));
    }
    return in[0];
  }

  Result<Shape> operator()(const Softmax& op) const {
    if (op.sources < 1 || in[0].c % op.sources != 0) {
      return invalid(
          fmt::format("{} channels cannot be split among {} sources", in[0].c, op.sources));
    }
    return in[0];
  }

  Result<Shape> operator()(const Add&) const { return broadcast(); }
  Result<Shape> operator()(const Mul&) const { return broadcast(); }
  Result<Shape> operator()(const Binary&) const { return broadcast(); }

  Result<Shape> operator()(const Concat& op) const {
    Shape result = in[0];
    for (const Shape& next : in.subspan(1)) {
      for (Axis axis : {Axis::c, Axis::h, Axis::w}) {
        int64_t Shape::*member = member_of(axis);
        if (axis == op.axis) {
          result.*member += next.*member;
        } else if (result.*member != next.*member) {
          return invalid(fmt::format("cannot join {} and {} along {}", to_string(in[0]),
                                     to_string(next), to_string(op.axis)));
        }
      }
    }
    return result;
  }

  Result<Shape> operator()(const Slice& op) const {
    Shape result = in[0];
    int64_t& size = result.*member_of(op.axis);
    if (op.begin < 0 || op.begin >= op.end || op.end > size || op.step < 1) {
      return invalid(fmt::format("slice {}:{}:{} along {} does not lie inside {} elements",
                                 op.begin, op.end, op.step, to_string(op.axis), size));
    }
    size = (op.end - op.begin - 1) / op.step + 1;
    return result;
  }

  Result<Shape> operator()(const Pad& op) const {
    TESSERA_TRY_VOID(expect_padding(op.padding, "padding"));
    const Padding& p = op.padding;
    const Shape& x = in[0];
    if (op.mode == PadMode::reflect &&
        (p.left >= x.w || p.right >= x.w || p.top >= x.h || p.bottom >= x.h)) {
      return invalid(
          fmt::format("reflection of left {} right {} top {} bottom {} needs more than that many "
                      "elements, found {}",
                      p.left, p.right, p.top, p.bottom, to_string(x)));
    }
    return Shape{x.c, x.h + p.top + p.bottom, x.w + p.left + p.right};
  }

  Result<Shape> operator()(const Pool& op) const {
    TESSERA_TRY_VOID(expect_positive(op.kernel, "kernel"));
    TESSERA_TRY_VOID(expect_positive(op.stride, "stride"));
    TESSERA_TRY_VOID(expect_padding(op.padding, "padding"));
    const Padding& p = op.padding;
    if (p.top >= op.kernel.h || p.bottom >= op.kernel.h || p.left >= op.kernel.w ||
        p.right >= op.kernel.w) {
      return invalid("pool padding must be smaller than the kernel");
    }
    TESSERA_TRY(int64_t h,
                window_output("h", in[0].h, p.top + p.bottom, op.kernel.h, op.stride.h, 1));
    TESSERA_TRY(int64_t w,
                window_output("w", in[0].w, p.left + p.right, op.kernel.w, op.stride.w, 1));
    return Shape{in[0].c, h, w};
  }

  Result<Shape> operator()(const GlobalPool&) const { return Shape{in[0].c, in[0].h, 1}; }

  Result<Shape> operator()(const Gemm& op) const {
    if (in[0].w != 1) return invalid(fmt::format("gemm needs w = 1, found {}", to_string(in[0])));
    if (op.weight.dims().size() != 2) return invalid("gemm weight has two dimensions [out, in]");
    TESSERA_TRY_VOID(expect_dims(op.weight, "weight", {op.weight.dim(0), in[0].c}));
    TESSERA_TRY_VOID(expect_bias(op.bias, op.weight.dim(0)));
    return Shape{op.weight.dim(0), in[0].h, 1};
  }

  Result<Shape> operator()(const Reduce& op) const {
    if (!op.over_c && !op.over_h && !op.over_w)
      return invalid("a reduction names at least one axis");
    return Shape{op.over_c ? 1 : in[0].c, op.over_h ? 1 : in[0].h, op.over_w ? 1 : in[0].w};
  }

  Result<Shape> operator()(const CumulativeSum&) const { return in[0]; }

  Result<Shape> operator()(const OverlapAdd& op) const {
    TESSERA_TRY_VOID(expect_positive({1, op.kernel}, "kernel"));
    TESSERA_TRY_VOID(expect_positive({1, op.stride}, "stride"));
    if (in[0].c % op.kernel != 0) {
      return invalid(fmt::format("{} channels cannot be split into {} taps", in[0].c, op.kernel));
    }
    return Shape{in[0].c / op.kernel, in[0].h, (in[0].w - 1) * op.stride + op.kernel};
  }

  Result<Shape> operator()(const NormStatistics& op) const {
    const int64_t rows = op.gamma.size();
    if (op.kind == NormKind::batch) return invalid("a batch norm has no statistics to compute");
    if (op.gamma.dims().size() != 1) return invalid("gamma has one dimension");
    if (op.kind == NormKind::feature_wise) {
      TESSERA_TRY_VOID(expect_dims(op.gamma, "gamma", {in[0].c}));
    }
    TESSERA_TRY_VOID(expect_dims(op.beta, "beta", {rows}));
    TESSERA_TRY_VOID(expect_dims(op.center, "center", {rows}));
    if (!(op.eps >= 0) || op.eps > 1e30)
      return invalid(fmt::format("eps must be a number of at least 0, found {}", op.eps));
    const bool per_frame = op.kind == NormKind::channel_wise || op.kind == NormKind::cumulative;
    return Shape{2 * rows, in[0].h, per_frame ? in[0].w : 1};
  }

  Result<Shape> operator()(const ScaleShift&) const {
    const Shape& x = in[0];
    const Shape& ab = in[1];
    if (ab.c != 2 * x.c || ab.h != x.h || (ab.w != x.w && ab.w != 1)) {
      return invalid(fmt::format("{} cannot scale and shift {}", to_string(ab), to_string(x)));
    }
    return x;
  }

 private:
  static int64_t Shape::*member_of(Axis axis) {
    return axis == Axis::c ? &Shape::c : axis == Axis::h ? &Shape::h : &Shape::w;
  }

  static Result<void> check_kernel(const Tensor& weight, const Extent& stride,
                                   const Extent& dilation) {
    if (weight.dims().size() != 4) {
      return invalid(fmt::format("weight has shape {}, expected four dimensions",
                                 dims_to_string(weight.dims())));
    }
    TESSERA_TRY_VOID(expect_positive({weight.dim(2), weight.dim(3)}, "kernel"));
    TESSERA_TRY_VOID(expect_positive(stride, "stride"));
    return expect_positive(dilation, "dilation");
  }

  Result<Shape> broadcast() const {
    Shape result;
    for (Axis axis : {Axis::c, Axis::h, Axis::w}) {
      int64_t Shape::*member = member_of(axis);
      const int64_t a = in[0].*member;
      const int64_t b = in[1].*member;
      if (a != b && a != 1 && b != 1) {
        return invalid(
            fmt::format("operands {} and {} do not broadcast", to_string(in[0]), to_string(in[1])));
      }
      result.*member = std::max(a, b);
    }
    return result;
  }
};

struct OperandCount {
  size_t least;
  size_t most;
};

OperandCount operand_count(const Op& op) {
  if (std::holds_alternative<Input>(op) || std::holds_alternative<Constant>(op)) return {0, 0};
  if (std::holds_alternative<Add>(op) || std::holds_alternative<Mul>(op) ||
      std::holds_alternative<Binary>(op) || std::holds_alternative<ScaleShift>(op))
    return {2, 2};
  if (std::holds_alternative<Concat>(op)) return {1, SIZE_MAX};
  return {1, 1};
}

}  // namespace

Result<Shape> infer_shape(const Op& op, std::span<const Shape> operands) {
  const OperandCount count = operand_count(op);
  if (operands.size() < count.least || operands.size() > count.most) {
    return invalid(fmt::format("{} takes {}{}, found {}", op_name(op),
                               count.most > count.least ? "at least " : "",
                               counted(count.least, "operand"), operands.size()));
  }
  TESSERA_TRY(Shape shape, std::visit(ShapeRules{operands}, op));
  for (int64_t size : {shape.c, shape.h, shape.w}) {
    if (size < 1 || size > kMaxSize)
      return invalid(fmt::format("result {} has an impossible size", to_string(shape)));
  }
  if (shape.c > kMaxElements / shape.h || shape.c * shape.h > kMaxElements / shape.w) {
    return invalid(fmt::format("result {} has too many elements", to_string(shape)));
  }
  return shape;
}

int64_t macs(const Op& op, std::span<const Shape> operands, const Shape& result) {
  // Each weight of one output (or input) channel meets each of its positions once.
  const auto products = [](int64_t positions, int64_t weights) {
    int64_t count = 0;
    return __builtin_mul_overflow(positions, weights, &count) ? std::numeric_limits<int64_t>::max()
                                                              : count;
  };
  if (const auto* conv = std::get_if<Conv>(&op))
    return products(result.size(), conv->weight.size() / conv->weight.dim(0));
  if (const auto* conv = std::get_if<ConvTranspose>(&op))
    return products(operands[0].size(), conv->weight.size() / conv->weight.dim(0));
  if (const auto* gemm = std::get_if<Gemm>(&op)) return products(result.h, gemm->weight.size());
  return 0;
}

}  // namespace tessera
