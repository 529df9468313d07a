// Measures of single operations: kernel, stride, kind of norm ...
#include <fmt/format.h>

#include <algorithm>

#include "base/counted.h"
#include "target/measures.h"

namespace tessera {
namespace {

Measurement larger_axis(int64_t h, int64_t w, std::string_view what, std::string remedy = "") {
  return {std::max(h, w), "", fmt::format("its {} of {} x {}", what, h, w), std::move(remedy)};
}

Measurement word(std::string_view word, std::string where, std::string remedy = "") {
  return {0, std::string(word), std::move(where), std::move(remedy)};
}

}  // namespace

std::optional<Measurement> measure_operation(const CheckSubject&, const Node& node) {
  return word(op_kind_name(node.op), "its operation");
}

std::optional<Measurement> measure_conv_kind(const CheckSubject& subject, const Node& node) {
  const auto& conv = std::get<Conv>(node.op);
  const int64_t in = subject.graph.node(node.inputs[0]).shape.c;
  const std::string where = fmt::format("its {} groups for {} channels", conv.groups, in);
  if (conv.groups == 1) return word("dense", where);
  if (conv.groups == in) return word("depthwise", where, "lower_depthwise_to_dense");
  return word("grouped", where);
}

std::optional<Measurement> measure_kernel(const CheckSubject&, const Node& node) {
  const auto& conv = std::get<Conv>(node.op);
  const bool strided = conv.stride.h > 1 || conv.stride.w > 1;
  return larger_axis(conv.weight.dim(2), conv.weight.dim(3), "kernel",
                     strided ? "factor_strided_conv" : "");
}

std::optional<Measurement> measure_stride(const CheckSubject&, const Node& node) {
  const Extent& stride = std::get<Conv>(node.op).stride;
  return larger_axis(stride.h, stride.w, "stride");
}

std::optional<Measurement> measure_dilation(const CheckSubject&, const Node& node) {
  // One tap lies nowhere apart from others.
  const auto& conv = std::get<Conv>(node.op);
  return larger_axis(conv.weight.dim(2) > 1 ? conv.dilation.h : 1,
                     conv.weight.dim(3) > 1 ? conv.dilation.w : 1, "dilation");
}

std::optional<Measurement> measure_conv_padding(const CheckSubject&, const Node& node) {
  const Padding& pad = std::get<Conv>(node.op).padding;
  const std::string where = fmt::format("its padding of {}, {} along height and {}, {} along width",
                                        pad.top, pad.bottom, pad.left, pad.right);
  if (pad.none()) return word("none", where);
  // An even kernel under SAME padding is one longer at the end.
  const auto even = [](int64_t before, int64_t after) {
    return after - before == 0 || after - before == 1;
  };
  const bool symmetric = even(pad.top, pad.bottom) && even(pad.left, pad.right);
  return word(symmetric ? "symmetric" : "one_sided", where);
}

std::optional<Measurement> measure_transposed_kind(const CheckSubject&, const Node& node) {
  const auto& conv = std::get<ConvTranspose>(node.op);
  return word(conv.groups == 1 ? "dense" : "grouped", "its " + counted(conv.groups, "group"));
}

std::optional<Measurement> measure_transposed_kernel(const CheckSubject&, const Node& node) {
  const auto& conv = std::get<ConvTranspose>(node.op);
  return larger_axis(conv.weight.dim(2), conv.weight.dim(3), "kernel");
}

std::optional<Measurement> measure_transposed_stride(const CheckSubject&, const Node& node) {
  const Extent& stride = std::get<ConvTranspose>(node.op).stride;
  return larger_axis(stride.h, stride.w, "stride");
}

std::optional<Measurement> measure_activation(const CheckSubject&, const Node& node) {
  const UnaryKind kind = std::get<Unary>(node.op).kind;
  return word(to_string(kind), "its function",
              kind == UnaryKind::prelu ? "place_on_host, replace_prelu_with_relu" : "");
}

std::optional<Measurement> measure_norm(const CheckSubject&, const Node& node) {
  switch (std::get<Norm>(node.op).kind) {
    case NormKind::global: return word("global", "its statistics over channels and time");
    case NormKind::feature_wise:
      return word("feature_wise", "its statistics over time", "split_feature_wise_norm");
    case NormKind::cumulative:
      return word("cumulative", "its statistics over all time so far", "split_cumulative_norm");
    case NormKind::channel_wise:
      return word("channel_wise", "its statistics over channels",
                  "lower_channel_wise_norm, split_channel_wise_norm");
    case NormKind::batch: return word("batch", "its fixed statistics", "fold_batch_norm");
  }
  return std::nullopt;
}

std::optional<Measurement> measure_softmax(const CheckSubject&, const Node& node) {
  const SoftmaxOver over = std::get<Softmax>(node.op).over;
  return word(to_string(over), fmt::format("its sum over {}", to_string(over)));
}

std::optional<Measurement> measure_elementwise(const CheckSubject&, const Node& node) {
  const auto* binary = std::get_if<Binary>(&node.op);
  return word(binary != nullptr ? to_string(binary->kind) : op_kind_name(node.op), "its operation");
}

std::optional<Measurement> measure_broadcast(const CheckSubject& subject, const Node& node) {
  Measurement found = word("none", "its operands");
  for (NodeId input : node.inputs) {
    const Shape& shape = subject.graph.node(input).shape;
    if (shape == node.shape) continue;
    found.where = fmt::format("an operand of {} for {}", to_string(shape), to_string(node.shape));
    if (shape.c == 1 && node.shape.c > 1) {
      found.word = "channels";
    } else if (shape.w == 1 && !std::holds_alternative<Constant>(subject.graph.node(input).op)) {
      found.word = "time";
    } else if (shape.w == 1) {
      found.word = "per_channel";
    } else {
      found.word = "height";
    }
    if (found.word != "per_channel") return found;
  }
  return found;
}

std::optional<Measurement> measure_concat(const CheckSubject&, const Node& node) {
  const Axis axis = std::get<Concat>(node.op).axis;
  return word(to_string(axis), fmt::format("its axis {}", to_string(axis)));
}

std::optional<Measurement> measure_slice(const CheckSubject&, const Node& node) {
  const auto& slice = std::get<Slice>(node.op);
  if (slice.step != 1) {
    return word(slice.axis == Axis::c ? "strided_c" : "strided",
                fmt::format("its step of {} along {}", slice.step, to_string(slice.axis)));
  }
  return word(to_string(slice.axis), fmt::format("its axis {}", to_string(slice.axis)));
}

std::optional<Measurement> measure_pad(const CheckSubject&, const Node& node) {
  return word(to_string(std::get<Pad>(node.op).mode), "its border");
}

std::optional<Measurement> measure_pool(const CheckSubject&, const Node& node) {
  if (const auto* pool = std::get_if<Pool>(&node.op))
    return word(to_string(pool->kind), "its kind");
  return word(fmt::format("global_{}", to_string(std::get<GlobalPool>(node.op).kind)), "its kind");
}

std::optional<Measurement> measure_pool_kernel(const CheckSubject& subject, const Node& node) {
  if (const auto* pool = std::get_if<Pool>(&node.op)) {
    return larger_axis(pool->kernel.h, pool->kernel.w, "window");
  }
  const Shape& in = subject.graph.node(node.inputs[0]).shape;
  return larger_axis(1, in.w, "window");
}

std::optional<Measurement> measure_reduction(const CheckSubject&, const Node& node) {
  const auto& reduce = std::get<Reduce>(node.op);
  if (reduce.over_w) return word("w", "its reduction over time");
  return reduce.over_h ? word("h", "its reduction over height")
                       : word("c", "its reduction over channels");
}

}  // namespace tessera
