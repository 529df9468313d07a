#include "tessera/encodings.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include <fmt/format.h>

namespace tessera {
namespace {

template <typename T>
T entry(const std::vector<T>& list, int64_t channel) {
  return list[list.size() == 1 ? 0 : static_cast<size_t>(channel)];
}

Error invalid(const Node& node, std::string message) {
  return TESSERA_ERROR(kInvalidModel, fmt::format("encoding of '{}'", node.name),
                       std::move(message), "quantise the network again");
}

Result<void> check_value(const Node& node, const ValueEncoding& encoding) {
  if (encoding.bits != 8 && encoding.bits != 16)
    return invalid(node, fmt::format("has {} bits, not 8 or 16", encoding.bits));
  const auto channels = static_cast<size_t>(node.shape.c);
  for (size_t count : {encoding.scale.size(), encoding.zero_point.size()}) {
    if (count != 1 && count != channels) {
      return invalid(node,
                     fmt::format("has {} scales and {} zero points for {} channels",
                                 encoding.scale.size(), encoding.zero_point.size(), node.shape.c));
    }
  }
  for (float scale : encoding.scale) {
    // Subnormal scales would make quotients that differ where they are flushed to zero.
    if (!std::isnormal(scale) || scale < 0)
      return invalid(node, fmt::format("has the scale {}", scale));
  }
  for (int32_t zero : encoding.zero_point) {
    if (zero < encoding.lowest() || zero > encoding.highest()) {
      return invalid(
          node, fmt::format("has the zero point {}, which is not one of its codes {}..{}", zero,
                            encoding.lowest(), encoding.highest()));
    }
  }
  return {};
}

// Weight, and how many channels of the operand one output channel reads, from which on.
struct Matrix {
  const Tensor* weight = nullptr;
  int64_t groups = 1;
};

std::optional<Matrix> matrix_of(const Op& op) {
  if (const auto* conv = std::get_if<Conv>(&op)) return Matrix{&conv->weight, conv->groups};
  if (const auto* gemm = std::get_if<Gemm>(&op)) return Matrix{&gemm->weight, 1};
  return std::nullopt;
}

// |bias| + sum of |weight| * the largest |q - zero point| of its channel, for each output channel.
Result<void> check_accumulators(const Node& node, const Matrix& matrix,
                                const IntegerWeights& integers, const ValueEncoding& operand) {
  const int64_t outputs = matrix.weight->dim(0);
  const int64_t channels = matrix.weight->dim(1);
  const int64_t taps = matrix.weight->size() / (outputs * channels);
  const int64_t per_group = outputs / matrix.groups;
  for (int64_t o = 0; o < outputs; ++o) {
    int64_t bound = std::abs(static_cast<int64_t>(integers.bias[static_cast<size_t>(o)]));
    for (int64_t c = 0; c < channels; ++c) {
      const int32_t zero = operand.zero_point_of(o / per_group * channels + c);
      const int64_t reach = std::max(operand.highest() - zero, zero - operand.lowest());
      for (int64_t k = 0; k < taps; ++k) {
        bound +=
            reach * std::abs(integers.values[static_cast<size_t>((o * channels + c) * taps + k)]);
      }
    }
    if (bound > std::numeric_limits<int32_t>::max()) {
      return invalid(node, fmt::format("lets the accumulator of output channel {} reach {}, beyond "
                                       "32 bits",
                                       o, bound));
    }
  }
  return {};
}

Result<void> check_weights(const Graph& graph, const Node& node, const IntegerWeights& integers,
                           const Encodings& encodings) {
  const std::optional<Matrix> matrix = matrix_of(node.op);
  if (!matrix)
    return invalid(node, fmt::format("has integer weights, but is a {}", op_name(node.op)));
  const auto outputs = static_cast<size_t>(matrix->weight->dim(0));
  if (integers.values.size() != static_cast<size_t>(matrix->weight->size()) ||
      integers.bias.size() != outputs || integers.scale.size() != outputs) {
    return invalid(node,
                   fmt::format("has {} weights, {} biases and {} scales for weights {}",
                               integers.values.size(), integers.bias.size(), integers.scale.size(),
                               dims_to_string(matrix->weight->dims())));
  }
  for (float scale : integers.scale) {
    if (!std::isnormal(scale) || scale < 0)
      return invalid(node, fmt::format("has the weight scale {}", scale));
  }
  if (std::find(integers.values.begin(), integers.values.end(), -128) != integers.values.end())
    return invalid(node, "has the weight -128, outside -127..127");
  const auto operand = encoding_of(graph, node.inputs[0], encodings);
  if (!operand) return invalid(node, "has integer weights, but its operand is float");
  return check_accumulators(node, *matrix, integers, *operand);
}

}  // namespace

float ValueEncoding::scale_of(int64_t channel) const {
  return entry(scale, channel);
}

int32_t ValueEncoding::zero_point_of(int64_t channel) const {
  return entry(zero_point, channel);
}

std::optional<ValueEncoding> encoding_of(const Graph& graph, NodeId id,
                                         const Encodings& encodings) {
  const Node& node = graph.node(id);
  if (const auto found = encodings.values.find(node.name); found != encodings.values.end())
    return found->second;
  const auto* slice = std::get_if<Slice>(&node.op);
  const auto* pad = std::get_if<Pad>(&node.op);
  if (slice == nullptr && (pad == nullptr || pad->mode != PadMode::zero)) return std::nullopt;
  auto encoding = encoding_of(graph, node.inputs[0], encodings);
  if (!encoding || slice == nullptr || slice->axis != Axis::c) return encoding;
  const auto pick = [&](auto& list) {
    if (list.size() == 1) return;
    std::remove_reference_t<decltype(list)> picked;
    for (int64_t c = slice->begin; c < slice->end; c += slice->step)
      picked.push_back(list[static_cast<size_t>(c)]);
    list = std::move(picked);
  };
  pick(encoding->scale);
  pick(encoding->zero_point);
  return encoding;
}

Result<void> check_encodings(const Graph& graph, const Encodings& encodings) {
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (const auto value = encodings.values.find(node.name); value != encodings.values.end())
      TESSERA_TRY_VOID(check_value(node, value->second));
    if (const auto weights = encodings.weights.find(node.name); weights != encodings.weights.end())
      TESSERA_TRY_VOID(check_weights(graph, node, weights->second, encodings));
  }
  return {};
}

}  // namespace tessera
