// What the emulator can do with values. Every step gives the bits of the plain loops in
// kernels/ref.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "backends/emulator/program.h"
#include "quantize/tflite_form.h"

namespace tessera::emulator {

using simd::IntegerKernels;

// Floats to codes, and codes (or floats as they are) to floats.
std::unique_ptr<Step> quantize_step(const IntegerKernels& kernels, const Value& src,
                                    const Value& dst);
std::unique_ptr<Step> dequantize_step(const IntegerKernels& kernels, const Value& src,
                                      const Value& dst);

// Makes rows of a value's codes from other values when they are asked for. Allocates nothing then.
class RowMaker {
 public:
  virtual ~RowMaker() = default;
  // Row h of channel c.
  virtual void make(int64_t c, int64_t h, void* to, std::byte* scratch) const = 0;

  int64_t scratch_bytes = 0;
};
// A norm's scale and shift: `ab` is not in codes.
std::unique_ptr<RowMaker> scale_shift_rows(const IntegerKernels& kernels, const Value& src,
                                           const Value& ab, const Value& dst);
std::unique_ptr<Step> scale_shift_step(const IntegerKernels& kernels, const Value& src,
                                       const Value& ab, const Value& dst);

// A convolution with integer weights of codes, or of floats that it quantises for itself, and the
// activation behind it, if any; dst may be codes or floats.
struct IntegerConv {
  Conv op;  // its geometry
  IntegerWeights weights;
  const Unary* activation = nullptr;
  // Depthwise alone: makes the rows of the operand, which lie nowhere.
  std::shared_ptr<const RowMaker> rows = nullptr;
};
std::unique_ptr<Step> integer_conv_step(const IntegerKernels& kernels, const IntegerConv& conv,
                                        const Value& src, const Value& dst);
// The depthwise ones among them that move along one axis; null for any other.
bool runs_as_depthwise(const IntegerConv& conv, const Shape& src, const Shape& dst);
std::unique_ptr<Step> integer_depthwise_step(const IntegerKernels& kernels, const IntegerConv& conv,
                                             const Value& src, const Value& dst);

// A convolution that stays float; with a factor, which has the shape of src, of their product.
std::unique_ptr<Step> float_conv_step(const IntegerKernels& kernels, const Conv& op,
                                      const Value& src, const Value& dst,
                                      const Value* factor = nullptr);
// Those that can take in a product.
bool may_have_factor(const Conv& op);

// Frames of floats to samples of floats.
std::unique_ptr<Step> overlap_add_step(OverlapAdd op, const Value& src, const Value& dst);

// Element by element, operands and result in codes or floats; null for any other op.
std::unique_ptr<Step> elementwise_step(const IntegerKernels& kernels, const Op& op,
                                       std::vector<const Value*> operands, const Value& dst);

// An element-by-element function of codes of 8 bits: tabulated when loaded.
std::unique_ptr<Step> table_step(const IntegerKernels& kernels, const Op& op, const Value& src,
                                 const Value& dst);

// Statistics of codes, exact. Those over the whole sequence are made in two steps: sums of every
// row, which lie in `sums`, and what follows from them.
using RowSums = std::vector<integer::RowSum>;
std::unique_ptr<Step> sum_step(const IntegerKernels& kernels, const Value& src,
                               std::shared_ptr<RowSums> sums);
std::unique_ptr<Step> statistics_of_sums_step(NormStatistics op, const Value& src, const Value& dst,
                                              std::shared_ptr<RowSums> sums);
// Statistics of floats over the whole sequence, in four steps: sums of every row, their means, the
// spread of every row, and what follows from it.
struct SequenceMoments {
  explicit SequenceMoments(const Shape& of);
  double& row(int64_t c, int64_t h) { return rows[static_cast<size_t>(c * shape.h + h)]; }
  // Of rows h: what they hold over how many values they are of.
  double average(int64_t h) const;

  Shape shape;
  std::vector<double> rows;   // [C, H]
  std::vector<double> means;  // [H]
};
std::unique_ptr<Step> row_sums_step(const Value& src, std::shared_ptr<SequenceMoments> moments);
std::unique_ptr<Step> means_step(std::shared_ptr<SequenceMoments> moments);
std::unique_ptr<Step> row_spreads_step(const Value& src, std::shared_ptr<SequenceMoments> moments);
std::unique_ptr<Step> coefficients_step(NormStatistics op, const Value& dst,
                                        std::shared_ptr<SequenceMoments> moments);
// Those of each frame alone; scale and shift of `src` by those `of` another value or itself; those
// over all frames so far.
std::unique_ptr<Step> frame_statistics_step(const IntegerKernels& kernels, NormStatistics op,
                                            const Value& src, const Value& dst);
std::unique_ptr<Step> frame_norm_step(const IntegerKernels& kernels, NormStatistics op,
                                      const Value& of, const Value& src, const Value& dst);
// With `skip`, a run is the next stretch of a sequence, as Segment::carried says.
std::unique_ptr<Step> cumulative_statistics_step(NormStatistics op, const Value& src,
                                                 const Value& dst, std::optional<int64_t> skip);

// Moves codes: Slice, and Pad with the code of zero.
std::unique_ptr<Step> slice_step(Slice op, const Value& src, const Value& dst);
std::unique_ptr<Step> pad_step(Pad op, const Value& src, const Value& dst);

// Any op in float: operands dequantised before, the result quantised after, in the rounding of
// `arithmetic`. `skip` as above.
std::unique_ptr<Step> reference_step(Op op, std::vector<const Value*> operands, const Value& dst,
                                     std::optional<int64_t> skip,
                                     IntegerArithmetic arithmetic = IntegerArithmetic::onnx);

// An operator of TensorFlow Lite's integers: `op` is the node's, or of a ReLU that is one operator
// with a convolution, the convolution's, whose `weights` are given.
std::unique_ptr<Step> tflite_step(quantization::TfliteForm form, Op op,
                                  std::optional<IntegerWeights> weights,
                                  std::vector<const Value*> operands, const Value& dst);
// Of one value of 8 bits, from a table.
std::unique_ptr<Step> tflite_table_step(const IntegerKernels& kernels,
                                        quantization::TfliteForm form, const Op& op,
                                        const Value& src, const Value& dst);
// Whether no accumulator leaves the integers that float32 holds, so that integer_conv_step() with
// weight scales of 1 makes them; and their way to codes of 8 bits from there.
bool sums_are_exact_floats(const IntegerWeights& weights, const integer::Coding& operand);
std::unique_ptr<Step> tflite_requantize_step(const IntegerWeights& weights,
                                             const integer::Coding& operand, bool relu,
                                             const Value& src, const Value& dst);
// Floats to codes, halves away from zero.
std::unique_ptr<Step> tflite_quantize_step(const Value& src, const Value& dst);

}  // namespace tessera::emulator
