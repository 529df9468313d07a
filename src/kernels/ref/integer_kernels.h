// The obvious truth of integer arithmetic (semantics: tessera/compiler/encodings.h): plain loops
// over codes. Every faster implementation must give the same bits. But for tabulate() they allocate
// nothing and keep no state.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "kernels/ref/coding.h"
#include "kernels/ref/exact_sum.h"
#include "kernels/ref/reference_kernels.h"

namespace tessera::integer {

using reference::Source;
using reference::Target;

// Code: Code8 or Code16, as the coding says.
template <typename Code>
void quantize(const Source& src, const Coding& coding, const CodeTarget<Code>& dst);
template <typename Code>
void dequantize(const CodeSource<Code>& src, const Coding& coding, const Target& dst);

// The operand and weights of a convolution. `op` gives geometry; its float weights are not read.
template <typename Code>
struct ConvOperands {
  const Conv& op;
  const IntegerWeights& weights;
  CodeSource<Code> src;
  const Coding& coding;  // of src
};

// acc * weight_scale.
template <typename Code>
void conv(const ConvOperands<Code>& operands, const Target& dst);
// saturate(round_half_even(acc * (weight_scale / scale)) + zero_point).
template <typename Code, typename Result>
void conv(const ConvOperands<Code>& operands, const Coding& result, const CodeTarget<Result>& dst);

// An element-by-element op of one operand on every code of 8 bits of every channel: [C, 256].
template <typename Result>
std::vector<Result> tabulate(const Op& op, const Coding& src, const Coding& result);

// dst[c] = table[c*256 + code] for codes of 8 bits.
template <typename Result>
void look_up(std::span<const Result> table, const CodeSource<Code8>& src,
             const CodeTarget<Result>& dst);

// NormStatistics of encoded values. Over the whole sequence, and over all frames so far, sums are
// exact whatever the length: mean and variance are those of the codes, rounded once.
template <typename Code>
void norm_statistics(const NormStatistics& op, const CodeSource<Code>& src, const Coding& coding,
                     const Target& dst);

// What cumulative statistics of codes keep between two stretches of one sequence, as
// reference::Carried does for floats.
struct CarriedMoments {
  // Exact sums of values and of their squares.
  struct Row {
    Sum first;
    Sum second;
  };
  CarriedMoments(int64_t skipped_frames, int64_t h)
      : skip(skipped_frames), rows(static_cast<size_t>(h)) {}
  void reset() {
    seen = 0;
    std::fill(rows.begin(), rows.end(), Row{});
  }

  int64_t skip = 0;
  int64_t seen = 0;       // frames so far, skipped ones included
  std::vector<Row> rows;  // [H]
};
// Cumulative statistics of the next stretch of a sequence: the bits of one call for all of it.
template <typename Code>
void norm_statistics(const NormStatistics& op, const CodeSource<Code>& src, const Coding& coding,
                     const Target& dst, CarriedMoments& carried);

// Of one row: of its codes less their zero point.
struct RowSum {
  int64_t sum = 0;
  int64_t squares = 0;
};
// The same of values of shape `src` over the whole sequence (global, feature_wise), from the sums
// of their rows: sums[c*H + h].
void norm_statistics_of_sums(const NormStatistics& op, std::span<const RowSum> sums,
                             const Shape& src, const Coding& coding, const Target& dst);

}  // namespace tessera::integer
