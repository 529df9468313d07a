#include "quantize/weights.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace tessera::quantization {
namespace {

constexpr double kLargestWeight = 127;
constexpr double kLargestBias = 1 << 30;
constexpr double kLargestAccumulator = 2147483647.0;

// One output channel: its weights times the scales of the channels they meet.
struct Row {
  std::vector<double> values;
  std::vector<double> scale;  // of the operand's channel
  std::vector<double> reach;  // largest |q - zero point| there
  std::vector<double> mean;   // of the operand's channel
  double bias = 0;
};

Row row_of(const Matrix& matrix, const ValueEncoding& operand, std::span<const double> means,
           int64_t o) {
  Row row;
  const int64_t size = matrix.inputs() * matrix.taps();
  for (int64_t i = 0; i < size; ++i) {
    const int64_t c = matrix.channel(o, i / matrix.taps());
    const int32_t zero = operand.zero_point_of(c);
    row.scale.push_back(static_cast<double>(operand.scale_of(c)));
    row.values.push_back(static_cast<double>((*matrix.weight)[o * size + i]) * row.scale.back());
    row.reach.push_back(std::max(operand.highest() - zero, zero - operand.lowest()));
    row.mean.push_back(means.empty() ? 0.0 : means[static_cast<size_t>(c)]);
  }
  row.bias = matrix.bias->empty() ? 0.0 : static_cast<double>((*matrix.bias)[o]);
  return row;
}

int8_t rounded(double value, float step) {
  const double steps = std::nearbyint(value / static_cast<double>(step));
  return static_cast<int8_t>(std::clamp(steps, -kLargestWeight, kLargestWeight));
}

// Largest magnitude the accumulator can take with this step.
double accumulator_bound(const Row& row, float step) {
  double bound = std::abs(row.bias / static_cast<double>(step)) + 1;
  for (size_t i = 0; i < row.values.size(); ++i)
    bound += std::abs(static_cast<double>(rounded(row.values[i], step))) * row.reach[i];
  return bound;
}

float step_of(const Row& row) {
  double largest = 0;
  for (double value : row.values) largest = std::max(largest, std::abs(value));
  double step = std::max(largest / kLargestWeight, std::abs(row.bias) / kLargestBias);
  // A row of zeros is its bias; any step shows that.
  if (step < 1e-30) step = row.bias == 0 ? 1.0 : 1e-30;
  for (double bound = 0;
       (bound = accumulator_bound(row, static_cast<float>(step))) > kLargestAccumulator * 0.99;) {
    step *= bound / kLargestAccumulator * 1.02;
  }
  return static_cast<float>(step);
}

}  // namespace

IntegerWeights encode_weights(const Matrix& matrix, const ValueEncoding& operand,
                              std::span<const double> means) {
  IntegerWeights integers;
  integers.dims = matrix.weight->dims();
  integers.values.reserve(static_cast<size_t>(matrix.weight->size()));
  for (int64_t o = 0; o < matrix.outputs(); ++o) {
    const Row row = row_of(matrix, operand, means, o);
    const float step = step_of(row);
    double bias = row.bias;
    for (size_t i = 0; i < row.values.size(); ++i) {
      const int8_t code = rounded(row.values[i], step);
      integers.values.push_back(code);
      const double kept = static_cast<double>(code) * static_cast<double>(step);
      bias += (row.values[i] - kept) * row.mean[i] / row.scale[i];
    }
    integers.scale.push_back(step);
    integers.bias.push_back(static_cast<int32_t>(
        std::clamp(std::nearbyint(bias / static_cast<double>(step)), -kLargestBias, kLargestBias)));
  }
  return integers;
}

namespace {

// The most that a bias can take over for its row: half a step of every weight, with the operand as
// far from its zero point as codes go. In steps; one more for rounding the bias itself.
double largest_correction(const Matrix& matrix, const ValueEncoding& operand, int64_t o) {
  const Row row = row_of(matrix, operand, {}, o);
  double steps = 1;
  for (double reach : row.reach) steps += 0.5 * reach;
  return steps;
}

}  // namespace

Result<void> check_weights(const Graph& graph, const Encodings& encodings) {
  for (const auto& [name, claimed] : encodings.weights) {
    const auto differs = [&](const char* what) {
      return TESSERA_ERROR(kMismatch, fmt::format("node '{}'", name),
                           fmt::format("its integer {} are not the network's", what),
                           "build the package again");
    };
    const Node& node = graph.node(graph.find(name));
    const auto matrix = matrix_of(node.op);
    const auto operand =
        claimed.operand ? claimed.operand : encoding_of(graph, node.inputs[0], encodings);
    if (!matrix || !operand) return differs("weights");
    const IntegerWeights made = encode_weights(*matrix, *operand, {});
    if (claimed.dims != made.dims || claimed.values != made.values || claimed.scale != made.scale)
      return differs("weights");
    for (int64_t o = 0; o < matrix->outputs(); ++o) {
      const auto at = static_cast<size_t>(o);
      const double apart = std::abs(static_cast<double>(claimed.bias[at]) - made.bias[at]);
      if (apart > largest_correction(*matrix, *operand, o)) return differs("biases");
    }
  }
  return {};
}

}  // namespace tessera::quantization
