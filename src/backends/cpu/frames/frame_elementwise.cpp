// Ops that look at one frame at a time.
#include <algorithm>
#include <cmath>

#include "backends/cpu/frames/frame_step.h"
#include "backends/cpu/lowering_state.h"
#include "kernels/simd/aligned_buffer.h"

namespace tessera::cpu {
namespace {

// y = scale[c]*x + shift[c].
class FrameAffineStep final : public FrameStep {
 public:
  FrameAffineStep(const ChannelAffine& affine, const FrameValue& src, const FrameValue& dst)
      : src_(src),
        dst_(dst),
        scale_(to_buffer(affine.gain, dst.stride())),
        shift_(to_buffer(affine.offset, dst.stride())) {}
  void run() override {
    for (size_t f = 0; f < dst_.frames(); ++f) {
      kernels_.affine({.src = src_.frame(f),
                       .scale = scale_.data(),
                       .shift = shift_.data(),
                       .dst = dst_.frame(f),
                       .channels = dst_.channels()});
    }
  }

 private:
  simd::FrameKernels kernels_ = simd::frame_kernels();
  const FrameValue& src_;
  const FrameValue& dst_;
  simd::AlignedBuffer scale_;
  simd::AlignedBuffer shift_;
};

// The sum of term(x) over the channels of a frame, in eight interleaved parts.
template <typename Term>
double sum_of(const float* values, size_t count, const Term& term) {
  constexpr size_t kParts = 8;
  double parts[kParts] = {};
  size_t c = 0;
  for (; c + kParts <= count; c += kParts) {
    for (size_t i = 0; i < kParts; ++i) parts[i] += term(static_cast<double>(values[c + i]));
  }
  for (; c < count; ++c) parts[c % kParts] += term(static_cast<double>(values[c]));
  return ((parts[0] + parts[1]) + (parts[2] + parts[3])) +
         ((parts[4] + parts[5]) + (parts[6] + parts[7]));
}

// A channel-wise norm.
class FrameNormOfChannelsStep final : public FrameStep {
 public:
  FrameNormOfChannelsStep(const Norm& op, const FrameValue& src, const FrameValue& dst)
      : eps_(op.eps), src_(src), dst_(dst) {
    const ChannelAffine affine = channel_affine(op);
    scale_ = to_buffer(affine.gain, dst.stride());
    shift_ = to_buffer(affine.offset, dst.stride());
  }
  void run() override {
    const auto count = static_cast<double>(src_.channels());
    for (size_t f = 0; f < dst_.frames(); ++f) {
      const float* const frame = src_.frame(f);
      const double mean = sum_of(frame, src_.channels(), [](double x) { return x; }) / count;
      const double variance =
          sum_of(frame, src_.channels(), [mean](double x) { return (x - mean) * (x - mean); }) /
          count;
      kernels_.affine({.src = frame,
                       .scale = scale_.data(),
                       .shift = shift_.data(),
                       .dst = dst_.frame(f),
                       .channels = dst_.channels(),
                       .center = static_cast<float>(mean),
                       .r = static_cast<float>(1.0 / std::sqrt(variance + eps_))});
    }
  }

 private:
  simd::FrameKernels kernels_ = simd::frame_kernels();
  double eps_;
  const FrameValue& src_;
  const FrameValue& dst_;
  simd::AlignedBuffer scale_;
  simd::AlignedBuffer shift_;
};

// relu and prelu.
class FramePreluStep final : public FrameStep {
 public:
  FramePreluStep(const Unary& op, const FrameValue& src, const FrameValue& dst)
      : src_(src), dst_(dst), slope_(to_buffer({}, dst.stride())) {
    if (op.kind == UnaryKind::relu) return;
    for (int64_t c = 0; c < dst.shape.c; ++c)
      slope_.data()[c] = op.slope[op.slope.size() == 1 ? 0 : c];
  }
  void run() override {
    for (size_t f = 0; f < dst_.frames(); ++f) {
      kernels_.prelu({.src = src_.frame(f),
                      .slope = slope_.data(),
                      .dst = dst_.frame(f),
                      .channels = dst_.channels()});
    }
  }

 private:
  simd::FrameKernels kernels_ = simd::frame_kernels();
  const FrameValue& src_;
  const FrameValue& dst_;
  simd::AlignedBuffer slope_;
};

// Add and Mul of values of one shape.
class FramePairStep final : public FrameStep {
 public:
  FramePairStep(bool adds, const FrameValue& a, const FrameValue& b, const FrameValue& dst)
      : kernel_(adds ? simd::frame_kernels().add : simd::frame_kernels().mul),
        a_(a),
        b_(b),
        dst_(dst) {}
  void run() override {
    kernel_({.a = a_.data, .b = b_.data, .dst = dst_.data, .count = dst_.floats()});
  }

 private:
  void (*kernel_)(const simd::FramePairArgs&);
  const FrameValue& a_;
  const FrameValue& b_;
  const FrameValue& dst_;
};

// Each frame times one number, as the masks of a stream are.
class FrameGateStep final : public FrameStep {
 public:
  FrameGateStep(const FrameValue& gate, const FrameValue& src, const FrameValue& dst)
      : gate_(gate), src_(src), dst_(dst) {}
  void run() override {
    for (size_t f = 0; f < dst_.frames(); ++f) {
      const float factor = gate_.frame(f % static_cast<size_t>(gate_.shape.w))[0];
      for (size_t c = 0; c < dst_.stride(); ++c) dst_.frame(f)[c] = factor * src_.frame(f)[c];
    }
  }

 private:
  const FrameValue& gate_;
  const FrameValue& src_;
  const FrameValue& dst_;
};

// y = ab[c]*x + ab[C + c], ab of every frame.
class FrameScaleShiftStep final : public FrameStep {
 public:
  FrameScaleShiftStep(const FrameValue& src, const FrameValue& ab, const FrameValue& dst)
      : src_(src),
        ab_(ab),
        dst_(dst),
        scale_(to_buffer({}, dst.stride())),
        shift_(to_buffer({}, dst.stride())) {}
  void run() override {
    for (int64_t h = 0; h < dst_.shape.h; ++h) {
      for (int64_t w = 0; w < dst_.shape.w; ++w) {
        const float* const ab = ab_.frame(h, ab_.shape.w == 1 ? 0 : w);
        std::copy_n(ab, dst_.channels(), scale_.data());
        std::copy_n(ab + dst_.channels(), dst_.channels(), shift_.data());
        kernels_.affine({.src = src_.frame(h, w),
                         .scale = scale_.data(),
                         .shift = shift_.data(),
                         .dst = dst_.frame(h, w),
                         .channels = dst_.channels()});
      }
    }
  }

 private:
  simd::FrameKernels kernels_ = simd::frame_kernels();
  const FrameValue& src_;
  const FrameValue& ab_;
  const FrameValue& dst_;
  simd::AlignedBuffer scale_;
  simd::AlignedBuffer shift_;
};

std::unique_ptr<FrameStep> make_pair(bool adds, const FrameValue& a, const FrameValue& b,
                                     const FrameValue& dst) {
  if (a.shape == b.shape) return std::make_unique<FramePairStep>(adds, a, b, dst);
  const Shape gate{1, 1, dst.shape.w};
  if (!adds && a.shape == gate && b.shape == dst.shape)
    return std::make_unique<FrameGateStep>(a, b, dst);
  if (!adds && b.shape == gate && a.shape == dst.shape)
    return std::make_unique<FrameGateStep>(b, a, dst);
  return nullptr;
}

}  // namespace

std::unique_ptr<FrameStep> make_frame_elementwise(const Op& op, const FrameOperands& operands,
                                                  const FrameValue& dst) {
  if (std::holds_alternative<Affine>(op))
    return std::make_unique<FrameAffineStep>(channel_affine(op), *operands[0], dst);
  if (const auto* norm = std::get_if<Norm>(&op)) {
    if (norm->kind == NormKind::batch)
      return std::make_unique<FrameAffineStep>(channel_affine(op), *operands[0], dst);
    if (norm->kind == NormKind::channel_wise)
      return std::make_unique<FrameNormOfChannelsStep>(*norm, *operands[0], dst);
  }
  if (const auto* unary = std::get_if<Unary>(&op)) {
    if (unary->kind == UnaryKind::relu || unary->kind == UnaryKind::prelu)
      return std::make_unique<FramePreluStep>(*unary, *operands[0], dst);
  }
  if (std::holds_alternative<Add>(op)) return make_pair(true, *operands[0], *operands[1], dst);
  if (std::holds_alternative<Mul>(op)) return make_pair(false, *operands[0], *operands[1], dst);
  if (std::holds_alternative<ScaleShift>(op))
    return std::make_unique<FrameScaleShiftStep>(*operands[0], *operands[1], dst);
  return nullptr;
}

}  // namespace tessera::cpu
