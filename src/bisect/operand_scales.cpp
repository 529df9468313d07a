#include "bisect/operand_scales.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace tessera {
namespace {

using quantization::Matrix;

// Smaller integers say too little about what they were rounded from.
constexpr int kMinInformativeCode = 16;
constexpr size_t kMinInformative = 4;
// Beyond what rounding of telling integers explains.
constexpr double kContradiction = 0.06;

double median(std::vector<double> numbers) {
  const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
  std::nth_element(numbers.begin(), middle, numbers.end());
  return *middle;
}

// What scale of each operand channel the integers were made for: integer * scale = weight * scale
// of the operand. 0 where nothing tells.
std::vector<double> scales_in(const Matrix& matrix, const IntegerWeights& integers,
                              int64_t channels) {
  std::vector<std::vector<double>> ratios(static_cast<size_t>(channels));
  const int64_t row = matrix.inputs() * matrix.taps();
  for (int64_t o = 0; o < matrix.outputs(); ++o) {
    for (int64_t i = 0; i < row; ++i) {
      const int8_t integer = integers.values[static_cast<size_t>(o * row + i)];
      const auto weight = static_cast<double>((*matrix.weight)[o * row + i]);
      if (std::abs(integer) < kMinInformativeCode || weight == 0) continue;
      const double ratio =
          integer * static_cast<double>(integers.scale[static_cast<size_t>(o)]) / weight;
      if (ratio > 0)
        ratios[static_cast<size_t>(matrix.channel(o, i / matrix.taps()))].push_back(ratio);
    }
  }
  std::vector<double> scales;
  scales.reserve(ratios.size());
  for (auto& of_channel : ratios)
    scales.push_back(of_channel.empty() ? 0 : median(std::move(of_channel)));
  return scales;
}

// What the biases say the accumulators' scales are multiplied by; 0 where they say nothing.
double bias_ratio(const Matrix& matrix, const IntegerWeights& integers) {
  if (matrix.bias == nullptr || matrix.bias->empty()) return 0;
  std::vector<double> ratios;
  for (size_t o = 0; o < integers.bias.size(); ++o) {
    const auto bias = static_cast<double>((*matrix.bias)[static_cast<int64_t>(o)]);
    if (std::abs(static_cast<int64_t>(integers.bias[o])) < kMinInformativeCode || bias == 0)
      continue;
    ratios.push_back(integers.bias[o] * static_cast<double>(integers.scale[o]) / bias);
  }
  return ratios.size() < kMinInformative ? 0 : median(std::move(ratios));
}

bool contradicts(double ratio) {
  return std::abs(ratio - 1) > kContradiction;
}

}  // namespace

OperandScales infer_operand_scales(const Matrix& matrix, const IntegerWeights& integers,
                                   const ValueEncoding& read, int64_t channels) {
  OperandScales meant;
  std::vector<double> ratios;
  const std::vector<double> telling = scales_in(matrix, integers, channels);
  for (int64_t c = 0; c < channels; ++c) {
    const auto own = static_cast<double>(read.scale_of(c));
    const double ratio = telling[static_cast<size_t>(c)] / own;
    if (ratio > 0) ratios.push_back(ratio);
    meant.of_channel.push_back(ratio > 0 && contradicts(ratio) ? own * ratio : own);
  }
  if (std::none_of(ratios.begin(), ratios.end(), contradicts)) return meant;
  const double overall = median(ratios);
  const double by_bias = bias_ratio(matrix, integers);
  if (contradicts(overall) && by_bias > 0 && !contradicts(by_bias / overall)) {
    meant.weights_off = overall;
    for (int64_t c = 0; c < channels; ++c)
      meant.of_channel[static_cast<size_t>(c)] = static_cast<double>(read.scale_of(c));
    return meant;
  }
  const double worst = *std::max_element(ratios.begin(), ratios.end(), [](double a, double b) {
    return std::abs(std::log(a)) < std::abs(std::log(b));
  });
  meant.operand_off = 1 / (contradicts(overall) ? overall : worst);
  return meant;
}

}  // namespace tessera
