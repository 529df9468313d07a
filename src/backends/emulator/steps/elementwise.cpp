#include <array>

#include "backends/emulator/finish_table.h"
#include "backends/emulator/steps/channelwise.h"

namespace tessera::emulator {
namespace {

constexpr int64_t kChunk = 1024;  // elements of a row at a time: their floats stay in cache

// Where a chunk lies.
struct Chunk {
  int64_t c = 0;
  int64_t h = 0;
  int64_t begin = 0;
  int64_t count = 0;
};

// Floats of an operand; a step of 0: one for all.
struct Floats {
  const float* values = nullptr;
  size_t step = 1;
};

// Scratch: a chunk of floats for every operand and for the result.
class ElementwiseStep : public ChannelwiseStep {
 public:
  ElementwiseStep(const IntegerKernels& kernels, std::vector<const Value*> operands,
                  const Value& dst)
      : ChannelwiseStep(dst.shape), rows_(kernels.rows), operands_(std::move(operands)), dst_(dst) {
    scratch_bytes = static_cast<int64_t>((operands_.size() + 1) * kChunk * sizeof(float));
    for (const Value* operand : operands_)
      if (operand->shape.c != dst.shape.c) stand_alone();
  }

 protected:
  static constexpr size_t kMostOperands = 2;

  virtual void compute(const Chunk& chunk, std::span<const Floats> in, float* out) const = 0;

  void run_channel(int64_t c, std::byte* scratch) override {
    auto* const room = reinterpret_cast<float*>(scratch);
    for (int64_t h = 0; h < dst_.shape.h; ++h) {
      for (int64_t begin = 0; begin < dst_.shape.w; begin += kChunk)
        run_chunk({c, h, begin, std::min(kChunk, dst_.shape.w - begin)}, room);
    }
  }

  const simd::RowKernels& rows() const { return rows_; }
  const Value& dst() const { return dst_; }
  const Value& operand(size_t i) const { return *operands_[i]; }

 private:
  void run_chunk(const Chunk& chunk, float* room) const {
    std::array<Floats, kMostOperands> in;
    for (size_t i = 0; i < operands_.size(); ++i)
      in[i] = read(*operands_[i], chunk, room + static_cast<int64_t>(i) * kChunk);
    const std::span<const Floats> read_operands(in.data(), operands_.size());
    if (!dst_.coding) {
      compute(chunk, read_operands,
              static_cast<float*>(dst_.target_row(chunk.c, chunk.h)) + chunk.begin);
      return;
    }
    float* const out = room + static_cast<int64_t>(operands_.size()) * kChunk;
    compute(chunk, read_operands, out);
    rows_.quantize({out, code_scale(*dst_.coding, chunk.c), dst_.format(),
                    static_cast<std::byte*>(dst_.target_row(chunk.c, chunk.h)) +
                        chunk.begin * dst_.element_bytes(),
                    static_cast<size_t>(chunk.count)});
  }

  Floats read(const Value& operand, const Chunk& chunk, float* room) const {
    const int64_t c = operand.shape.c == 1 ? 0 : chunk.c;
    const bool one = operand.shape.w == 1;
    const void* const from =
        static_cast<const std::byte*>(operand.row(c, operand.shape.h == 1 ? 0 : chunk.h)) +
        (one ? 0 : chunk.begin) * operand.element_bytes();
    if (!operand.coding) return {static_cast<const float*>(from), one ? size_t{0} : size_t{1}};
    rows_.dequantize({from, operand.format(), code_scale(*operand.coding, c), room,
                      one ? size_t{1} : static_cast<size_t>(chunk.count)});
    return {room, one ? size_t{0} : size_t{1}};
  }

  simd::RowKernels rows_;
  std::vector<const Value*> operands_;
  const Value& dst_;
};

class CombineStep final : public ElementwiseStep {
 public:
  CombineStep(const IntegerKernels& kernels, simd::BinaryOp op, std::vector<const Value*> operands,
              const Value& dst)
      : ElementwiseStep(kernels, std::move(operands), dst), op_(op) {}

 private:
  void compute(const Chunk& chunk, std::span<const Floats> in, float* out) const override {
    rows().combine({op_, in[0].values, in[1].values, in[0].step, in[1].step, out,
                    static_cast<size_t>(chunk.count)});
  }

  simd::BinaryOp op_;
};

class ActivateStep final : public ElementwiseStep {
 public:
  ActivateStep(const IntegerKernels& kernels, Unary op, const Value& src, const Value& dst)
      : ElementwiseStep(kernels, {&src}, dst), op_(std::move(op)) {}

 private:
  void compute(const Chunk& chunk, std::span<const Floats> in, float* out) const override {
    const bool prelu = op_.kind == UnaryKind::prelu;
    if (!prelu && op_.kind != UnaryKind::relu) {
      const Shape shape{1, 1, chunk.count};
      reference::unary(op_, {in[0].values, shape}, {out, shape});
      return;
    }
    const float slope = prelu ? op_.slope[op_.slope.size() == 1 ? 0 : chunk.c] : 0.0F;
    rows().activate({prelu ? simd::Activation::kPrelu : simd::Activation::kRelu, slope,
                     in[0].values, out, static_cast<size_t>(chunk.count)});
  }

  Unary op_;
};

class AffineStep final : public ElementwiseStep {
 public:
  AffineStep(const IntegerKernels& kernels, Affine op, const Value& src, const Value& dst)
      : ElementwiseStep(kernels, {&src}, dst), op_(std::move(op)) {}

 private:
  void compute(const Chunk& chunk, std::span<const Floats> in, float* out) const override {
    rows().linear({op_.scale.data() + chunk.c, op_.bias.data() + chunk.c, 0, in[0].values, out,
                   static_cast<size_t>(chunk.count)});
  }

  Affine op_;
};

// A norm's scale and shift. Rows of codes of 8 bits that are long enough go through a table of what
// becomes of each code.
class ScaleShiftStep final : public ElementwiseStep {
 public:
  ScaleShiftStep(const IntegerKernels& kernels, const Value& src, const Value& ab, const Value& dst)
      : ElementwiseStep(kernels, {&src}, dst),
        ab_(ab),
        per_frame_(ab.shape.w == src.shape.w),
        tabulates_(src.format() == simd::Format::kCode8 && dst.coding && !per_frame_ &&
                   src.shape.w >= kLongRow) {
    if (!tabulates_) return;
    scratch_bytes += kCodes * dst.element_bytes();
    for (int64_t i = 0; i < kCodes; ++i)
      every_code_[static_cast<size_t>(i)] = static_cast<uint8_t>(i);
  }

 private:
  static constexpr int64_t kCodes = 256;
  static constexpr int64_t kLongRow = 512;

  const float* scale_row(const Chunk& chunk) const {
    return static_cast<const float*>(ab_.row(chunk.c, chunk.h)) + (per_frame_ ? chunk.begin : 0);
  }
  const float* shift_row(const Chunk& chunk) const {
    return static_cast<const float*>(ab_.row(dst().shape.c + chunk.c, chunk.h)) +
           (per_frame_ ? chunk.begin : 0);
  }

  void compute(const Chunk& chunk, std::span<const Floats> in, float* out) const override {
    rows().linear({scale_row(chunk), shift_row(chunk), per_frame_ ? size_t{1} : size_t{0},
                   in[0].values, out, static_cast<size_t>(chunk.count)});
  }

  void run_channel(int64_t c, std::byte* scratch) override {
    if (!tabulates_) return ElementwiseStep::run_channel(c, scratch);
    auto* const floats = reinterpret_cast<float*>(scratch);
    std::byte* const table = scratch + 2 * kChunk * static_cast<int64_t>(sizeof(float));
    for (int64_t h = 0; h < dst().shape.h; ++h) {
      const Chunk chunk{c, h, 0, kCodes};
      rows().dequantize({every_code_.data(), simd::Format::kCode8,
                         code_scale(*operand(0).coding, c), floats, kCodes});
      rows().linear({scale_row(chunk), shift_row(chunk), 0, floats, floats, kCodes});
      rows().quantize({floats, code_scale(*dst().coding, c), dst().format(), table, kCodes});
      rows().look_up({table, dst().format(), static_cast<const uint8_t*>(operand(0).row(c, h)),
                      dst().target_row(c, h), static_cast<size_t>(dst().shape.w)});
    }
  }

  const Value& ab_;
  bool per_frame_;
  bool tabulates_;
  std::array<uint8_t, kCodes> every_code_{};
};

class TableStep final : public ChannelwiseStep {
 public:
  TableStep(const IntegerKernels& kernels, const Op& op, const Value& src, const Value& dst)
      : ChannelwiseStep(dst.shape), rows_(kernels.rows), src_(src), dst_(dst) {
    if (dst.coding->wide) {
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
  if (const auto* unary = std::get_if<Unary>(&op))
    return std::make_unique<ActivateStep>(kernels, *unary, *operands[0], dst);
  if (const auto* affine = std::get_if<Affine>(&op))
    return std::make_unique<AffineStep>(kernels, *affine, *operands[0], dst);
  if (std::holds_alternative<ScaleShift>(op) && !operands[1]->coding)
    return std::make_unique<ScaleShiftStep>(kernels, *operands[0], *operands[1], dst);
  return nullptr;
}

std::unique_ptr<Step> table_step(const IntegerKernels& kernels, const Op& op, const Value& src,
                                 const Value& dst) {
  return std::make_unique<TableStep>(kernels, op, src, dst);
}

}  // namespace tessera::emulator
