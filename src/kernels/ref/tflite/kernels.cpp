#include "kernels/ref/tflite/kernels.h"

#include <array>
#include <cmath>

namespace tessera::integer::tflite {
namespace {

int32_t clamped(int64_t code, const Coding& coding) {
  return static_cast<int32_t>(std::clamp<int64_t>(code, coding.lowest, coding.highest));
}

// Calls `function` with every code less its zero point; the result's is added to what it returns.
template <typename From, typename To, typename Function>
void map(const CodeSource<From>& src, const Coding& from, const Coding& to,
         const CodeTarget<To>& dst, const Function& function) {
  const int32_t zero = from.zero_point[0];
  for (int64_t c = 0; c < src.shape.c; ++c) {
    for (int64_t h = 0; h < src.shape.h; ++h) {
      const From* in = src.row(c, h);
      To* out = dst.row(c, h);
      for (int64_t t = 0; t < src.shape.w; ++t)
        out[t] =
            static_cast<To>(clamped(int64_t{function(in[t] - zero, c)} + to.zero_point[0], to));
    }
  }
}

float ratio(const Coding& x, const Coding& result) {
  return x.scale[0] / result.scale[0];
}

}  // namespace

std::vector<float> filter_scales(const IntegerWeights& weights, const Coding& operand,
                                 const Coding& result) {
  std::vector<float> scales;
  for (size_t o = 0; o < weights.scale.size(); ++o) {
    const double unit =
        static_cast<double>(weights.scale[o]) *
        (static_cast<double>(result.scale[0]) / static_cast<double>(result.scale[o]));
    scales.push_back(static_cast<float>(unit / static_cast<double>(operand.scale[0])));
  }
  return scales;
}

std::vector<Multiplier> conv_multipliers(std::span<const float> filter_scales,
                                         const Coding& operand, const Coding& result) {
  std::vector<Multiplier> multipliers;
  for (const float scale : filter_scales) {
    multipliers.push_back(
        multiplier_of(static_cast<double>(operand.scale[0]) * static_cast<double>(scale) /
                      static_cast<double>(result.scale[0])));
  }
  return multipliers;
}

IntegerWeights affine_weights(const Affine& op, const Coding& operand) {
  constexpr int8_t kFull = 127;
  constexpr double kLargestBias = 1 << 30;
  IntegerWeights weights;
  weights.dims = {op.scale.size(), 1, 1, 1};
  for (int64_t c = 0; c < op.scale.size(); ++c) {
    const double a = static_cast<double>(op.scale[c]) *
                     static_cast<double>(operand.scale[static_cast<size_t>(c)]);
    const auto b = static_cast<double>(op.bias[c]);
    const double unit = std::max({std::abs(a) / kFull, std::abs(b) / kLargestBias, 1e-30});
    weights.scale.push_back(static_cast<float>(unit));
    const auto step = static_cast<double>(weights.scale.back());
    weights.values.push_back(
        static_cast<int8_t>(std::clamp(std::nearbyint(a / step), -127.0, 127.0)));
    weights.bias.push_back(
        static_cast<int32_t>(std::clamp(std::nearbyint(b / step), -kLargestBias, kLargestBias)));
  }
  return weights;
}

template <typename From, typename To>
void requantize(const CodeSource<From>& src, const Coding& from, const Coding& to,
                const CodeTarget<To>& dst) {
  const Multiplier m =
      multiplier_of(static_cast<double>(from.scale[0]) / static_cast<double>(to.scale[0]));
  map(src, from, to, dst, [&](int32_t x, int64_t) { return multiply(x, m); });
}

template <typename Code>
void elementwise(Elementwise op, const Operand<Code>& a, const Operand<Code>& b,
                 const Coding& result, const CodeTarget<Code>& dst) {
  const float scale_a = a.coding.scale[0];
  const float scale_b = b.coding.scale[0];
  const float scale = result.scale[0];
  const int left = result.is_int16 ? 15 : 20;
  const double twice = 2 * std::max(scale_a, scale_b);
  const Multiplier first = multiplier_of(static_cast<double>(scale_a) / twice);
  const Multiplier second = multiplier_of(static_cast<double>(scale_b) / twice);
  const Multiplier sum =
      multiplier_of(twice / static_cast<double>(static_cast<float>(1 << left) * scale));
  const Multiplier product = multiplier_of(static_cast<double>(scale_a * scale_b / scale));
  const auto combine = [&](int32_t x, int32_t y) {
    if (op == Elementwise::mul) return multiply(x * y, product);
    const int32_t u = multiply(x * (1 << left), first);
    const int32_t v = multiply(y * (1 << left), second);
    return multiply(op == Elementwise::add ? u + v : u - v, sum);
  };
  const auto row_of = [](const Operand<Code>& x, int64_t c, int64_t h) {
    return x.src.row(x.src.shape.c == 1 ? 0 : c, x.src.shape.h == 1 ? 0 : h);
  };
  const int64_t step_a = a.src.shape.w == 1 ? 0 : 1;
  const int64_t step_b = b.src.shape.w == 1 ? 0 : 1;
  for (int64_t c = 0; c < dst.shape.c; ++c) {
    for (int64_t h = 0; h < dst.shape.h; ++h) {
      const Code* x = row_of(a, c, h);
      const Code* y = row_of(b, c, h);
      Code* out = dst.row(c, h);
      for (int64_t t = 0; t < dst.shape.w; ++t) {
        const int32_t value =
            combine(x[t * step_a] - a.coding.zero_point[0], y[t * step_b] - b.coding.zero_point[0]);
        out[t] = static_cast<Code>(clamped(int64_t{value} + result.zero_point[0], result));
      }
    }
  }
}

template <typename Code>
void relu(const Operand<Code>& x, const Coding& result, const CodeTarget<Code>& dst) {
  const Multiplier m = multiplier_of(static_cast<double>(ratio(x.coding, result)));
  map(x.src, x.coding, result, dst,
      [&](int32_t code, int64_t) { return std::max(multiply(code, m), 0); });
}

template <typename Code>
void leaky_relu(float slope, const Operand<Code>& x, const Coding& result,
                const CodeTarget<Code>& dst) {
  const Multiplier above = multiplier_of(static_cast<double>(ratio(x.coding, result)));
  Multiplier below =
      multiplier_of(static_cast<double>(x.coding.scale[0] * slope / result.scale[0]));
  const bool negative = below.fraction < 0;
  below.fraction = std::abs(below.fraction);
  map(x.src, x.coding, result, dst, [&](int32_t code, int64_t) {
    if (code >= 0) return multiply(code, above);
    const int32_t value = multiply(code, below);
    return negative ? -value : value;
  });
}

SlopeCodes encode_slopes(const Tensor& slope) {
  float largest = 0;
  for (const float value : slope.values()) largest = std::max(largest, std::abs(value));
  SlopeCodes codes;
  codes.scale = largest > 0 ? std::max(largest / 127.0F, 1e-30F) : 1.0F;
  for (const float value : slope.values())
    codes.codes.push_back(
        static_cast<int8_t>(std::clamp(std::nearbyint(value / codes.scale), -127.0F, 127.0F)));
  return codes;
}

template <typename Code>
void prelu(const SlopeCodes& slopes, const Operand<Code>& x, const Coding& result,
           const CodeTarget<Code>& dst) {
  const Multiplier above = multiplier_of(static_cast<double>(ratio(x.coding, result)));
  const Multiplier below =
      multiplier_of(static_cast<double>(x.coding.scale[0] * slopes.scale / result.scale[0]));
  map(x.src, x.coding, result, dst, [&](int32_t code, int64_t c) {
    return code >= 0 ? multiply(code, above)
                     : multiply(code * slopes.codes[static_cast<size_t>(c)], below);
  });
}

ValueEncoding logistic_encoding(bool is_int16) {
  if (is_int16) return {16, true, {1.0F / 32768}, {0}};
  return {8, true, {1.0F / 256}, {-128}};
}

ValueEncoding tanh_encoding(bool is_int16) {
  if (is_int16) return {16, true, {1.0F / 32768}, {0}};
  return {8, true, {1.0F / 128}, {0}};
}

namespace {

float curve_of(UnaryKind kind, float x) {
  return kind == UnaryKind::tanh ? std::tanh(x) : 1.0F / (1.0F + std::exp(-x));
}

// sigmoid(i/24) in units of 2^-16. In the runtime's table these entries are one above the nearest.
std::array<uint16_t, 256> sigmoid_table() {
  constexpr std::array<uint64_t, 4> kOneAbove = {0xc0467baefa7bd110, 0x0011009020440005, 0x80,
                                                 0x8000000000000000};
  std::array<uint16_t, 256> table{};
  for (size_t i = 0; i < table.size(); ++i) {
    const double nearest = std::nearbyint(65536 / (1 + std::exp(-static_cast<double>(i) / 24)));
    table[i] =
        static_cast<uint16_t>(static_cast<uint64_t>(nearest) + (kOneAbove[i / 64] >> (i % 64) & 1));
  }
  return table;
}

// Codes of `scale` in units of 1/(3*4096).
struct TableInput {
  int32_t multiplier = 0;
  int32_t shift = 0;

  explicit TableInput(float scale) {
    double real = static_cast<double>(scale) * 4096.0 * 3.0;
    while (real <= 32767.0 / 2.0 && shift <= 30) {
      ++shift;
      real *= 2;
    }
    multiplier = static_cast<int32_t>(real);
  }
  int32_t operator()(int32_t code) const {
    const int32_t round = shift > 0 ? 1 << (shift - 1) : 0;
    return (code * multiplier + round) >> shift;
  }
};

int16_t logistic_of(const std::array<uint16_t, 256>& table, int32_t x) {
  const auto size = static_cast<uint32_t>(std::abs(x));
  const uint32_t entry = size >> 9;
  uint32_t result = 0x7FFFU << 10;
  if (entry < 255) {
    const uint32_t low = table[entry];
    const uint32_t high = table[entry + 1];
    result = (low << 9) + (size & 0x1FF) * (high - low);
  }
  result = x >= 0 ? result + (1 << 9) : (1U << 25) - result + (1 << 9) - 1;
  return static_cast<int16_t>(result >> 10);
}

int16_t tanh_of(const std::array<uint16_t, 256>& table, int32_t x) {
  const auto size = static_cast<uint32_t>(std::abs(x));
  const uint32_t entry = size >> 8;
  int32_t result = 0xFFFF << 8;
  if (entry < 255) {
    const uint32_t low = table[entry];
    const uint32_t high = table[entry + 1];
    result = static_cast<int32_t>((low << 8) + (size & 0xFF) * (high - low));
  }
  result = x >= 0 ? result - (1 << 23) + (1 << 7) : -result + (1 << 23) + (1 << 7) - 1;
  return static_cast<int16_t>(result >> 8);
}

}  // namespace

void curve(UnaryKind kind, const Operand<Code8>& x, const CodeTarget<Code8>& dst) {
  const bool is_tanh = kind == UnaryKind::tanh;
  const Coding result = make_coding(is_tanh ? tanh_encoding(false) : logistic_encoding(false), 1);
  const float inverse = 1 / result.scale[0];
  map(x.src, x.coding, result, dst, [&](int32_t code, int64_t) {
    const float y = curve_of(kind, x.coding.scale[0] * static_cast<float>(code));
    return static_cast<int32_t>(std::round(y * inverse));
  });
}

void curve(UnaryKind kind, const Operand<Code16>& x, const CodeTarget<Code16>& dst) {
  static const std::array<uint16_t, 256> table = sigmoid_table();
  const TableInput input(x.coding.scale[0]);
  const Coding result = make_coding(logistic_encoding(true), 1);
  map(x.src, x.coding, result, dst, [&](int32_t code, int64_t) {
    const int32_t at = input(code);
    return kind == UnaryKind::tanh ? tanh_of(table, at) : logistic_of(table, at);
  });
}

template <typename Code>
void quantize(const Source& src, const Coding& coding, const CodeTarget<Code>& dst) {
  for (int64_t c = 0; c < src.shape.c; ++c) {
    const float scale = coding.scale[static_cast<size_t>(c)];
    const int32_t zero = coding.zero_point[static_cast<size_t>(c)];
    const auto low = static_cast<float>(coding.lowest - zero);
    const auto high = static_cast<float>(coding.highest - zero);
    for (int64_t h = 0; h < src.shape.h; ++h) {
      const float* in = src.row(c, h);
      Code* out = dst.row(c, h);
      for (int64_t t = 0; t < src.shape.w; ++t) {
        // NaN becomes the lowest code.
        const float steps = std::round(in[t] / scale);
        const float kept = std::min(steps > low ? steps : low, high);
        out[t] = static_cast<Code>(static_cast<int32_t>(kept) + zero);
      }
    }
  }
}

template void requantize(const CodeSource<Code8>&, const Coding&, const Coding&,
                         const CodeTarget<Code8>&);
template void requantize(const CodeSource<Code8>&, const Coding&, const Coding&,
                         const CodeTarget<Code16>&);
template void requantize(const CodeSource<Code16>&, const Coding&, const Coding&,
                         const CodeTarget<Code8>&);
template void requantize(const CodeSource<Code16>&, const Coding&, const Coding&,
                         const CodeTarget<Code16>&);
template void elementwise(Elementwise, const Operand<Code8>&, const Operand<Code8>&, const Coding&,
                          const CodeTarget<Code8>&);
template void elementwise(Elementwise, const Operand<Code16>&, const Operand<Code16>&,
                          const Coding&, const CodeTarget<Code16>&);
template void relu(const Operand<Code8>&, const Coding&, const CodeTarget<Code8>&);
template void relu(const Operand<Code16>&, const Coding&, const CodeTarget<Code16>&);
template void leaky_relu(float, const Operand<Code8>&, const Coding&, const CodeTarget<Code8>&);
template void leaky_relu(float, const Operand<Code16>&, const Coding&, const CodeTarget<Code16>&);
template void prelu(const SlopeCodes&, const Operand<Code8>&, const Coding&,
                    const CodeTarget<Code8>&);
template void prelu(const SlopeCodes&, const Operand<Code16>&, const Coding&,
                    const CodeTarget<Code16>&);
template void quantize(const Source&, const Coding&, const CodeTarget<Code8>&);
template void quantize(const Source&, const Coding&, const CodeTarget<Code16>&);

}  // namespace tessera::integer::tflite
