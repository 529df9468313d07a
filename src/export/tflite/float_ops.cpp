#include "export/tflite/float_ops.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "export/tflite/convolution.h"

namespace tessera::tflite {
namespace {

// Appends the operators of one op. Steps are named "<node>/<what>".
struct FloatOpWriter {
  Emitter out;
  const Node& node;
  std::vector<Shape> shapes;
  const std::vector<TensorId>& in;

  using Written = Result<TensorId>;

  std::vector<int32_t> dims() const { return dims_of(node.shape); }
  Target value() const { return {dims()}; }
  const std::string kValue;  // the suffix of the node's own value

  TensorId scale_and_shift(TensorId x, TensorId scale, TensorId shift) {
    return out.binary(Operator::add, out.binary(Operator::mul, x, scale, "scaled"), shift, kValue);
  }
  TensorId channels(const char* what, const Tensor& values) {
    return out.per_channel(what, values);
  }
  TensorId bias_of(const Tensor& bias, int64_t outputs) {
    const Tensor zeros = Tensor::full({outputs}, 0);
    return out.file.floats(node.name + ".bias", (bias.empty() ? zeros : bias).values(),
                           {static_cast<int32_t>(outputs)});
  }

  // A node of its own even where the value is its operand's has a name that can be found.
  Written operator()(const Input&) { return in[0]; }
  Written operator()(const Constant& op) {
    const Shape& s = node.shape;
    std::vector<float> values(static_cast<size_t>(s.size()));
    for (int64_t c = 0; c < s.c; ++c) {
      for (int64_t i = 0; i < s.h * s.w; ++i)
        values[static_cast<size_t>(i * s.c + c)] = op.value[c * s.h * s.w + i];
    }
    return out.file.floats(node.name, values, dims());
  }
  Written operator()(const Conv& op) {
    const bool depthwise = is_depthwise(op, shapes[0]);
    const TensorId weight =
        out.file.floats(node.name + ".weight", ordered_weights(op, depthwise, op.weight.values()),
                        weight_dims(op, depthwise));
    return write_convolution(out, op, shapes[0], in[0], weight, bias_of(op.bias, op.weight.dim(0)),
                             value());
  }
  Written transposed(const ConvTranspose& op) {
    TESSERA_TRY(auto dims, transposed_weight_dims(op, node));
    const TensorId weight = out.file.floats(
        node.name + ".weight", dense_transposed_weights(op, op.weight.values()), std::move(dims));
    return write_transposed_convolution(out, op, in[0], weight, bias_of(op.bias, node.shape.c),
                                        value());
  }
  Written operator()(const ConvTranspose& op) { return transposed(op); }
  Written operator()(const Affine& op) {
    return scale_and_shift(in[0], channels("scale", op.scale), channels("shift", op.bias));
  }

  Written operator()(const Norm& op) {
    if (op.kind == NormKind::batch) {
      std::vector<float> scale;
      std::vector<float> shift;
      for (int64_t c = 0; c < op.gamma.size(); ++c) {
        const double a = op.gamma[c] / std::sqrt(op.variance[c] + op.eps);
        scale.push_back(static_cast<float>(a));
        shift.push_back(static_cast<float>(op.beta[c] - op.mean[c] * a));
      }
      return scale_and_shift(in[0], channels("scale", Tensor({op.gamma.size()}, scale)),
                             channels("shift", Tensor({op.gamma.size()}, shift)));
    }
    const Moments m = write_moments(out, op.kind, op.eps, in[0], shapes[0]);
    const TensorId normal = out.binary(Operator::mul, m.centered, m.inverse_root, "normal");
    return scale_and_shift(normal, channels("gamma", op.gamma), channels("beta", op.beta));
  }

  Written operator()(const NormStatistics& op) {
    const Moments m = write_moments(out, op.kind, op.eps, in[0], shapes[0]);
    const TensorId scaled_mean = out.binary(Operator::mul, m.mean, m.inverse_root, "scaled_mean");
    const TensorId scale =
        out.binary(Operator::mul, m.inverse_root, channels("gamma", op.gamma), "scale");
    const TensorId offset =
        out.binary(Operator::mul, scaled_mean, channels("center", op.center), "offset");
    const TensorId shift = out.binary(Operator::sub, channels("beta", op.beta), offset, "shift");
    return out.concat({scale, shift}, dimension_of(Axis::c), kValue);
  }

  Written operator()(const ScaleShift&) {
    const int64_t c = shapes[0].c;
    const TensorId scale = out.slice(in[1], dimension_of(Axis::c), 0, c, 1, "scale");
    const TensorId shift = out.slice(in[1], dimension_of(Axis::c), c, 2 * c, 1, "shift");
    return scale_and_shift(in[0], scale, shift);
  }

  // A transposed convolution with ones: tap k of output channel o is operand channel k*n + o.
  Written operator()(const OverlapAdd& op) {
    const int64_t n = node.shape.c;
    std::vector<float> ones(static_cast<size_t>(op.kernel * n * n * op.kernel), 0);
    for (int64_t k = 0; k < op.kernel; ++k) {
      for (int64_t o = 0; o < n; ++o)
        ones[static_cast<size_t>(((k * n + o) * n + o) * op.kernel + k)] = 1;
    }
    ConvTranspose conv;
    conv.weight = Tensor({op.kernel * n, n, 1, op.kernel}, std::move(ones));
    conv.stride.w = op.stride;
    return transposed(conv);
  }

  Written operator()(const Unary& op) {
    const TensorId x = in[0];
    switch (op.kind) {
      case UnaryKind::relu: return out.unary(Operator::relu, x, kValue);
      case UnaryKind::prelu: return parametric_relu(x, op.slope);
      case UnaryKind::sigmoid: return out.unary(Operator::logistic, x, kValue);
      case UnaryKind::tanh: return out.unary(Operator::tanh, x, kValue);
      case UnaryKind::elu: return elu(x, op.alpha);
      case UnaryKind::gelu: return out.unary(Operator::gelu, x, kValue);
      case UnaryKind::silu:
        return out.binary(Operator::mul, x, out.unary(Operator::logistic, x, "gate"), kValue);
      case UnaryKind::softplus: return softplus(x);
      case UnaryKind::hard_sigmoid: {
        const TensorId scaled =
            out.binary(Operator::mul, x, out.scalar("alpha", op.alpha), "scaled");
        const TensorId line =
            out.binary(Operator::add, scaled, out.scalar("beta", op.beta), "line");
        return between(line, 0, 1);
      }
      case UnaryKind::clip:
        if (op.alpha == 0 && op.beta == 6) return out.unary(Operator::relu6, x, kValue);
        return between(x, op.alpha, op.beta);
      case UnaryKind::exp: return out.unary(Operator::exp, x, kValue);
      case UnaryKind::log: return out.unary(Operator::log, x, kValue);
      case UnaryKind::sqrt: return out.unary(Operator::sqrt, x, kValue);
      case UnaryKind::square: return out.binary(Operator::mul, x, x, kValue);
      case UnaryKind::reciprocal: return out.binary(Operator::div, out.scalar("one", 1), x, kValue);
      case UnaryKind::abs: return out.unary(Operator::abs, x, kValue);
      case UnaryKind::neg: return out.unary(Operator::neg, x, kValue);
      case UnaryKind::erf: break;
    }
    return TESSERA_ERROR(kUnsupported, node.name,
                         fmt::format("{} has no operator in TensorFlow Lite", op_name(node.op)),
                         "export the network as ONNX, or cut it before this node");
  }

  TensorId parametric_relu(TensorId x, const Tensor& slope) {
    if (slope.size() == 1)
      return out.unary(Operator::leaky_relu, x, kValue,
                       {OptionsTable::leaky_relu, {{0, slope[0]}}});
    const TensorId slopes = out.file.floats(node.name + ".slope", slope.values(),
                                            {1, 1, static_cast<int32_t>(slope.size())});
    return out.step(Operator::prelu, {x, slopes}, dims(), kValue);
  }
  TensorId between(TensorId x, double low, double high) {
    const TensorId raised = out.binary(Operator::maximum, x, out.scalar("low", low), "raised");
    return out.binary(Operator::minimum, raised, out.scalar("high", high), kValue);
  }
  // The operator's alpha is 1; another one scales what lies below 0.
  TensorId elu(TensorId x, double alpha) {
    if (alpha == 1) return out.unary(Operator::elu, x, kValue);
    const TensorId below = out.binary(Operator::minimum, x, out.scalar("zero", 0), "below");
    const TensorId curve = out.binary(Operator::mul, out.unary(Operator::elu, below, "curve"),
                                      out.scalar("alpha", alpha), "scaled_curve");
    return out.binary(Operator::add, out.unary(Operator::relu, x, "above"), curve, kValue);
  }
  // max(x, 0) + log(1 + exp(-|x|)), which overflows nowhere.
  TensorId softplus(TensorId x) {
    const TensorId minus = out.unary(Operator::neg, out.unary(Operator::abs, x, "size"), "minus");
    const TensorId more = out.binary(Operator::add, out.unary(Operator::exp, minus, "exp"),
                                     out.scalar("one", 1), "more");
    return out.binary(Operator::add, out.unary(Operator::relu, x, "above"),
                      out.unary(Operator::log, more, "curve"), kValue);
  }

  // Over the last dimension, which is all that the operator knows.
  TensorId softmax(TensorId x, const std::string& suffix) {
    return out.unary(Operator::softmax, x, suffix, {OptionsTable::softmax, {{0, 1.0F}}});
  }
  // A part at a time. Of a reshaped tensor LiteRT writes the softmax over the tensor itself, though
  // others read that.
  TensorId softmax_by_source(int64_t sources) {
    const int64_t channels = shapes[0].c / sources;
    std::vector<TensorId> parts;
    for (int64_t s = 0; s < sources; ++s) {
      const TensorId part = out.slice(in[0], dimension_of(Axis::c), s * channels,
                                      (s + 1) * channels, 1, fmt::format("source{}", s));
      parts.push_back(softmax(part, fmt::format("softmax{}", s)));
    }
    return out.concat(std::move(parts), dimension_of(Axis::c), kValue);
  }
  Written operator()(const Softmax& op) {
    const Shape& s = shapes[0];
    if (op.over == SoftmaxOver::time) {
      const TensorId turned = out.transpose(in[0], {0, 1, 3, 2}, "channels_first");
      return out.transpose(softmax(turned, "softmax"), {0, 1, 3, 2}, kValue);
    }
    if (op.over == SoftmaxOver::channel && op.sources == 1) return softmax(in[0], kValue);
    if (op.over == SoftmaxOver::channel) return softmax_by_source(op.sources);
    const std::vector<int32_t> groups = {static_cast<int32_t>(s.h * s.w),
                                         static_cast<int32_t>(op.sources),
                                         static_cast<int32_t>(s.c / op.sources)};
    const TensorId by_source = out.reshape(in[0], groups, "by_source");
    const TensorId y = softmax(out.transpose(by_source, {0, 2, 1}, "sources_last"), "softmax");
    return out.reshape(out.transpose(y, {0, 2, 1}, "sources_first"), dims(), kValue);
  }

  Written operator()(const Add&) { return out.binary(Operator::add, in[0], in[1], kValue); }
  Written operator()(const Mul&) { return out.binary(Operator::mul, in[0], in[1], kValue); }
  Written operator()(const Binary& op) {
    const Operator code = op.kind == BinaryKind::sub   ? Operator::sub
                          : op.kind == BinaryKind::div ? Operator::div
                          : op.kind == BinaryKind::max ? Operator::maximum
                          : op.kind == BinaryKind::min ? Operator::minimum
                                                       : Operator::pow;
    return out.binary(code, in[0], in[1], kValue);
  }
  Written operator()(const Concat& op) { return out.concat(in, dimension_of(op.axis), kValue); }
  Written operator()(const Slice& op) {
    return out.slice(in[0], dimension_of(op.axis), op.begin, op.end, op.step, kValue);
  }
  Written operator()(const Pad& op) { return out.pad(in[0], op.padding, op.mode, kValue); }

  Written operator()(const Pool& op) {
    const Window window{op.kernel, op.stride, {1, 1}};
    const auto named = Emitter::padding_of(shapes[0], node.shape, window, op.padding);
    const bool average = op.kind == PoolKind::average;
    // SAME divides by the elements covered.
    const bool by_name = named && (!average || !op.count_padding || op.padding.none());
    TensorId x = in[0];
    if (!by_name && average) x = out.pad(x, op.padding, PadMode::zero, "padded");
    if (!by_name && !average) {
      const TensorId lowest = out.file.floats(
          node.name + ".lowest", std::array{std::numeric_limits<float>::lowest()}, {1});
      x = out.pad_with(x, op.padding, lowest, "padded");
    }
    const bool corrected = !by_name && average && !op.count_padding;
    const auto number = [](int64_t size) { return static_cast<int32_t>(size); };
    const TensorId pooled =
        out.step(average ? Operator::average_pool_2d : Operator::max_pool_2d, {x}, dims(),
                 corrected ? "of_all" : kValue,
                 {OptionsTable::pool_2d,
                  {{0, static_cast<int8_t>(by_name ? *named : WindowPadding::valid)},
                   {1, number(op.stride.w)},
                   {2, number(op.stride.h)},
                   {3, number(op.kernel.w)},
                   {4, number(op.kernel.h)},
                   {5, kNoActivation}}});
    return corrected ? out.binary(Operator::mul, pooled, share_of_padding(op), kValue) : pooled;
  }
  // Kernel size over the elements that each window covers: [1, H, W, 1].
  TensorId share_of_padding(const Pool& op) {
    const auto covered = [](int64_t at, int64_t stride, int64_t kernel, int64_t before,
                            int64_t size) {
      const int64_t begin = at * stride - before;
      return std::min(begin + kernel, size) - std::max<int64_t>(begin, 0);
    };
    std::vector<float> share;
    for (int64_t y = 0; y < node.shape.h; ++y) {
      for (int64_t x = 0; x < node.shape.w; ++x) {
        const int64_t count = covered(y, op.stride.h, op.kernel.h, op.padding.top, shapes[0].h) *
                              covered(x, op.stride.w, op.kernel.w, op.padding.left, shapes[0].w);
        share.push_back(static_cast<float>(static_cast<double>(op.kernel.h * op.kernel.w) /
                                           static_cast<double>(count)));
      }
    }
    return out.file.floats(
        node.name + ".share", share,
        {1, static_cast<int32_t>(node.shape.h), static_cast<int32_t>(node.shape.w), 1});
  }

  Written operator()(const GlobalPool& op) {
    return out.reduce(op.kind == PoolKind::average ? Operator::mean : Operator::reduce_max, in[0],
                      {dimension_of(Axis::w)}, kValue);
  }
  Written operator()(const Gemm& op) {
    const auto rows = static_cast<int32_t>(shapes[0].h);
    const auto outputs = static_cast<int32_t>(op.weight.dim(0));
    const auto inputs = static_cast<int32_t>(op.weight.dim(1));
    const TensorId x = out.reshape(in[0], {rows, inputs}, "rows");
    const TensorId weight =
        out.file.floats(node.name + ".weight", op.weight.values(), {outputs, inputs});
    const TensorId product =
        out.make(Operator::fully_connected, {x, weight, bias_of(op.bias, outputs)},
                 {{rows, outputs}, "product"},
                 {OptionsTable::fully_connected, {{0, kNoActivation}, {1, int8_t{0}}, {2, false}}});
    return out.reshape(product, dims(), kValue);
  }
  Written operator()(const Reduce& op) {
    std::vector<int32_t> dimensions;
    if (op.over_h) dimensions.push_back(dimension_of(Axis::h));
    if (op.over_w) dimensions.push_back(dimension_of(Axis::w));
    if (op.over_c) dimensions.push_back(dimension_of(Axis::c));
    const Operator code = op.kind == ReduceKind::sum    ? Operator::sum
                          : op.kind == ReduceKind::mean ? Operator::mean
                          : op.kind == ReduceKind::max  ? Operator::reduce_max
                                                        : Operator::reduce_min;
    return out.reduce(code, in[0], dimensions, kValue);
  }
  Written operator()(const CumulativeSum&) { return out.cumulative_sum(in[0], kValue); }
};

}  // namespace

Result<TensorId> write_float_op(FileBuilder& file, const Graph& graph, const Node& node,
                                const std::vector<TensorId>& operands) {
  FloatOpWriter writer{{file, node}, node, graph.operand_shapes(node.id), operands, {}};
  return std::visit(writer, node.op);
}

}  // namespace tessera::tflite
