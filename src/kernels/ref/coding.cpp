#include "kernels/ref/integer_kernels.h"

namespace tessera::integer {

Coding make_coding(const ValueEncoding& encoding, int64_t channels) {
  Coding coding;
  coding.is_int16 = encoding.bits == 16;
  const int32_t move = coding.is_int16 == encoding.is_signed ? 0 : coding.is_int16 ? -32768 : 128;
  coding.lowest = encoding.lowest() + move;
  coding.highest = encoding.highest() + move;
  for (int64_t c = 0; c < channels; ++c) {
    coding.scale.push_back(encoding.scale_of(c));
    coding.zero_point.push_back(encoding.zero_point_of(c) + move);
  }
  return coding;
}

template <typename Code>
void quantize(const Source& src, const Coding& coding, const CodeTarget<Code>& dst) {
  for (int64_t c = 0; c < src.shape.c; ++c) {
    const float scale = coding.scale[static_cast<size_t>(c)];
    const int32_t zero = coding.zero_point[static_cast<size_t>(c)];
    for (int64_t h = 0; h < src.shape.h; ++h) {
      const float* in = src.row(c, h);
      Code* out = dst.row(c, h);
      for (int64_t t = 0; t < src.shape.w; ++t) {
        out[t] = static_cast<Code>(code_of(in[t] / scale, zero, coding.lowest, coding.highest));
      }
    }
  }
}

template <typename Code>
void dequantize(const CodeSource<Code>& src, const Coding& coding, const Target& dst) {
  for (int64_t c = 0; c < src.shape.c; ++c) {
    const float scale = coding.scale[static_cast<size_t>(c)];
    const int32_t zero = coding.zero_point[static_cast<size_t>(c)];
    for (int64_t h = 0; h < src.shape.h; ++h) {
      const Code* in = src.row(c, h);
      float* out = dst.row(c, h);
      for (int64_t t = 0; t < src.shape.w; ++t) out[t] = static_cast<float>(in[t] - zero) * scale;
    }
  }
}

template <typename Result>
std::vector<Result> tabulate(const Op& op, const Coding& src, const Coding& result) {
  const Shape shape{static_cast<int64_t>(src.scale.size()), 1, 256};
  const auto entries = static_cast<size_t>(shape.size());
  std::vector<Code8> codes(entries);
  for (size_t i = 0; i < entries; ++i) codes[i] = static_cast<Code8>(i % 256);
  std::vector<float> x(entries);
  std::vector<float> y(entries);
  dequantize<Code8>({codes.data(), shape}, src, {x.data(), shape});
  const Source operand{x.data(), shape};
  reference::evaluate(op, std::span(&operand, 1), {y.data(), shape});
  std::vector<Result> table(entries);
  quantize<Result>({y.data(), shape}, result, {table.data(), shape});
  return table;
}

template <typename Result>
void look_up(std::span<const Result> table, const CodeSource<Code8>& src,
             const CodeTarget<Result>& dst) {
  for (int64_t c = 0; c < src.shape.c; ++c) {
    const Result* entries = table.data() + c * 256;
    for (int64_t h = 0; h < src.shape.h; ++h) {
      const Code8* in = src.row(c, h);
      Result* out = dst.row(c, h);
      for (int64_t t = 0; t < src.shape.w; ++t) out[t] = entries[in[t]];
    }
  }
}

template void quantize(const Source&, const Coding&, const CodeTarget<Code8>&);
template void quantize(const Source&, const Coding&, const CodeTarget<Code16>&);
template void dequantize(const CodeSource<Code8>&, const Coding&, const Target&);
template void dequantize(const CodeSource<Code16>&, const Coding&, const Target&);
template std::vector<Code8> tabulate(const Op&, const Coding&, const Coding&);
template std::vector<Code16> tabulate(const Op&, const Coding&, const Coding&);
template void look_up(std::span<const Code8>, const CodeSource<Code8>&, const CodeTarget<Code8>&);
template void look_up(std::span<const Code16>, const CodeSource<Code8>&, const CodeTarget<Code16>&);

}  // namespace tessera::integer
