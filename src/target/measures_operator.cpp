// Measures of what a chip that runs one operator after another asks of it besides its kind.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "graph/queries.h"
#include "target/measures.h"
#include "target/memory_ledger.h"

namespace tessera {
namespace {

constexpr double kLargestWeight = 127;
constexpr double kWeightSumBound = 127.0 * 65536;

bool is_depthwise_node(const CheckSubject& subject, const Node& node) {
  return is_depthwise(std::get<Conv>(node.op), subject.graph.node(node.inputs[0]).shape.c);
}

// The largest sum of a channel's absolute weights, where its largest weight becomes 127.
double largest_sum(const Tensor& weight) {
  const std::span<const float> values = weight.values();
  const auto each = static_cast<size_t>(weight.size() / std::max<int64_t>(1, weight.dim(0)));
  double most = 0;
  for (size_t begin = 0; each > 0 && begin + each <= values.size(); begin += each) {
    double sum = 0;
    double largest = 0;
    for (const float value : values.subspan(begin, each)) {
      sum += std::abs(static_cast<double>(value));
      largest = std::max(largest, std::abs(static_cast<double>(value)));
    }
    if (largest > 0) most = std::max(most, sum / largest * kLargestWeight);
  }
  return most;
}

// Along an axis with one result there is nothing to stride over.
int64_t effective_stride(const Node& node) {
  const Extent& stride = std::get<Conv>(node.op).stride;
  return std::max(node.shape.h > 1 ? stride.h : 1, node.shape.w > 1 ? stride.w : 1);
}

}  // namespace

std::optional<Measurement> measure_conv_channels(const CheckSubject& subject, const Node& node) {
  const int64_t in = subject.graph.node(node.inputs[0]).shape.c;
  const auto* conv = std::get_if<Conv>(&node.op);
  const int64_t groups = conv == nullptr ? 1 : conv->groups;
  return Measurement{in / groups, "", fmt::format("its {} channels in {} groups", in, groups), ""};
}

std::optional<Measurement> measure_depthwise_stride(const CheckSubject& subject, const Node& node) {
  if (!is_depthwise_node(subject, node)) return std::nullopt;
  const Extent& stride = std::get<Conv>(node.op).stride;
  return Measurement{std::max(stride.h, stride.w), "",
                     fmt::format("its stride of {} x {}", stride.h, stride.w), ""};
}

std::optional<Measurement> measure_dilated_stride(const CheckSubject&, const Node& node) {
  const auto& conv = std::get<Conv>(node.op);
  const bool dilated = (conv.weight.dim(2) > 1 && conv.dilation.h > 1) ||
                       (conv.weight.dim(3) > 1 && conv.dilation.w > 1);
  if (!dilated) return std::nullopt;
  return Measurement{std::max(conv.stride.h, conv.stride.w), "",
                     fmt::format("its stride of {} x {} with a dilation of {} x {}", conv.stride.h,
                                 conv.stride.w, conv.dilation.h, conv.dilation.w),
                     ""};
}

// Padding as a node of its own becomes part of the convolution behind it.
std::optional<Measurement> measure_padded_stride(const CheckSubject& subject, const Node& node) {
  const auto& conv = std::get<Conv>(node.op);
  const bool pad_before = subject.graph.get_if<Pad>(node.inputs[0]) != nullptr;
  if (is_depthwise_node(subject, node) || (conv.padding.none() && !pad_before)) return std::nullopt;
  return Measurement{effective_stride(node), "",
                     fmt::format("its stride of {} x {}, padded", conv.stride.h, conv.stride.w),
                     ""};
}

std::optional<Measurement> measure_grouped_stride(const CheckSubject& subject, const Node& node) {
  const auto& conv = std::get<Conv>(node.op);
  if (conv.groups == 1 || is_depthwise_node(subject, node)) return std::nullopt;
  return Measurement{
      effective_stride(node), "",
      fmt::format("its stride of {} x {} in {} groups", conv.stride.h, conv.stride.w, conv.groups),
      ""};
}

std::optional<Measurement> measure_weight_sum(const CheckSubject&, const Node& node) {
  const std::vector<NamedWeight> weights = weights_of(node.op);
  if (weights.empty() || weights[0].name != "weight") return std::nullopt;
  const Tensor& weight = *weights[0].tensor;
  // Fewer weights cannot add up to the bound.
  const int64_t each = weight.size() / std::max<int64_t>(1, weight.dim(0));
  if (static_cast<double>(each) * kLargestWeight <= kWeightSumBound) return std::nullopt;
  return Measurement{static_cast<int64_t>(std::ceil(largest_sum(weight))), "",
                     fmt::format("the weights of a channel, {} of them", each), ""};
}

std::optional<Measurement> measure_pool_area(const CheckSubject& subject, const Node& node) {
  if (const auto* pool = std::get_if<Pool>(&node.op)) {
    return Measurement{pool->kernel.h * pool->kernel.w, "",
                       fmt::format("its window of {} x {}", pool->kernel.h, pool->kernel.w), ""};
  }
  const auto& global = std::get<GlobalPool>(node.op);
  if (global.kind == PoolKind::average) return std::nullopt;  // a mean
  const Shape& in = subject.graph.node(node.inputs[0]).shape;
  return Measurement{in.w, "", fmt::format("its window of 1 x {}", in.w), ""};
}

std::optional<Measurement> measure_pool_height(const CheckSubject&, const Node& node) {
  const auto& pool = std::get<Pool>(node.op);
  return Measurement{pool.kernel.h, "", fmt::format("its window of {} rows", pool.kernel.h), ""};
}

std::optional<Measurement> measure_padded_pool(const CheckSubject&, const Node& node) {
  const auto& pool = std::get<Pool>(node.op);
  if (pool.kind != PoolKind::average || pool.padding.none()) return std::nullopt;
  return Measurement{std::max(pool.kernel.h, pool.kernel.w), "",
                     fmt::format("its padded window of {} x {}", pool.kernel.h, pool.kernel.w), ""};
}

std::optional<Measurement> measure_mean_axis(const CheckSubject& subject, const Node& node) {
  const Shape& in = subject.graph.node(node.inputs[0]).shape;
  if (const auto* global = std::get_if<GlobalPool>(&node.op)) {
    if (global->kind != PoolKind::average) return std::nullopt;
    return Measurement{in.w, "", fmt::format("its mean over {} frames", in.w), ""};
  }
  const auto& reduce = std::get<Reduce>(node.op);
  if (reduce.kind != ReduceKind::mean) return std::nullopt;
  const int64_t longest =
      std::max({reduce.over_c ? in.c : 1, reduce.over_h ? in.h : 1, reduce.over_w ? in.w : 1});
  return Measurement{longest, "", fmt::format("its mean of {}", to_string(in)), ""};
}

std::optional<Measurement> measure_operands(const CheckSubject& subject, const Node& node) {
  if (node.inputs.empty()) return std::nullopt;
  for (NodeId input : node.inputs) {
    if (subject.graph.get_if<Constant>(input) == nullptr) continue;
    return Measurement{0, "constants",
                       fmt::format("its operand '{}'", subject.graph.node(input).name), ""};
  }
  return Measurement{0, "values", "its operands", ""};
}

std::optional<Measurement> measure_depth_reduction(const CheckSubject& subject, const Node& node) {
  const auto& reduce = std::get<Reduce>(node.op);
  if (!reduce.over_c || reduce.kind != ReduceKind::mean) return std::nullopt;
  const Shape& in = subject.graph.node(node.inputs[0]).shape;
  const bool row = in.c == 1 || in.h == 1 || in.w == 1;
  return Measurement{0, row ? "row" : "plane",
                     fmt::format("its mean over the channels of {}", to_string(in)), ""};
}

std::optional<Measurement> measure_softmax_places(const CheckSubject& subject, const Node& node) {
  const Shape& in = subject.graph.node(node.inputs[0]).shape;
  return Measurement{in.h * in.w, "", fmt::format("its input of {}", to_string(in)), ""};
}

std::optional<Measurement> measure_transposed_strides(const CheckSubject& subject,
                                                      const Node& node) {
  const auto& conv = std::get<ConvTranspose>(node.op);
  const Extent& stride = conv.stride;
  const int64_t kernel_h = conv.weight.dim(2);
  const std::string where = fmt::format("its stride of {} x {} with a kernel of {} x {}", stride.h,
                                        stride.w, kernel_h, conv.weight.dim(3));
  const Shape& in = subject.graph.node(node.inputs[0]).shape;
  Measurement found{0, "mixed", where, ""};
  if (kernel_h < stride.h || conv.weight.dim(3) < stride.w) {
    found.word = "gaps";
  } else if (stride.h == 1 && stride.w == 1) {
    found.word = "none";
  } else if (stride.h == stride.w) {
    found.word = "square";
  } else if (stride.h == 1 && in.h == 1 && kernel_h == 1) {
    found.word = "width";
  }
  return found;
}

std::optional<Measurement> measure_memory(const CheckSubject& subject, const Node&) {
  if (!subject.memory || subject.target.unit("arena_port") != 1) return std::nullopt;
  return Measurement{subject.memory->at_least_bytes, "",
                     "the network's inputs, or its outputs, all at one time", "",
                     subject.memory->estimated_bytes};
}

}  // namespace tessera
