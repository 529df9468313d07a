// What is done to a row of values or codes, element by element: the borders between floats and
// integers, and the float ops of the emulator, each with the bits that float64 arithmetic and one
// rounding to float32 give.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/simd/binary.h"
#include "kernels/simd/integer/requantize.h"

namespace tessera::simd {

// dst[i] = saturate(round_half_even(src[i] / scale) + zero_point).
struct QuantizeArgs {
  const float* src = nullptr;
  CodeScale codes = {};
  Format format = Format::kCode8;  // of dst
  void* dst = nullptr;
  size_t count = 0;
};
// dst[i] = (src[i] - zero_point) * scale.
struct DequantizeArgs {
  const void* src = nullptr;
  Format format = Format::kCode8;  // of src
  CodeScale codes = {};
  float* dst = nullptr;
  size_t count = 0;
};
// A row that is read as numbers: floats, or codes of one channel; a step of 0 stands for one value
// for all.
struct RowOperand {
  const void* data = nullptr;
  Format format = Format::kFloat;
  CodeScale codes = {};
  size_t step = 1;
};
// A row that numbers are written to. May be an operand if it has the same format.
struct RowResult {
  void* data = nullptr;
  Format format = Format::kFloat;
  CodeScale codes = {};
};
// dst[i] = a[i] op b[i]. Not kPow.
struct CombineArgs {
  BinaryOp op = BinaryOp::kAdd;
  RowOperand a;
  RowOperand b;
  RowResult dst;
  size_t count = 0;
};
// dst[i] = a[i] * src[i] + b[i], the sum in float64; a step of 0 stands for one pair for all.
struct LinearArgs {
  const float* a = nullptr;
  const float* b = nullptr;
  size_t step = 0;
  RowOperand src;
  RowResult dst;
  size_t count = 0;
};
using LinearKernel = void(const LinearArgs&);
LinearKernel* linear_kernel();  // of the instruction set in use

// dst[i] = act(src[i]).
struct ActivateArgs {
  Activation activation = Activation::kRelu;
  float slope = 0.0f;
  RowOperand src;
  RowResult dst;
  size_t count = 0;
};
// dst[i] = table[src[i]] for codes of 8 bits; 256 entries.
struct LookUpArgs {
  const void* table = nullptr;
  Format format = Format::kCode8;  // of table and dst
  const uint8_t* src = nullptr;
  void* dst = nullptr;
  size_t count = 0;
};
// Sums over a row of codes as they lie in memory, exact.
struct CodeSums {
  int64_t sum = 0;
  int64_t squares = 0;
};
struct SumCodesArgs {
  const void* src = nullptr;
  Format format = Format::kCode8;
  size_t count = 0;
};

struct RowKernels {
  void (*quantize)(const QuantizeArgs&) = nullptr;
  void (*dequantize)(const DequantizeArgs&) = nullptr;
  void (*combine)(const CombineArgs&) = nullptr;
  LinearKernel* linear = nullptr;
  void (*activate)(const ActivateArgs&) = nullptr;
  void (*look_up)(const LookUpArgs&) = nullptr;
  CodeSums (*sum_codes)(const SumCodesArgs&) = nullptr;
};
// Of the instruction set in use.
RowKernels row_kernels();

}  // namespace tessera::simd
