#include "tessera/compiler/encodings.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include <fmt/format.h>

#include "quantize/roles.h"
#include "quantize/tflite_form.h"

namespace tessera {
namespace {

using quantization::Matrix;
using quantization::matrix_of;

template <typename T>
T entry(const std::vector<T>& list, int64_t channel) {
  return list[list.size() == 1 ? 0 : static_cast<size_t>(channel)];
}

Error invalid(const Node& node, std::string message) {
  return TESSERA_ERROR(kInvalidModel, fmt::format("encoding of '{}'", node.name),
                       std::move(message), "quantise the network again");
}

Result<void> check_value(const Node& node, int64_t channels, const ValueEncoding& encoding) {
  if (encoding.bits != 8 && encoding.bits != 16)
    return invalid(node, fmt::format("has {} bits, not 8 or 16", encoding.bits));
  for (size_t count : {encoding.scale.size(), encoding.zero_point.size()}) {
    if (count != 1 && count != static_cast<size_t>(channels)) {
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

// |bias| + sum of |weight| * the largest |q - zero point| of its channel, for each output channel.
Result<void> check_accumulators(const Node& node, const Matrix& matrix,
                                const IntegerWeights& integers, const ValueEncoding& operand) {
  const int64_t row = matrix.inputs() * matrix.taps();
  for (int64_t o = 0; o < matrix.outputs(); ++o) {
    int64_t bound = std::abs(static_cast<int64_t>(integers.bias[static_cast<size_t>(o)]));
    for (int64_t i = 0; i < row; ++i) {
      const int32_t zero = operand.zero_point_of(matrix.channel(o, i / matrix.taps()));
      const int64_t reach = std::max(operand.highest() - zero, zero - operand.lowest());
      bound += reach * std::abs(integers.values[static_cast<size_t>(o * row + i)]);
    }
    if (bound > std::numeric_limits<int32_t>::max()) {
      return invalid(node, fmt::format("lets the accumulator of output channel {} reach {}, beyond "
                                       "32 bits",
                                       o, bound));
    }
  }
  return {};
}

// Stripes turn kernels: height and width may have changed places.
bool are_dims_of(const Matrix& matrix, const std::vector<int64_t>& dims) {
  if (dims.size() < 2 || dims.size() > 4 || dims[0] != matrix.outputs() ||
      dims[1] != matrix.inputs())
    return false;
  const int64_t taps = matrix.taps();
  const int64_t height = dims.size() > 2 ? dims[2] : 1;
  const int64_t width = dims.size() > 3 ? dims[3] : 1;
  return height > 0 && width > 0 && height <= taps && width <= taps && height * width == taps;
}

Result<void> check_weights(const Graph& graph, const Node& node, const IntegerWeights& integers,
                           const Encodings& encodings) {
  const std::optional<Matrix> matrix = matrix_of(node.op);
  if (!matrix)
    return invalid(node, fmt::format("has integer weights, but is a {}", op_name(node.op)));
  const auto outputs = static_cast<size_t>(matrix->outputs());
  if (integers.values.size() != static_cast<size_t>(matrix->weight->size()) ||
      integers.bias.size() != outputs || integers.scale.size() != outputs) {
    return invalid(node,
                   fmt::format("has {} weights, {} biases and {} scales for weights {}",
                               integers.values.size(), integers.bias.size(), integers.scale.size(),
                               dims_to_string(matrix->weight->dims())));
  }
  if (!are_dims_of(*matrix, integers.dims)) {
    return invalid(node, fmt::format("has weights {} for {}", dims_to_string(integers.dims),
                                     dims_to_string(matrix->weight->dims())));
  }
  for (float scale : integers.scale) {
    if (!std::isnormal(scale) || scale < 0)
      return invalid(node, fmt::format("has the weight scale {}", scale));
  }
  if (std::find(integers.values.begin(), integers.values.end(), -128) != integers.values.end())
    return invalid(node, "has the weight -128, outside -127..127");
  auto operand = encoding_of(graph, node.inputs[0], encodings);
  if (!operand && integers.operand) {
    TESSERA_TRY_VOID(check_value(node, graph.node(node.inputs[0]).shape.c, *integers.operand));
    operand = integers.operand;
  }
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
      TESSERA_TRY_VOID(check_value(node, node.shape.c, value->second));
    if (std::holds_alternative<Input>(node.op)) continue;  // in a piece: a value made elsewhere
    if (const auto weights = encodings.weights.find(node.name); weights != encodings.weights.end())
      TESSERA_TRY_VOID(check_weights(graph, node, weights->second, encodings));
  }
  if (encodings.arithmetic == IntegerArithmetic::tflite)
    return quantization::check_tflite_encodings(graph, encodings);
  return {};
}

}  // namespace tessera
