#include "backends/emulator/requantize_table.h"
#include "backends/emulator/steps/channelwise.h"

namespace tessera::emulator {
namespace {

// What is done at once of channel c: row h of W, or, where no operand is spread over rows or
// frames, all rows as one.
struct RowOf {
  int64_t c = 0;
  int64_t h = 0;
};

class ElementwiseStep : public ChannelwiseStep {
 public:
  ElementwiseStep(const IntegerKernels& kernels, std::vector<const Value*> operands,
                  const Value& dst)
      : ChannelwiseStep(dst.shape),
        rows_(kernels.rows),
        operands_(std::move(operands)),
        dst_(dst),
        height_(dst.shape.h),
        width_(dst.shape.w) {
    bool even = true;
    for (const Value* operand : operands_) {
      if (operand->shape.c != dst.shape.c) stand_alone();
      even = even && operand->shape.h == height_ && operand->shape.w == width_;
    }
    if (even) join_rows();
  }

 protected:
  virtual void run_row(const RowOf& row, std::byte* scratch) = 0;

  void run_channel(int64_t c, std::byte* scratch) override {
    for (int64_t h = 0; h < height_; ++h) run_row({c, h}, scratch);
  }

  const simd::RowKernels& rows() const { return rows_; }
  const Value& dst() const { return dst_; }
  const Value& operand(size_t i) const { return *operands_[i]; }
  int64_t width() const { return width_; }
  size_t count() const { return static_cast<size_t>(width_); }

  simd::RowOperand read(size_t i, const RowOf& row) const {
    const Value& value = *operands_[i];
    const int64_t c = value.shape.c == 1 ? 0 : row.c;
    simd::RowOperand operand;
    operand.data = value.row(c, value.shape.h == 1 ? 0 : row.h);
    operand.format = value.format();
    if (value.coding) operand.codes = code_scale(*value.coding, c);
    operand.step = value.shape.w == dst_.shape.w ? 1 : 0;
    return operand;
  }
  simd::RowResult result(const RowOf& row) const {
    simd::RowResult to;
    to.data = dst_.target_row(row.c, row.h);
    to.format = dst_.format();
    if (dst_.coding) to.codes = code_scale(*dst_.coding, row.c);
    return to;
  }

 private:
  void join_rows() {
    width_ *= height_;
    height_ = 1;
  }

  simd::RowKernels rows_;
  std::vector<const Value*> operands_;
  const Value& dst_;
  int64_t height_;
  int64_t width_;
};

class CombineStep final : public ElementwiseStep {
 public:
  CombineStep(const IntegerKernels& kernels, simd::BinaryOp op, std::vector<const Value*> operands,
              const Value& dst)
      : ElementwiseStep(kernels, std::move(operands), dst), op_(op) {}

 private:
  void run_row(const RowOf& row, std::byte*) override {
    rows().combine({op_, read(0, row), read(1, row), result(row), count()});
  }

  simd::BinaryOp op_;
};

class ActivateStep final : public ElementwiseStep {
 public:
  ActivateStep(const IntegerKernels& kernels, const Unary& op, const Value& src, const Value& dst)
      : ElementwiseStep(kernels, {&src}, dst),
        slope_(op.slope),
        activation_(op.kind == UnaryKind::prelu ? simd::Activation::kPrelu
                                                : simd::Activation::kRelu) {}

 private:
  void run_row(const RowOf& row, std::byte*) override {
    const bool prelu = activation_ == simd::Activation::kPrelu;
    const float slope = prelu ? slope_[slope_.size() == 1 ? 0 : row.c] : 0.0F;
    rows().activate({activation_, slope, read(0, row), result(row), count()});
  }

  Tensor slope_;
  simd::Activation activation_;
};

// Any other function of one value. Scratch: floats of a stretch of a row, before and after.
class UnaryStep final : public ElementwiseStep {
 public:
  UnaryStep(const IntegerKernels& kernels, Unary op, const Value& src, const Value& dst)
      : ElementwiseStep(kernels, {&src}, dst), op_(std::move(op)) {
    scratch_bytes = 2 * kStretch * static_cast<int64_t>(sizeof(float));
  }

 private:
  static constexpr int64_t kStretch = 1024;

  void run_row(const RowOf& row, std::byte* scratch) override {
    auto* const x = reinterpret_cast<float*>(scratch);
    float* const y = x + kStretch;
    for (int64_t begin = 0; begin < width(); begin += kStretch) {
      const Shape shape{1, 1, std::min(kStretch, width() - begin)};
      const auto some = static_cast<size_t>(shape.w);
      simd::RowOperand in = read(0, row);
      in.data = static_cast<const std::byte*>(in.data) + begin * operand(0).element_bytes();
      simd::RowResult out = result(row);
      out.data = static_cast<std::byte*>(out.data) + begin * dst().element_bytes();
      const float* values = static_cast<const float*>(in.data);
      if (operand(0).coding) {
        rows().dequantize({in.data, in.format, in.codes, x, some});
        values = x;
      }
      const bool direct = !dst().coding;
      reference::unary(op_, {values, shape}, {direct ? static_cast<float*>(out.data) : y, shape});
      if (!direct) rows().quantize({y, out.codes, out.format, out.data, some});
    }
  }

  Unary op_;
};

class AffineStep final : public ElementwiseStep {
 public:
  AffineStep(const IntegerKernels& kernels, Affine op, const Value& src, const Value& dst)
      : ElementwiseStep(kernels, {&src}, dst), op_(std::move(op)) {}

 private:
  void run_row(const RowOf& row, std::byte*) override {
    rows().linear(
        {op_.scale.data() + row.c, op_.bias.data() + row.c, 0, read(0, row), result(row), count()});
  }

  Affine op_;
};

class TableStep final : public ChannelwiseStep {
 public:
  TableStep(const IntegerKernels& kernels, const Op& op, const Value& src, const Value& dst)
      : ChannelwiseStep(dst.shape), rows_(kernels.rows), src_(src), dst_(dst) {
    if (dst.coding->is_int16) {
      table16_ = integer::tabulate<integer::Code16>(op, *src.coding, *dst.coding);
    } else {
      table8_ = integer::tabulate<integer::Code8>(op, *src.coding, *dst.coding);
    }
  }

 private:
  void run_channel(int64_t c, std::byte*) override {
    const void* table = table8_.data() + (table8_.empty() ? 0 : c * 256);
    if (!table16_.empty()) table = table16_.data() + c * 256;
    rows_.look_up({table, dst_.format(), static_cast<const uint8_t*>(src_.row(c)),
                   dst_.target_row(c), static_cast<size_t>(dst_.shape.h * dst_.shape.w)});
  }

  simd::RowKernels rows_;
  const Value& src_;
  const Value& dst_;
  std::vector<integer::Code8> table8_;  // [C, 256]; one of the two
  std::vector<integer::Code16> table16_;
};

std::optional<simd::BinaryOp> binary_op(const Op& op) {
  if (std::holds_alternative<Add>(op)) return simd::BinaryOp::kAdd;
  if (std::holds_alternative<Mul>(op)) return simd::BinaryOp::kMul;
  const auto* binary = std::get_if<Binary>(&op);
  if (binary == nullptr) return std::nullopt;
  switch (binary->kind) {
    case BinaryKind::sub: return simd::BinaryOp::kSub;
    case BinaryKind::div: return simd::BinaryOp::kDiv;
    case BinaryKind::max: return simd::BinaryOp::kMax;
    case BinaryKind::min: return simd::BinaryOp::kMin;
    case BinaryKind::pow: return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::unique_ptr<Step> elementwise_step(const IntegerKernels& kernels, const Op& op,
                                       std::vector<const Value*> operands, const Value& dst) {
  if (const auto binary = binary_op(op))
    return std::make_unique<CombineStep>(kernels, *binary, std::move(operands), dst);
  if (const auto* unary = std::get_if<Unary>(&op)) {
    if (unary->kind == UnaryKind::relu || unary->kind == UnaryKind::prelu)
      return std::make_unique<ActivateStep>(kernels, *unary, *operands[0], dst);
    return std::make_unique<UnaryStep>(kernels, *unary, *operands[0], dst);
  }
  if (const auto* affine = std::get_if<Affine>(&op))
    return std::make_unique<AffineStep>(kernels, *affine, *operands[0], dst);
  if (std::holds_alternative<ScaleShift>(op) && !operands[1]->coding)
    return scale_shift_step(kernels, *operands[0], *operands[1], dst);
  return nullptr;
}

std::unique_ptr<Step> table_step(const IntegerKernels& kernels, const Op& op, const Value& src,
                                 const Value& dst) {
  return std::make_unique<TableStep>(kernels, op, src, dst);
}

}  // namespace tessera::emulator
