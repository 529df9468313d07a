// The obvious truth of every op: plain loops, float64 accumulators, one rounding to float32 per op.
// Every other implementation is held to these. They allocate nothing and keep no state.
#pragma once

#include <span>

#include "tessera/compiler/op.h"

namespace tessera::reference {

// A tensor [C, H, W], row-major, somewhere in memory.
struct Source {
  const float* values = nullptr;
  Shape shape;

  const float* row(int64_t c, int64_t h) const { return values + (c * shape.h + h) * shape.w; }
};
struct Target {
  float* values = nullptr;
  Shape shape;

  float* row(int64_t c, int64_t h) const { return values + (c * shape.h + h) * shape.w; }
};

// Evaluates any op but Input. Shapes agree with infer_shape(); `target` overlaps no source.
void evaluate(const Op& op, std::span<const Source> sources, const Target& target);

// One function per op, each in the file of its family.
void conv(const Conv& op, const Source& src, const Target& dst);
void conv_transpose(const ConvTranspose& op, const Source& src, const Target& dst);
void affine(const Affine& op, const Source& src, const Target& dst);
void norm(const Norm& op, const Source& src, const Target& dst);
void unary(const Unary& op, const Source& src, const Target& dst);
void softmax(const Softmax& op, const Source& src, const Target& dst);
void add(const Source& a, const Source& b, const Target& dst);
void mul(const Source& a, const Source& b, const Target& dst);
void binary(const Binary& op, const Source& a, const Source& b, const Target& dst);
void concat(const Concat& op, std::span<const Source> sources, const Target& dst);
void slice(const Slice& op, const Source& src, const Target& dst);
void pad(const Pad& op, const Source& src, const Target& dst);
void pool(const Pool& op, const Source& src, const Target& dst);
void global_pool(const GlobalPool& op, const Source& src, const Target& dst);
void gemm(const Gemm& op, const Source& src, const Target& dst);
void reduce(const Reduce& op, const Source& src, const Target& dst);
void cumulative_sum(const Source& src, const Target& dst);
void overlap_add(const OverlapAdd& op, const Source& src, const Target& dst);
void norm_statistics(const NormStatistics& op, const Source& src, const Target& dst);
void scale_shift(const Source& x, const Source& ab, const Target& dst);

}  // namespace tessera::reference
