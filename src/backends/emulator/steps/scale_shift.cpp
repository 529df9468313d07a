// What a norm does to its operand once its statistics are known.
#include <array>

#include "backends/emulator/requantize_table.h"
#include "backends/emulator/steps/channelwise.h"

namespace tessera::emulator {
namespace {

// Of every row its own. Rows of codes of 8 bits that are long enough go through a table of what
// becomes of each code, which is the scratch.
class ScaleShiftRows final : public RowMaker {
 public:
  ScaleShiftRows(const IntegerKernels& kernels, const Value& src, const Value& ab, const Value& dst)
      : rows_(kernels.rows),
        src_(src),
        ab_(ab),
        dst_(dst),
        per_frame_(ab.shape.w == src.shape.w),
        tabulates_(src.format() == simd::Format::kCode8 && dst.coding && !per_frame_ &&
                   src.shape.w >= kLongRow) {
    for (size_t i = 0; i < kCodes; ++i) every_code_[i] = static_cast<uint8_t>(i);
    if (tabulates_) scratch_bytes = static_cast<int64_t>(kCodes) * dst.element_bytes();
  }

  void make(int64_t c, int64_t h, void* to, std::byte* scratch) const override {
    simd::LinearArgs args;
    args.a = static_cast<const float*>(ab_.row(c, h));
    args.b = static_cast<const float*>(ab_.row(dst_.shape.c + c, h));
    args.step = per_frame_ ? 1 : 0;
    args.src.data = src_.row(c, h);
    args.src.format = src_.format();
    if (src_.coding) args.src.codes = code_scale(*src_.coding, c);
    args.dst.data = to;
    args.dst.format = dst_.format();
    if (dst_.coding) args.dst.codes = code_scale(*dst_.coding, c);
    args.count = static_cast<size_t>(dst_.shape.w);
    if (!tabulates_) return rows_.linear(args);
    const auto* const codes = static_cast<const uint8_t*>(args.src.data);
    args.src.data = every_code_.data();
    args.dst.data = scratch;
    args.count = kCodes;
    rows_.linear(args);
    rows_.look_up({scratch, dst_.format(), codes, to, static_cast<size_t>(dst_.shape.w)});
  }

 private:
  static constexpr size_t kCodes = 256;
  static constexpr int64_t kLongRow = 512;

  simd::RowKernels rows_;
  const Value& src_;
  const Value& ab_;
  const Value& dst_;
  bool per_frame_;
  bool tabulates_;
  std::array<uint8_t, kCodes> every_code_{};
};

class ScaleShiftStep final : public ChannelwiseStep {
 public:
  ScaleShiftStep(std::unique_ptr<RowMaker> rows, const Value& dst)
      : ChannelwiseStep(dst.shape), rows_(std::move(rows)), dst_(dst) {
    scratch_bytes = rows_->scratch_bytes;
  }

 private:
  void run_channel(int64_t c, std::byte* scratch) override {
    for (int64_t h = 0; h < dst_.shape.h; ++h) rows_->make(c, h, dst_.target_row(c, h), scratch);
  }

  std::unique_ptr<RowMaker> rows_;
  const Value& dst_;
};

}  // namespace

std::unique_ptr<RowMaker> scale_shift_rows(const IntegerKernels& kernels, const Value& src,
                                           const Value& ab, const Value& dst) {
  return std::make_unique<ScaleShiftRows>(kernels, src, ab, dst);
}

std::unique_ptr<Step> scale_shift_step(const IntegerKernels& kernels, const Value& src,
                                       const Value& ab, const Value& dst) {
  return std::make_unique<ScaleShiftStep>(scale_shift_rows(kernels, src, ab, dst), dst);
}

}  // namespace tessera::emulator
