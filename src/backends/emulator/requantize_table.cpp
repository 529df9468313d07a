#include "backends/emulator/requantize_table.h"

namespace tessera::emulator {
namespace {

// bias - sum of weight * zero point, modulo 2^32: what codes taken as numbers add too much. Frames
// outside the sequence have the code of zero, so that it is the same everywhere.
int32_t folded_bias(const IntegerWeights& weights, const integer::Coding& read, int64_t groups,
                    int64_t o) {
  const int64_t outputs = weights.dims[0];
  const int64_t inputs = weights.dims[1];
  const auto per_output = static_cast<int64_t>(weights.values.size()) / outputs;
  const int64_t taps = per_output / inputs;
  auto sum = static_cast<uint32_t>(weights.bias[static_cast<size_t>(o)]);
  for (int64_t i = 0; i < per_output; ++i) {
    const int64_t channel = o / (outputs / groups) * inputs + i / taps;
    const int32_t product = weights.values[static_cast<size_t>(o * per_output + i)] *
                            read.zero_point[static_cast<size_t>(channel)];
    sum -= static_cast<uint32_t>(product);
  }
  return static_cast<int32_t>(sum);
}

}  // namespace

simd::CodeScale code_scale(const integer::Coding& coding, int64_t channel) {
  const auto c = static_cast<size_t>(channel);
  return {coding.scale[c], simd::inverse_of(coding.scale[c]), coding.zero_point[c], coding.lowest,
          coding.highest};
}

RequantizeTable::RequantizeTable(const IntegerWeights& weights, const integer::Coding& read,
                                 int64_t groups, const Unary* activation, const Value& result)
    : format_(result.format()), divide_(activation != nullptr) {
  for (int64_t o = 0; o < weights.dims[0]; ++o) {
    bias_.push_back(folded_bias(weights, read, groups, o));
    const float unit = weights.scale[static_cast<size_t>(o)];
    if (!result.coding) {
      gain_.push_back(unit);
      continue;
    }
    codes_.push_back(code_scale(*result.coding, o));
    gain_.push_back(divide_ ? unit : unit / codes_.back().scale);
  }
  if (activation == nullptr) return;
  if (activation->kind == UnaryKind::relu) {
    activation_ = simd::Activation::kRelu;
    return;
  }
  activation_ = simd::Activation::kPrelu;
  const Tensor& slope = activation->slope;
  for (int64_t o = 0; o < weights.dims[0]; ++o) slopes_.push_back(slope[slope.size() == 1 ? 0 : o]);
}

simd::Requantize RequantizeTable::requantize() const {
  return {.format = format_,
          .bias = bias_.data(),
          .gain = gain_.data(),
          .activation = activation_,
          .slopes = slopes_.data(),
          .divide = divide_,
          .codes = codes_.data()};
}

}  // namespace tessera::emulator
