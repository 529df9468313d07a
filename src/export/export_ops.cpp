// One overload per graph op: the ONNX nodes that compute it.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "export/export_builder.h"
#include "export/export_moments.h"
#include "model/recognise/pattern.h"

namespace tessera::onnx_export {
namespace {

using Names = std::vector<std::string>;

struct OpWriter {
  ExportBuilder& out;
  const Node& node;
  const std::vector<Shape> operands;
  const Names& in;
  const std::string& result;

  // [C] as [1, C, 1...]: broadcasts over the value's other dims.
  std::string per_channel(const char* what, const Tensor& tensor) const {
    std::vector<int64_t> dims(out.flat() ? 3 : 4, 1);
    dims[1] = tensor.size();
    return out.weights(result + "." + what, tensor, std::move(dims));
  }

  // gamma*x + beta into the result, leaving out what changes nothing.
  void scaled(const std::string& x, const Tensor& gamma, const Tensor& beta, const char* gamma_name,
              const char* beta_name) const {
    const bool scales = !all_equal(gamma, 1);
    const bool shifts = !all_equal(beta, 0);
    if (!scales && !shifts) {
      out.node("Identity", {x}, result);
      return;
    }
    std::string y = x;
    if (scales && shifts) {
      y = out.step("Mul", {x, per_channel(gamma_name, gamma)}, result, "scaled");
    } else if (scales) {
      out.node("Mul", {x, per_channel(gamma_name, gamma)}, result);
    }
    if (shifts) out.node("Add", {y, per_channel(beta_name, beta)}, result);
  }

  std::vector<int64_t> extent(const Extent& e) const {
    return out.flat() ? std::vector<int64_t>{e.w} : std::vector<int64_t>{e.h, e.w};
  }
  std::vector<int64_t> pads(const Padding& p) const {
    return out.flat() ? std::vector<int64_t>{p.left, p.right}
                      : std::vector<int64_t>{p.top, p.left, p.bottom, p.right};
  }
  // Of all dims: before each, then after each.
  std::vector<int64_t> around(const Padding& p) const {
    return out.flat() ? std::vector<int64_t>{0, 0, p.left, 0, 0, p.right}
                      : std::vector<int64_t>{0, 0, p.top, p.left, 0, 0, p.bottom, p.right};
  }
  std::vector<int64_t> kernel_dims(const Tensor& w) const {
    if (out.flat()) return {w.dim(0), w.dim(1), w.dim(3)};
    return w.dims();
  }
  std::string reshaped(const std::string& x, const std::vector<int64_t>& dims,
                       const char* suffix) const {
    return out.step("Reshape", {x, out.numbers(result + ".shape", dims)}, result, suffix);
  }

  template <typename T>
  void convolution(const char* op_type, const T& op, const std::string& x,
                   const std::string& weight, const Padding& padding, const Extent* extra) {
    Names inputs = {x, weight};
    if (!op.bias.empty())
      inputs.push_back(out.weights(result + ".bias", op.bias, {op.bias.size()}));
    std::vector<int64_t> kernel = {op.weight.dim(3)};
    if (!out.flat()) kernel.insert(kernel.begin(), op.weight.dim(2));
    auto writer = out.node(op_type, inputs, result);
    writer.integers("dilations", extent(op.dilation))
        .integer("group", op.groups)
        .integers("kernel_shape", kernel)
        .integers("pads", pads(padding))
        .integers("strides", extent(op.stride));
    if (extra && (extra->h != 0 || extra->w != 0))
      writer.integers("output_padding", extent(*extra));
  }

  void operator()(const Input&) {}
  void operator()(const Constant&) {}
  template <typename T>
  std::string weight_of(const T& op) const {
    return out.weights(result + ".weight", op.weight, kernel_dims(op.weight));
  }
  void operator()(const Conv& op) {
    convolution("Conv", op, in[0], weight_of(op), op.padding, nullptr);
  }

  // ONNX Runtime takes less output padding than a stride. What the crop takes away again is left
  // out of both; a whole stride is what one more frame of zeros makes. Returns these frames.
  static int64_t zero_frames(int64_t& extra, int64_t& crop, int64_t stride) {
    if (extra < stride) return 0;
    const int64_t both = std::min(extra, crop);
    crop -= both;
    extra -= both;
    const int64_t frames = extra / stride;
    extra %= stride;
    return frames;
  }
  void operator()(const ConvTranspose& op) {
    Padding crop = op.crop;
    Extent extra = op.extra;
    Padding zeros;
    zeros.bottom = zero_frames(extra.h, crop.bottom, op.stride.h);
    zeros.right = zero_frames(extra.w, crop.right, op.stride.w);
    std::string x = in[0];
    if (!zeros.none())
      x = out.step("Pad", {x, out.numbers(result + ".zeros", around(zeros))}, result, "longer");
    convolution("ConvTranspose", op, x, weight_of(op), crop, &extra);
  }
  void operator()(const Affine& op) { scaled(in[0], op.scale, op.bias, "scale", "bias"); }

  void operator()(const Norm& op) {
    if (op.kind == NormKind::batch) {
      const auto row = [&](const char* what, const Tensor& t) {
        return out.weights(result + "." + what, t, {t.size()});
      };
      out.node("BatchNormalization",
               {in[0], row("gamma", op.gamma), row("beta", op.beta), row("mean", op.mean),
                row("variance", op.variance)},
               result)
          .real("epsilon", op.eps);
      return;
    }
    const Moments m = write_moments(out, op.kind, op.eps, in[0], operands[0], result);
    scaled(out.step("Div", {m.centered, m.deviation}, result, "normal"), op.gamma, op.beta, "gamma",
           "beta");
  }

  void operator()(const NormStatistics& op) {
    const Moments m = write_moments(out, op.kind, op.eps, in[0], operands[0], result);
    const std::string r = out.step("Reciprocal", {m.deviation}, result, "inverse");
    const std::string mean_r = out.step("Mul", {m.mean, r}, result, "mean_scaled");
    const std::string scale = out.step("Mul", {r, per_channel("gamma", op.gamma)}, result, "scale");
    const std::string offset =
        out.step("Mul", {mean_r, per_channel("center", op.center)}, result, "offset");
    const std::string shift =
        out.step("Sub", {per_channel("beta", op.beta), offset}, result, "shift");
    out.node("Concat", {scale, shift}, result).integer("axis", out.axis(Axis::c));
  }

  void operator()(const ScaleShift&) {
    const int64_t c = operands[0].c;
    const auto half = [&](int64_t begin, const char* name) {
      const std::array<int64_t, 1> first = {begin};
      const std::array<int64_t, 1> last = {begin + c};
      const std::array<int64_t, 1> axis = {out.axis(Axis::c)};
      return out.step("Slice",
                      {in[1], out.numbers(result + ".starts", first),
                       out.numbers(result + ".ends", last), out.numbers(result + ".axes", axis)},
                      result, name);
    };
    const std::string scale = half(0, "scale");
    const std::string shift = half(c, "shift");
    out.node("Add", {out.step("Mul", {in[0], scale}, result, "scaled"), shift}, result);
  }

  // A transposed convolution with ones: tap k of output channel o is input channel k*n + o.
  void operator()(const OverlapAdd& op) {
    const int64_t n = node.shape.c;
    std::vector<float> ones(static_cast<size_t>(op.kernel * n * n * op.kernel), 0);
    for (int64_t k = 0; k < op.kernel; ++k) {
      for (int64_t o = 0; o < n; ++o)
        ones[static_cast<size_t>(((k * n + o) * n + o) * op.kernel + k)] = 1;
    }
    ConvTranspose conv;
    conv.weight = Tensor({op.kernel * n, n, 1, op.kernel}, std::move(ones));
    conv.stride.w = op.stride;
    const std::string weight =
        out.computed(result + ".weight", conv.weight.values(), kernel_dims(conv.weight));
    convolution("ConvTranspose", conv, in[0], weight, conv.crop, &conv.extra);
  }

  void operator()(const Unary& op) {
    switch (op.kind) {
      case UnaryKind::prelu:
        out.node("PRelu",
                 {in[0], op.slope.size() == 1 ? out.weights(result + ".slope", op.slope, {1})
                                              : per_channel("slope", op.slope)},
                 result);
        return;
      case UnaryKind::elu: out.node("Elu", in, result).real("alpha", op.alpha); return;
      case UnaryKind::hard_sigmoid:
        out.node("HardSigmoid", in, result).real("alpha", op.alpha).real("beta", op.beta);
        return;
      case UnaryKind::clip:
        out.node(
            "Clip",
            {in[0], out.number(result + ".min", op.alpha), out.number(result + ".max", op.beta)},
            result);
        return;
      case UnaryKind::silu:
        out.node("Mul", {in[0], out.step("Sigmoid", in, result, "gate")}, result);
        return;
      case UnaryKind::gelu: {
        const std::string argument = out.step(
            "Mul", {in[0], out.number(result + ".sqrt_half", std::sqrt(0.5))}, result, "argument");
        const std::string erf = out.step("Erf", {argument}, result, "erf");
        const std::string gate =
            out.step("Add", {erf, out.number(result + ".one", 1)}, result, "gate");
        const std::string half =
            out.step("Mul", {in[0], out.number(result + ".half", 0.5)}, result, "half_input");
        out.node("Mul", {half, gate}, result);
        return;
      }
      case UnaryKind::square: out.node("Mul", {in[0], in[0]}, result); return;
      default: out.node(onnx_name(op.kind), in, result);
    }
  }

  static std::string onnx_name(UnaryKind kind) {
    switch (kind) {
      case UnaryKind::relu: return "Relu";
      case UnaryKind::sigmoid: return "Sigmoid";
      case UnaryKind::tanh: return "Tanh";
      case UnaryKind::softplus: return "Softplus";
      case UnaryKind::exp: return "Exp";
      case UnaryKind::log: return "Log";
      case UnaryKind::sqrt: return "Sqrt";
      case UnaryKind::reciprocal: return "Reciprocal";
      case UnaryKind::abs: return "Abs";
      case UnaryKind::neg: return "Neg";
      default: return "Erf";
    }
  }

  void operator()(const Softmax& op) {
    const Shape& x = operands[0];
    if (op.over == SoftmaxOver::time || (op.over == SoftmaxOver::channel && op.sources == 1)) {
      const Axis axis = op.over == SoftmaxOver::time ? Axis::w : Axis::c;
      out.node("Softmax", in, result).integer("axis", out.axis(axis));
      return;
    }
    std::vector<int64_t> grouped = out.dims(x);
    grouped[1] = op.sources;
    grouped.insert(grouped.begin() + 2, x.c / op.sources);
    const std::string parts = reshaped(in[0], grouped, "by_source");
    const std::string active = out.unique(result + "/softmax");
    out.node("Softmax", {parts}, active).integer("axis", op.over == SoftmaxOver::source ? 1 : 2);
    out.node("Reshape", {active, out.numbers(result + ".shape", out.dims(x))}, result);
  }

  void operator()(const Add&) { out.node("Add", in, result); }
  void operator()(const Mul&) { out.node("Mul", in, result); }
  void operator()(const Binary& op) {
    const char* name = op.kind == BinaryKind::sub   ? "Sub"
                       : op.kind == BinaryKind::div ? "Div"
                       : op.kind == BinaryKind::max ? "Max"
                       : op.kind == BinaryKind::min ? "Min"
                                                    : "Pow";
    out.node(name, in, result);
  }
  // A file of [1, C, W] has no axis H: of one row, all that can be joined or taken is that row.
  bool along_missing_axis(Axis axis) const { return out.flat() && axis == Axis::h; }

  void operator()(const Concat& op) {
    if (along_missing_axis(op.axis)) {
      out.node("Identity", in, result);
      return;
    }
    out.node("Concat", in, result).integer("axis", out.axis(op.axis));
  }
  void operator()(const Slice& op) {
    if (along_missing_axis(op.axis)) {
      out.node("Identity", in, result);
      return;
    }
    const auto one = [&](const char* what, int64_t value) {
      const std::array<int64_t, 1> list = {value};
      return out.numbers(result + "." + what, list);
    };
    out.node("Slice",
             {in[0], one("starts", op.begin), one("ends", op.end), one("axes", out.axis(op.axis)),
              one("steps", op.step)},
             result);
  }
  void operator()(const Pad& op) {
    out.node("Pad", {in[0], out.numbers(result + ".pads", around(op.padding))}, result)
        .text("mode", op.mode == PadMode::zero      ? "constant"
                      : op.mode == PadMode::reflect ? "reflect"
                                                    : "edge");
  }
  void operator()(const Pool& op) {
    auto writer = out.node(op.kind == PoolKind::max ? "MaxPool" : "AveragePool", in, result);
    writer.integers("kernel_shape", extent(op.kernel))
        .integers("pads", pads(op.padding))
        .integers("strides", extent(op.stride));
    if (op.kind == PoolKind::average) writer.integer("count_include_pad", op.count_padding ? 1 : 0);
  }
  void operator()(const GlobalPool& op) {
    const char* name = op.kind == PoolKind::average ? "ReduceMean" : "ReduceMax";
    const std::array<int64_t, 1> axes = {out.axis(Axis::w)};
    out.node(name, in, result).integers("axes", axes).integer("keepdims", 1);
  }
  void operator()(const Gemm& op) {
    const Shape& x = operands[0];
    const std::string weight = out.weights(result + ".weight", op.weight, op.weight.dims());
    const std::string shape = out.numbers(result + ".shape", out.dims(node.shape));
    if (x.h == 1) {
      Names inputs = {reshaped(in[0], {1, x.c}, "row"), weight};
      if (!op.bias.empty())
        inputs.push_back(out.weights(result + ".bias", op.bias, {op.bias.size()}));
      const std::string product = out.unique(result + "/product");
      out.node("Gemm", inputs, product).integer("transB", 1);
      out.node("Reshape", {product, shape}, result);
      return;
    }
    std::string product =
        out.step("MatMul", {weight, reshaped(in[0], {1, x.c, x.h}, "rows")}, result, "product");
    if (!op.bias.empty()) {
      const std::string bias = out.weights(result + ".bias", op.bias, {1, op.bias.size(), 1});
      product = out.step("Add", {product, bias}, result, "sum");
    }
    out.node("Reshape", {product, shape}, result);
  }
  void operator()(const Reduce& op) {
    std::vector<int64_t> axes;
    if (op.over_c) axes.push_back(out.axis(Axis::c));
    if (op.over_h && !out.flat()) axes.push_back(out.axis(Axis::h));
    if (op.over_w) axes.push_back(out.axis(Axis::w));
    if (axes.empty()) {
      out.node("Identity", in, result);
      return;
    }
    if (op.kind == ReduceKind::sum) {
      out.node("ReduceSum", {in[0], out.numbers(result + ".axes", axes)}, result)
          .integer("keepdims", 1);
      return;
    }
    const char* name = op.kind == ReduceKind::mean  ? "ReduceMean"
                       : op.kind == ReduceKind::max ? "ReduceMax"
                                                    : "ReduceMin";
    out.node(name, in, result).integers("axes", axes).integer("keepdims", 1);
  }
  void operator()(const CumulativeSum&) {
    const std::array<int64_t, 1> last = {out.axis(Axis::w)};
    out.node("CumSum", {in[0], out.numbers("time_axis", last, true)}, result);
  }
};

}  // namespace

void export_op(ExportBuilder& builder, const Graph& graph, const Node& node,
               const std::vector<std::string>& inputs, const std::string& output) {
  OpWriter writer{builder, node, graph.operand_shapes(node.id), inputs, output};
  std::visit(writer, node.op);
}

}  // namespace tessera::onnx_export
