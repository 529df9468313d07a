#include "report/node_caption.h"

#include <fmt/format.h>

#include <array>

namespace tessera {
namespace {

std::string kernel_text(int64_t h, int64_t w) {
  return h == 1 ? fmt::format("{}", w) : fmt::format("{}x{}", h, w);
}

// ", stride 8" when it is not 1.
std::string extent_text(std::string_view word, const Extent& extent) {
  if (extent.h == 1 && extent.w == 1) return "";
  return fmt::format(", {} {}", word, kernel_text(extent.h, extent.w));
}

std::string conv_title(const Conv& conv, int64_t in_channels) {
  const int64_t kh = conv.weight.dim(2), kw = conv.weight.dim(3);
  const bool depthwise = conv.groups > 1 && conv.groups == in_channels;
  std::string title = depthwise      ? fmt::format("depthwise conv {}", kernel_text(kh, kw))
                      : kh * kw == 1 ? "pointwise conv"
                                     : fmt::format("conv {}", kernel_text(kh, kw));
  if (conv.groups > 1 && !depthwise) title += fmt::format(", {} groups", conv.groups);
  return title + extent_text("stride", conv.stride) + extent_text("dilation", conv.dilation);
}

std::string grouped_digits(int64_t number) {
  const std::string digits = fmt::format("{}", number);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ' ';
    text += digits[i];
  }
  return text;
}

}  // namespace

int64_t parameter_count(const Op& op) {
  int64_t count = 0;
  for (const NamedWeight& weight : weights_of(op)) {
    const bool statistic = weight.name == "mean" || weight.name == "variance";
    if (!statistic) count += weight.tensor->size();
  }
  return count;
}

NodeFamily family_of(const Op& op) {
  if (const auto* conv = std::get_if<Conv>(&op)) {
    return conv->groups > 1 ? NodeFamily::depthwise : NodeFamily::convolution;
  }
  if (std::holds_alternative<Gemm>(op)) return NodeFamily::convolution;
  if (std::holds_alternative<ConvTranspose>(op)) return NodeFamily::transposed;
  if (std::holds_alternative<Norm>(op) || std::holds_alternative<Affine>(op))
    return NodeFamily::norm;
  if (std::holds_alternative<Unary>(op) || std::holds_alternative<Softmax>(op)) {
    return NodeFamily::activation;
  }
  if (std::holds_alternative<Add>(op) || std::holds_alternative<Mul>(op) ||
      std::holds_alternative<Binary>(op) || std::holds_alternative<Reduce>(op) ||
      std::holds_alternative<CumulativeSum>(op) || std::holds_alternative<GlobalPool>(op) ||
      std::holds_alternative<Pool>(op)) {
    return NodeFamily::arithmetic;
  }
  if (std::holds_alternative<Input>(op)) return NodeFamily::border;
  return NodeFamily::shaping;
}

std::string_view family_name(NodeFamily family) {
  constexpr std::array<std::string_view, kNodeFamilies> kNames{
      "input, output", "convolution", "depthwise, grouped", "transposed",
      "norm",          "activation",  "arithmetic",         "slice, concat, pad"};
  return kNames[static_cast<size_t>(family)];
}

std::string_view family_colour(NodeFamily family) {
  constexpr std::array<std::string_view, kNodeFamilies> kColours{
      "#718096", "#2b6cb0", "#2c9a94", "#6b46c1", "#d69e2e", "#38a169", "#c53030", "#a0aec0"};
  return kColours[static_cast<size_t>(family)];
}

NodeCaption caption_of(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  const std::vector<Shape> operands = graph.operand_shapes(id);
  NodeCaption caption{op_name(node.op), ""};
  const auto channels = [&] { return fmt::format("{} \u2192 {}", operands[0].c, node.shape.c); };
  if (const auto* conv = std::get_if<Conv>(&node.op)) {
    caption = {conv_title(*conv, operands[0].c), channels()};
  } else if (const auto* transposed = std::get_if<ConvTranspose>(&node.op)) {
    caption = {"transposed conv " +
                   kernel_text(transposed->weight.dim(2), transposed->weight.dim(3)) +
                   extent_text("stride", transposed->stride),
               channels()};
  } else if (std::holds_alternative<Gemm>(node.op)) {
    caption.details = channels();
  } else if (const auto* norm = std::get_if<Norm>(&node.op)) {
    caption.title = fmt::format("{} norm", to_string(norm->kind));
  } else if (const auto* unary = std::get_if<Unary>(&node.op)) {
    caption.title = std::string(to_string(unary->kind));
  } else if (const auto* softmax = std::get_if<Softmax>(&node.op)) {
    caption.title = fmt::format("softmax over {}", to_string(softmax->over));
  } else if (const auto* slice = std::get_if<Slice>(&node.op)) {
    caption.details = fmt::format("{} {} to {}", to_string(slice->axis), slice->begin, slice->end);
  } else if (const auto* pad = std::get_if<Pad>(&node.op)) {
    caption.details =
        fmt::format("{}, {} + {}", to_string(pad->mode), pad->padding.left, pad->padding.right);
  }
  if (const int64_t parameters = parameter_count(node.op); parameters > 0) {
    if (!caption.details.empty()) caption.details += ", ";
    caption.details +=
        grouped_digits(parameters) + (parameters == 1 ? " parameter" : " parameters");
  }
  return caption;
}

}  // namespace tessera
