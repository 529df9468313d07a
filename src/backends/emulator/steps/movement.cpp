#include "backends/emulator/steps/channelwise.h"

namespace tessera::emulator {
namespace {

class SliceStep final : public ChannelwiseStep {
 public:
  SliceStep(Slice op, const Value& src, const Value& dst)
      : ChannelwiseStep(dst.shape), op_(op), src_(src), dst_(dst) {
    if (op.axis == Axis::c) stand_alone();
  }

 private:
  void run_channel(int64_t c, std::byte*) override {
    with_code(*src_.coding, [&]<typename Code>(Code) {
      const auto src = src_.codes<Code>();
      const auto dst = dst_.code_target<Code>();
      if (op_.axis != Axis::w && op_.step == 1) {  // rows that lie together
        std::copy_n(src.row(from(Axis::c, c), from(Axis::h, 0)), dst.shape.h * dst.shape.w,
                    dst.row(c, 0));
        return;
      }
      for (int64_t h = 0; h < dst.shape.h; ++h) {
        const Code* in = src.row(from(Axis::c, c), from(Axis::h, h)) + from(Axis::w, 0);
        Code* out = dst.row(c, h);
        const int64_t step = op_.axis == Axis::w ? op_.step : 1;
        if (step == 1) {
          std::copy_n(in, dst.shape.w, out);
        } else {
          for (int64_t w = 0; w < dst.shape.w; ++w) out[w] = in[w * step];
        }
      }
    });
  }

  int64_t from(Axis axis, int64_t i) const {
    return axis == op_.axis ? op_.begin + i * op_.step : i;
  }

  Slice op_;
  const Value& src_;
  const Value& dst_;
};

class PadStep final : public ChannelwiseStep {
 public:
  PadStep(Pad op, const Value& src, const Value& dst)
      : ChannelwiseStep(dst.shape), op_(op), src_(src), dst_(dst) {}

 private:
  void run_channel(int64_t c, std::byte*) override {
    with_code(*src_.coding, [&]<typename Code>(Code) {
      const auto src = src_.codes<Code>();
      const auto dst = dst_.code_target<Code>();
      const auto zero = static_cast<Code>(src_.coding->zero_point[static_cast<size_t>(c)]);
      if (op_.padding.left == 0 && op_.padding.right == 0) {  // rows that lie together
        Code* out = std::fill_n(dst.row(c, 0), op_.padding.top * dst.shape.w, zero);
        out = std::copy_n(src.row(c, 0), src.shape.h * src.shape.w, out);
        std::fill_n(out, op_.padding.bottom * dst.shape.w, zero);
        return;
      }
      for (int64_t h = 0; h < dst.shape.h; ++h) {
        Code* out = dst.row(c, h);
        std::fill_n(out, dst.shape.w, zero);
        const int64_t row = h - op_.padding.top;
        if (row < 0 || row >= src.shape.h) continue;
        std::copy_n(src.row(c, row), src.shape.w, out + op_.padding.left);
      }
    });
  }

  Pad op_;
  const Value& src_;
  const Value& dst_;
};

}  // namespace

std::unique_ptr<Step> slice_step(Slice op, const Value& src, const Value& dst) {
  return std::make_unique<SliceStep>(op, src, dst);
}

std::unique_ptr<Step> pad_step(Pad op, const Value& src, const Value& dst) {
  return std::make_unique<PadStep>(op, src, dst);
}

}  // namespace tessera::emulator
