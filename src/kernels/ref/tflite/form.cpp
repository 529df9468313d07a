#include "kernels/ref/tflite/form.h"

#include <algorithm>

#include "kernels/ref/tflite/kernels.h"

namespace tessera::integer::tflite {
namespace {

constexpr int kInt16Highest = 32767;

Coding int16_coding(std::vector<float> scale) {
  Coding coding;
  coding.is_int16 = true;
  coding.lowest = -kInt16Highest - 1;
  coding.highest = kInt16Highest;
  coding.zero_point.assign(scale.size(), 0);
  coding.scale = std::move(scale);
  return coding;
}

// Codes less their zero point: the same values.
Coding widened(const Coding& coding) {
  return coding.is_int16 ? coding : int16_coding(coding.scale);
}

// What 16 bits hold of results that become 8: all that lies up to 256 steps from zero.
Coding finer(const Coding& coding) {
  if (coding.is_int16) return coding;
  std::vector<float> scale = coding.scale;
  for (float& step : scale) step /= 128;
  return int16_coding(std::move(scale));
}

}  // namespace

Widths widths_of(Form form, const Op& op, std::vector<Coding> operands, const Coding& result) {
  Widths widths;
  const auto has_int16 = [](const Coding& coding) { return coding.is_int16; };
  const bool codes_move = form == Form::movement;
  widths.is_int16 = result.is_int16 || (!codes_move && std::ranges::any_of(operands, has_int16));
  for (Coding& operand : operands) {
    // A slice or pad moves the operand's own codes; the parts of a concatenation take the result's.
    if (codes_move) {
      widths.operands.push_back(std::holds_alternative<Concat>(op) ? result : operand);
    } else {
      widths.operands.push_back(widths.is_int16 ? widened(operand) : operand);
    }
  }
  if (codes_move) {
    widths.result = std::holds_alternative<Concat>(op) ? result : operands[0];
    widths.is_int16 = widths.result.is_int16;
  } else if (form == Form::curve) {
    const bool is_tanh = std::get<Unary>(op).kind == UnaryKind::tanh;
    widths.result =
        make_coding(is_tanh ? tanh_encoding(widths.is_int16) : logistic_encoding(widths.is_int16),
                    static_cast<int64_t>(result.scale.size()));
  } else {
    widths.result = widths.is_int16 ? finer(result) : result;
  }
  return widths;
}

bool is_uniform(const Coding& coding) {
  const auto same = [](const auto& list) {
    return std::ranges::adjacent_find(list, std::not_equal_to<>()) == list.end();
  };
  return same(coding.scale) && same(coding.zero_point);
}

}  // namespace tessera::integer::tflite
