// The operations a graph may hold: a closed variant of plain structs.
//
// Every value is a tensor [C, H, W], batch 1: C channels, H devices (1 for audio; one row per
// device for motion sensors), W time in samples or frames. A Conv1d of kernel k is a Conv of kernel
// (1, k), weights copied, so rows of H never mix unless a kernel is higher than 1. Weights are
// float32 Tensors shared between graphs.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tessera/compiler/tensor.h"
#include "tessera/result.h"

namespace tessera {

struct Shape {
  int64_t c = 0;  // channels
  int64_t h = 1;  // devices
  int64_t w = 0;  // samples or frames

  int64_t size() const { return c * h * w; }
  friend bool operator==(const Shape&, const Shape&) = default;
};
std::string to_string(const Shape& shape);  // "[64,1,1999]"

enum class Axis : uint8_t { c, h, w };

// A pair of numbers along H and W: stride, dilation, kernel.
struct Extent {
  int64_t h = 1;
  int64_t w = 1;
  friend bool operator==(const Extent&, const Extent&) = default;
};

// Elements added (Conv, Pad, Pool) or cropped (ConvTranspose) at each border; never negative.
struct Padding {
  int64_t top = 0;     // H, before
  int64_t bottom = 0;  // H, after
  int64_t left = 0;    // W, before: the past
  int64_t right = 0;   // W, after: the future

  bool none() const { return top == 0 && bottom == 0 && left == 0 && right == 0; }
  friend bool operator==(const Padding&, const Padding&) = default;
};

// Network input. No operands.
struct Input {
  Shape shape = {};
};

// A fixed value [C, H, W]. No operands.
struct Constant {
  Tensor value = {};
};

// Cross-correlation as in PyTorch and ONNX, zero padding outside the input.
//   out_w = floor((w + left + right - dilation*(k - 1) - 1) / stride) + 1
struct Conv {
  Tensor weight = {};  // [out, in/groups, kh, kw]
  Tensor bias = {};    // [out], or empty
  Extent stride = {};
  Extent dilation = {};
  Padding padding = {};
  int64_t groups = 1;  // groups == in == out: depthwise
};

// Transposed convolution: out_w = (w - 1)*stride + dilation*(k - 1) + 1 + extra - left - right of
// `crop`.
struct ConvTranspose {
  Tensor weight = {};  // [in, out/groups, kh, kw]
  Tensor bias = {};    // [out], or empty
  Extent stride = {};
  Extent dilation = {};
  Padding crop = {};
  Extent extra{0, 0};  // zeros appended after the last sample ("output_padding")
  int64_t groups = 1;
};

// y = scale[c]*x + bias[c].
struct Affine {
  Tensor scale = {};  // [C]
  Tensor bias = {};   // [C]
};

// y = gamma[c]*(x - mean)/sqrt(variance + eps) + beta[c], biased variance, over the set of each
// kind. Rows of H are independent devices: no kind mixes them.
enum class NormKind : uint8_t {
  global,        // gLN: over (C, W); torch GroupNorm(1, C)
  feature_wise,  // fgLN: over W for each channel; InstanceNorm
  channel_wise,  // cLN: over C for each frame; LayerNorm
  cumulative,    // cgLN: over (C, frames 0..t) for frame t
  batch,         // bN: fixed running mean and variance per channel
};
struct Norm {
  NormKind kind = NormKind::global;
  Tensor gamma = {};  // [C]
  Tensor beta = {};   // [C]
  double eps = 1e-8;
  Tensor mean = {};      // [C], batch only
  Tensor variance = {};  // [C], batch only
};

// Element by element.
enum class UnaryKind : uint8_t {
  relu,
  prelu,
  sigmoid,
  tanh,
  elu,
  gelu,
  silu,
  softplus,
  hard_sigmoid,
  clip,
  exp,
  log,
  sqrt,
  square,
  reciprocal,
  abs,
  neg,
  erf,
};
struct Unary {
  UnaryKind kind = UnaryKind::relu;
  // prelu: [1] or [C], y = x >= 0 ? x : slope*x (LeakyReLU is a prelu of fixed slope)
  Tensor slope = {};
  double alpha = 0;  // elu: scale below zero; clip: lower bound; hard_sigmoid: slope
  double beta = 0;   // clip: upper bound; hard_sigmoid: offset
};

// Channels are `sources` equal consecutive groups of C/sources.
//   over source: exp(x[s,n]) / sum over s of exp(x[s,n]): a mask that shares each bin among them
//   over channel: the same sum over n inside each group; over time: the sum over W
enum class SoftmaxOver : uint8_t { source, channel, time };
struct Softmax {
  SoftmaxOver over = SoftmaxOver::source;
  int64_t sources = 1;
};

// Two operands; each axis of each operand is the result's size or 1 (broadcast).
struct Add {};
struct Mul {};
enum class BinaryKind : uint8_t { sub, div, max, min, pow };
struct Binary {
  BinaryKind kind = BinaryKind::sub;
};

// Any number of operands joined along one axis, in order.
struct Concat {
  Axis axis = Axis::c;
};

// Elements begin, begin+step, ... below end along one axis; 0 <= begin < end <= size.
struct Slice {
  Axis axis = Axis::w;
  int64_t begin = 0;
  int64_t end = 0;
  int64_t step = 1;
};

enum class PadMode : uint8_t {
  zero,
  reflect,
  edge
};  // reflect does not repeat the border (numpy's "reflect")
struct Pad {
  Padding padding = {};
  PadMode mode = PadMode::zero;
};

// Local pooling along H and W. Average divides by the kernel size, or by the covered elements if
// !count_padding.
enum class PoolKind : uint8_t { average, max };
struct Pool {
  PoolKind kind = PoolKind::max;
  Extent kernel = {};
  Extent stride = {};
  Padding padding = {};
  bool count_padding = true;
};

// Over the whole of W, each channel and each row of H: [C,H,W] -> [C,H,1].
struct GlobalPool {
  PoolKind kind = PoolKind::average;
};

// y[o] = sum_c weight[o,c]*x[c] + bias[o] at each row of H; W must be 1.
struct Gemm {
  Tensor weight = {};  // [out, in]
  Tensor bias = {};    // [out], or empty
};

// Over the axes named; the reduced axes keep size 1.
enum class ReduceKind : uint8_t { sum, mean, max, min };
struct Reduce {
  ReduceKind kind = ReduceKind::mean;
  bool over_c = false;
  bool over_h = false;
  bool over_w = false;
};

// y[t] = sum of x[0..t] along W.
struct CumulativeSum {};

// Frames laid `stride` apart and summed where they overlap; host only.
//   [kernel*n, H, L] -> [n, H, (L - 1)*stride + kernel]
//   y[o, t*stride + k] = sum over the frames t of x[k*n + o, t]       (tap k is n consecutive
//   channels)
// With kernel == stride it interleaves.
struct OverlapAdd {
  int64_t kernel = 1;
  int64_t stride = 1;
};

// What a norm amounts to, as numbers per channel, from the statistics of its operand; host only.
// n = gamma.size() rows of scale, then n rows of shift, for each row of H:
//   ab[c] = gamma[c]*r,  ab[n + c] = beta[c] - center[c]*mean*r,  r = 1/sqrt(variance + eps)
// mean and variance over the set of `kind` (never batch), over the whole sequence given:
//   [C, H, W] -> [2n, H, 1] (global, feature_wise) or [2n, H, W] (channel_wise, cumulative)
// A norm is n = C and center = gamma. Where mean and r are the same for all channels, rows of a
// pointwise convolution may take their place (n = its outputs), which is how the norm moves past
// it.
struct NormStatistics {
  NormKind kind = NormKind::global;
  Tensor gamma;   // [n]
  Tensor beta;    // [n]
  Tensor center;  // [n]
  double eps = 1e-8;
};

// Two operands, x [C, H, W] and ab [2C, H, 1 or W]: y[c] = ab[c]*x[c] + ab[C + c].
struct ScaleShift {};

using Op = std::variant<Input, Constant, Conv, ConvTranspose, Affine, Norm, Unary, Softmax, Add,
                        Mul, Binary, Concat, Slice, Pad, Pool, GlobalPool, Gemm, Reduce,
                        CumulativeSum, OverlapAdd, NormStatistics, ScaleShift>;

// Number of alternatives of Op: tables indexed by Op::index() have this size.
inline constexpr size_t kOpKinds = std::variant_size_v<Op>;

// Names as in the text form: "conv", "norm.global", "unary.prelu", ...; `op_kind_name` leaves out
// the part after the dot.
std::string op_name(const Op& op);
std::string_view op_kind_name(const Op& op);
std::string_view op_kind_name(size_t index);
std::string_view to_string(Axis axis);
std::string_view to_string(NormKind kind);
std::string_view to_string(UnaryKind kind);
std::string_view to_string(SoftmaxOver over);
std::string_view to_string(BinaryKind kind);
std::string_view to_string(PadMode mode);
std::string_view to_string(PoolKind kind);
std::string_view to_string(ReduceKind kind);

// Every weight of the op with its field name ("weight", "bias", "gamma", "slope", ...), absent ones
// left out.
struct NamedWeight {
  std::string_view name;
  const Tensor* tensor;
};
std::vector<NamedWeight> weights_of(const Op& op);

// Ops that no accelerator is asked to do, whatever its target file says: overlap-add and
// statistics.
bool host_only(const Op& op);

// Result shape of the op, after checking operand count, weight shapes and attribute ranges.
// Errors: kInvalidModel with numbers; the caller adds the node's name as subject.
Result<Shape> infer_shape(const Op& op, std::span<const Shape> operands);

// Multiply-accumulates of one evaluation: convolutions, transposed convolutions and Gemm; 0 for
// everything else. Saturates at the largest int64.
int64_t macs(const Op& op, std::span<const Shape> operands, const Shape& result);

}  // namespace tessera
