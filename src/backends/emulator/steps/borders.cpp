// Between floats and codes.
#include "backends/emulator/requantize_table.h"
#include "backends/emulator/steps/channelwise.h"

namespace tessera::emulator {
namespace {

class QuantizeStep final : public ChannelwiseStep {
 public:
  QuantizeStep(const IntegerKernels& kernels, const Value& src, const Value& dst)
      : ChannelwiseStep(dst.shape), rows_(kernels.rows), src_(src), dst_(dst) {}

 private:
  void run_channel(int64_t c, std::byte*) override {
    rows_.quantize({static_cast<const float*>(src_.row(c)), code_scale(*dst_.coding, c),
                    dst_.format(), dst_.target_row(c),
                    static_cast<size_t>(dst_.shape.h * dst_.shape.w)});
  }

  simd::RowKernels rows_;
  const Value& src_;
  const Value& dst_;
};

class DequantizeStep final : public ChannelwiseStep {
 public:
  DequantizeStep(const IntegerKernels& kernels, const Value& src, const Value& dst)
      : ChannelwiseStep(dst.shape), rows_(kernels.rows), src_(src), dst_(dst) {}

 private:
  void run_channel(int64_t c, std::byte*) override {
    if (!src_.coding) {
      std::copy_n(static_cast<const float*>(src_.row(c)), dst_.shape.h * dst_.shape.w,
                  static_cast<float*>(dst_.target_row(c)));
      return;
    }
    rows_.dequantize({src_.row(c), src_.format(), code_scale(*src_.coding, c),
                      static_cast<float*>(dst_.target_row(c)),
                      static_cast<size_t>(dst_.shape.h * dst_.shape.w)});
  }

  simd::RowKernels rows_;
  const Value& src_;
  const Value& dst_;
};

}  // namespace

std::unique_ptr<Step> quantize_step(const IntegerKernels& kernels, const Value& src,
                                    const Value& dst) {
  return std::make_unique<QuantizeStep>(kernels, src, dst);
}

std::unique_ptr<Step> dequantize_step(const IntegerKernels& kernels, const Value& src,
                                      const Value& dst) {
  return std::make_unique<DequantizeStep>(kernels, src, dst);
}

}  // namespace tessera::emulator
