#include <algorithm>

#include "kernels/ref/moments.h"

namespace tessera::reference {
namespace {

struct Evaluate {
  std::span<const Source> in;
  const Target& out;

  void operator()(const Input&) const { TESSERA_CHECK(false, "inputs are given, not evaluated"); }
  void operator()(const Constant& op) const {
    std::copy_n(op.value.data(), op.value.size(), out.values);
  }
  void operator()(const Conv& op) const { conv(op, in[0], out); }
  void operator()(const ConvTranspose& op) const { conv_transpose(op, in[0], out); }
  void operator()(const Affine& op) const { affine(op, in[0], out); }
  void operator()(const Norm& op) const { norm(op, in[0], out); }
  void operator()(const Unary& op) const { unary(op, in[0], out); }
  void operator()(const Softmax& op) const { softmax(op, in[0], out); }
  void operator()(const Add&) const { add(in[0], in[1], out); }
  void operator()(const Mul&) const { mul(in[0], in[1], out); }
  void operator()(const Binary& op) const { binary(op, in[0], in[1], out); }
  void operator()(const Concat& op) const { concat(op, in, out); }
  void operator()(const Slice& op) const { slice(op, in[0], out); }
  void operator()(const Pad& op) const { pad(op, in[0], out); }
  void operator()(const Pool& op) const { pool(op, in[0], out); }
  void operator()(const GlobalPool& op) const { global_pool(op, in[0], out); }
  void operator()(const Gemm& op) const { gemm(op, in[0], out); }
  void operator()(const Reduce& op) const { reduce(op, in[0], out); }
  void operator()(const CumulativeSum&) const { cumulative_sum(in[0], out); }
  void operator()(const OverlapAdd& op) const { overlap_add(op, in[0], out); }
  void operator()(const NormStatistics& op) const { norm_statistics(op, in[0], out); }
  void operator()(const ScaleShift&) const { scale_shift(in[0], in[1], out); }
};

}  // namespace

void evaluate(const Op& op, std::span<const Source> sources, const Target& target) {
  std::visit(Evaluate{sources, target}, op);
}

bool is_cumulative(const Op& op) {
  if (const auto* norm = std::get_if<Norm>(&op)) return norm->kind == NormKind::cumulative;
  if (const auto* statistics = std::get_if<NormStatistics>(&op))
    return statistics->kind == NormKind::cumulative;
  return std::holds_alternative<CumulativeSum>(op);
}

void evaluate_carried(const Op& op, const Source& src, const Target& dst, Carried& carried) {
  if (const auto* of_norm = std::get_if<Norm>(&op)) return norm(*of_norm, src, dst, carried);
  if (const auto* statistics = std::get_if<NormStatistics>(&op))
    return norm_statistics(*statistics, src, dst, carried);
  TESSERA_CHECK(std::holds_alternative<CumulativeSum>(op), "only cumulative ops carry anything");
  cumulative_sum(src, dst, carried);
}

}  // namespace tessera::reference
