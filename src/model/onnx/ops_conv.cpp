// Conv, ConvTranspose, FusedConv: rank 3 (time) or rank 4 (two spatial dims on devices and time in
// either order).
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "model/onnx/batch_rows.h"
#include "model/onnx/fold_convolution.h"
#include "model/onnx/op_context.h"
#include "model/onnx/overlap_add.h"
#include "model/onnx/value_ops.h"

namespace tessera::onnx_import {
namespace {

// Which graph axis each spatial dim of the input lies on.
Result<std::vector<Axis>> spatial_axes(OpContext& context, const Value& x) {
  const Shape& shape = context.shape(x.node);
  std::vector<Axis> axes(x.rank() - 2, Axis::w);
  std::vector<bool> known(axes.size(), false);
  for (size_t i = 0; i < axes.size(); ++i) {
    const std::optional<Axis> axis = whole_axis(x.view[i + 2], shape);
    if (axis && *axis != Axis::c) {
      axes[i] = *axis;
      known[i] = true;
    } else if (!x.view[i + 2].atoms.empty()) {
      return context.unsupported(
          fmt::format("convolves along dimension {} of a tensor laid out as {}", i + 2,
                      to_string(x.view)),
          "Tessera convolves along time or devices");
    }
  }
  for (size_t i = axes.size(); i-- > 0;) {
    if (known[i]) continue;
    const bool w_taken = std::any_of(axes.begin(), axes.end(), [&](const Axis& a) {
      return known[static_cast<size_t>(&a - axes.data())] && a == Axis::w;
    });
    axes[i] = w_taken ? Axis::h : Axis::w;
    known[i] = true;
  }
  return axes;
}

Result<std::vector<Window>> read_windows(OpContext& context, const Dims& kernel,
                                         const Dims& spatial, bool transposed) {
  const size_t n = kernel.size();
  std::vector<Window> windows(n);
  const auto list = [&](const char* name, int64_t fallback) {
    std::vector<int64_t> values = context.integers(name);
    if (values.empty()) values.assign(n, fallback);
    return values;
  };
  const auto strides = list("strides", 1);
  const auto dilations = list("dilations", 1);
  const auto extra = list("output_padding", 0);
  std::vector<int64_t> pads = context.integers("pads");
  if (pads.empty()) pads.assign(2 * n, 0);
  const auto output_shape = context.integers("output_shape");
  const std::string auto_pad = context.text("auto_pad", "NOTSET");
  if (strides.size() != n || dilations.size() != n || pads.size() != 2 * n || extra.size() != n ||
      (!output_shape.empty() && output_shape.size() != n))
    return context.invalid(fmt::format("its attributes do not all have {} spatial dimensions", n));
  for (size_t i = 0; i < n; ++i) {
    Window& w = windows[i];
    w = {kernel[i], strides[i], dilations[i], pads[i], pads[i + n], extra[i]};
    constexpr int64_t kMost = int64_t{1} << 24;
    for (int64_t v : {w.stride, w.dilation}) {
      if (v < 1 || v > kMost) return context.invalid("has an impossible stride or dilation");
    }
    if (w.extra < 0 || w.extra > kMost) return context.invalid("has an impossible output_padding");
    if (!output_shape.empty() && (output_shape[i] < 1 || output_shape[i] > (int64_t{1} << 40)))
      return context.invalid("has an impossible output_shape");
    const int64_t span = (w.kernel - 1) * w.dilation + 1;
    int64_t total = 0;
    if (transposed && !output_shape.empty()) {
      total = w.stride * (spatial[i] - 1) + w.extra + span - output_shape[i];
    } else if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
      const int64_t wanted = (spatial[i] + w.stride - 1) / w.stride;
      total = transposed ? span + w.extra - w.stride
                         : std::max<int64_t>(0, (wanted - 1) * w.stride + span - spatial[i]);
    } else {
      if (auto_pad == "VALID") w.before = w.after = 0;
      continue;
    }
    if (total < 0) return context.unsupported("its output is longer than its kernel reaches");
    const bool lower = auto_pad == "SAME_LOWER" || (transposed && auto_pad != "SAME_UPPER");
    w.before = lower ? total - total / 2 : total / 2;
    if (transposed && lower) w.before = total - total / 2;
    w.after = total - w.before;
  }
  return windows;
}

// Weights [a, b, k...] under the graph's [a, b, kh, kw].
Result<Tensor> kernel_tensor(OpContext& context, const ConstArray& weight,
                             const std::vector<Axis>& axes) {
  Dims dims = {weight.dims()[0], weight.dims()[1], 1, 1};
  for (size_t i = 0; i < axes.size(); ++i) dims[axes[i] == Axis::h ? 2 : 3] = weight.dims()[i + 2];
  const bool swapped = axes.size() == 2 && axes[0] == Axis::w;
  if (!swapped || weight.dims()[2] == 1 || weight.dims()[3] == 1) return weight.tensor(dims);
  Result<ConstArray> transposed = transpose(weight, std::array<int64_t, 4>{0, 1, 3, 2});
  if (!transposed) return context.located(std::move(transposed).error());
  return transposed->tensor(dims);
}

struct Placed {
  Extent stride;
  Extent dilation;
  Padding padding;
  Extent extra{0, 0};
};

Placed place(const std::vector<Window>& windows, const std::vector<Axis>& axes) {
  Placed p;
  for (size_t i = 0; i < axes.size(); ++i) {
    const Window& w = windows[i];
    if (axes[i] == Axis::h) {
      p.stride.h = w.stride;
      p.dilation.h = w.dilation;
      p.extra.h = w.extra;
      p.padding.top = w.before;
      p.padding.bottom = w.after;
    } else {
      p.stride.w = w.stride;
      p.dilation.w = w.dilation;
      p.extra.w = w.extra;
      p.padding.left = w.before;
      p.padding.right = w.after;
    }
  }
  return p;
}

struct Parameters {
  ConstArray weight;
  Tensor bias;
  int64_t groups = 1;
  bool transposed = false;
  int64_t phases = 1;  // of time, which the convolution takes one by one
};

// Where a batch is made of the phases of time (space-to-batch): every d-th frame is one row.
struct TimePhases {
  int64_t count = 1;   // d
  size_t at = 0;       // its atom in the batch
  size_t spatial = 0;  // the dim that counts frames of one phase
};

std::optional<TimePhases> time_phases(const Value& x, const Shape& shape) {
  TimePhases phases;
  for (size_t i = 0; i < x.view[0].atoms.size(); ++i) {
    const Atom& atom = x.view[0].atoms[i];
    if (atom.repeat || atom.axis != Axis::w) continue;
    if (atom.stride != 1 || phases.count > 1) return std::nullopt;
    phases.count = atom.size;
    phases.at = i;
  }
  if (phases.count < 2) return std::nullopt;
  for (size_t i = 1; i < x.view.size(); ++i) {
    if (!x.view[i].on(Axis::w)) continue;
    const Atom frames{false, Axis::w, shape.w / phases.count, phases.count};
    if (i < 2 || phases.spatial != 0 || x.view[i].atoms != std::vector<Atom>{frames})
      return std::nullopt;
    phases.spatial = i;
  }
  if (phases.spatial == 0) return std::nullopt;
  return phases;
}

Result<Value> convolve(OpContext& context, const Value& x, const Parameters& p);

// A convolution of each phase is one with the dilation, and the padding, times their number.
Result<Value> convolve_phases(OpContext& context, const Value& x, const TimePhases& phases,
                              Parameters p) {
  Value frames = x;
  std::vector<Atom>& batch = frames.view[0].atoms;
  const auto at = static_cast<std::ptrdiff_t>(phases.at);
  batch.erase(batch.begin() + at);
  frames.view[phases.spatial] = whole(context.shape(x.node), Axis::w);
  p.phases = phases.count;
  TESSERA_TRY(Value y, convolve(context, frames, p));
  const int64_t length = context.shape(y.node).w;
  std::vector<Atom>& rows = y.view[0].atoms;
  rows.insert(rows.begin() + at, {false, Axis::w, phases.count, 1});
  ViewDim& along = y.view[phases.spatial];
  along.atoms.clear();
  if (length > phases.count)
    along.atoms.push_back({false, Axis::w, length / phases.count, phases.count});
  return y;
}

// Windows along time of one phase as windows of all frames. Errors: kUnsupported for strides.
Result<void> spread_windows(const OpContext& context, std::vector<Window>& windows,
                            const std::vector<Axis>& axes, int64_t phases) {
  for (size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] != Axis::w) continue;
    Window& w = windows[i];
    if (w.stride != 1)
      return context.unsupported(
          fmt::format("convolves every phase of time with stride {}", w.stride),
          "space-to-batch is read around convolutions of stride 1");
    w.dilation *= phases;
    w.before *= phases;
    w.after *= phases;
  }
  return {};
}

Result<Value> convolve(OpContext& context, const Value& x, const Parameters& p) {
  if (!p.transposed) {
    const std::optional<TimePhases> phases = time_phases(x, context.shape(x.node));
    if (phases) return convolve_phases(context, x, *phases, p);
  }
  const ViewDim& batch = x.view[0];
  if (batch.on(Axis::c) || batch.on(Axis::w) || (!batch.real() && batch.size() > 1) ||
      (batch.on(Axis::h) && x.rank() > 3)) {
    return for_each_index(context, x, 0,
                          [&](const Value& part) { return convolve(context, part, p); });
  }
  const Shape& shape = context.shape(x.node);
  TESSERA_TRY_VOID(keep_rows_apart(context, x.view[1], "convolves over"));
  if (!is_whole(x.view[1], shape, Axis::c)) {
    return context.unsupported(
        fmt::format("convolves over the channels of a tensor laid out as {}", to_string(x.view)),
        "the second dimension must be all channels");
  }
  for (size_t i = 2; i < x.rank(); ++i) {
    TESSERA_TRY_VOID(keep_rows_apart(context, x.view[i], "convolves over"));
    if (!x.view[i].atoms.empty() && !x.view[i].real()) {
      return context.unsupported("convolves over repeated values");
    }
  }
  TESSERA_TRY(const std::vector<Axis> axes, spatial_axes(context, x));
  Dims spatial;
  for (size_t i = 2; i < x.rank(); ++i)
    spatial.push_back(x.view[i].size() / (axes[i - 2] == Axis::w ? p.phases : 1));
  const Dims kernel(p.weight.dims().begin() + 2, p.weight.dims().end());
  TESSERA_TRY(std::vector<Window> windows, read_windows(context, kernel, spatial, p.transposed));
  if (p.phases > 1) TESSERA_TRY_VOID(spread_windows(context, windows, axes, p.phases));
  TESSERA_TRY(Tensor weight, kernel_tensor(context, p.weight, axes));
  const Placed placed = place(windows, axes);
  Op op;
  if (p.transposed) {
    op = ConvTranspose{std::move(weight), p.bias,       placed.stride, placed.dilation,
                       placed.padding,    placed.extra, p.groups};
  } else {
    op = Conv{std::move(weight), p.bias, placed.stride, placed.dilation, placed.padding, p.groups};
  }
  TESSERA_TRY(const NodeId node, context.add(std::move(op), {x.node}));
  const Shape& result = context.shape(node);
  View view = x.view;
  view[1] = whole(result, Axis::c);
  for (size_t i = 0; i < axes.size(); ++i) view[i + 2] = whole(result, axes[i]);
  return Value::of(node, std::move(view));
}

Result<Value> folded_convolution(OpContext& context, const ConstArray& x, const Parameters& p) {
  const Dims spatial(x.dims().begin() + 2, x.dims().end());
  const Dims kernel(p.weight.dims().begin() + 2, p.weight.dims().end());
  TESSERA_TRY(const std::vector<Window> windows,
              read_windows(context, kernel, spatial, p.transposed));
  FoldedConvolution fold;
  fold.groups = p.groups;
  fold.transposed = p.transposed;
  fold.windows = windows;
  return context.folded(fold_convolution(x, p.weight, p.bias, fold));
}

Result<Value> read(OpContext& context, bool transposed) {
  TESSERA_TRY(Value x, context.required(0));
  TESSERA_TRY(const ConstArray weight, context.required_constant(1, "weight"));
  if (x.rank() < 3 || x.rank() > 4 || weight.rank() != x.rank()) {
    return context.unsupported(fmt::format("convolves a tensor of rank {} with weights of rank {}",
                                           x.rank(), weight.rank()),
                               "Conv1d and Conv2d are read");
  }
  if (weight.size() < 1) return context.invalid("has empty weights");
  Parameters p;
  p.weight = weight;
  p.groups = context.integer("group", 1);
  p.transposed = transposed;
  const std::vector<int64_t> declared = context.integers("kernel_shape");
  if (!declared.empty() &&
      !std::equal(declared.begin(), declared.end(), weight.dims().begin() + 2, weight.dims().end()))
    return context.invalid(fmt::format("says kernel_shape {}, its weights have {}",
                                       dims_to_string(declared), dims_to_string(weight.dims())));
  if (context.has_input(2)) {
    TESSERA_TRY(const ConstArray bias, context.required_constant(2, "bias"));
    if (bias.rank() != 1 || bias.size() < 1) return context.invalid("its bias is not one row");
    p.bias = bias.tensor({bias.size()});
  }
  if (x.is_constant()) return folded_convolution(context, x.constant(), p);
  TESSERA_TRY(x, materialised(context, x));
  for (size_t i = 2; i < x.rank(); ++i) {
    TESSERA_TRY(std::optional<Value> in_time, interleaved(context, x, i));
    if (in_time) x = std::move(*in_time);
  }
  return convolve(context, x, p);
}

Result<Values> read_conv(OpContext& context) {
  TESSERA_TRY(Value y, read(context, false));
  return Values{std::move(y)};
}

Result<Values> read_conv_transpose(OpContext& context) {
  TESSERA_TRY(Value y, read(context, true));
  return Values{std::move(y)};
}

// ONNX Runtime's Conv + activation (com.microsoft).
Result<Values> read_fused_conv(OpContext& context) {
  TESSERA_TRY(Value y, read(context, false));
  if (context.has_input(3)) {
    TESSERA_TRY(Value sum, context.required(3));
    TESSERA_TRY(y, binary(context, BinaryOp::add, std::move(y), std::move(sum)));
  }
  const std::string activation = context.text("activation", "");
  std::vector<double> parameters;
  if (const auto* a = context.attribute("activation_params")) parameters = OpContext::reals_of(*a);
  parameters.resize(2, 0);
  Unary op;
  if (activation.empty()) return Values{std::move(y)};
  if (activation == "Relu") {
    op.kind = UnaryKind::relu;
  } else if (activation == "Sigmoid") {
    op.kind = UnaryKind::sigmoid;
  } else if (activation == "Tanh") {
    op.kind = UnaryKind::tanh;
  } else if (activation == "LeakyRelu") {
    op.kind = UnaryKind::prelu;
    op.slope = Tensor({1}, {static_cast<float>(parameters[0])});
  } else if (activation == "Clip" || activation == "HardSigmoid") {
    op.kind = activation == "Clip" ? UnaryKind::clip : UnaryKind::hard_sigmoid;
    op.alpha = parameters[0];
    op.beta = parameters[1];
  } else {
    return context.unsupported(fmt::format("fuses the activation '{}'", activation));
  }
  TESSERA_TRY(y, context.elementwise(std::move(op), y));
  return Values{std::move(y)};
}

}  // namespace

std::span<const OpEntry> conv_ops() {
  static constexpr OpEntry kOps[] = {
      {"Conv", read_conv,
       "1-D and 2-D, constant weights; groups, strides, dilations, auto_pad, output_padding, "
       "output_shape"},
      {"ConvTranspose", read_conv_transpose,
       "1-D and 2-D, constant weights; groups, strides, dilations, auto_pad, output_padding, "
       "output_shape"},
      {"FusedConv", read_fused_conv,
       "of com.microsoft; Relu, Sigmoid, Tanh, LeakyRelu, Clip, HardSigmoid"},
  };
  return kOps;
}

}  // namespace tessera::onnx_import
