// Convolutions of a few frames: products of what a frame reads with all weights at once, taps of
// depthwise ones, and transposed ones as a product and overlapping sums.
#include <algorithm>

#include "backends/cpu/frames/frame_step.h"
#include "graph/queries.h"
#include "kernels/simd/aligned_buffer.h"

namespace tessera::cpu {
namespace {

simd::AlignedBuffer padded_bias(const Tensor& bias, size_t channels) {
  simd::AlignedBuffer buffer(simd::frame_stride(channels));
  if (buffer.data() == nullptr) throw std::bad_alloc();
  if (!bias.empty()) std::copy(bias.values().begin(), bias.values().end(), buffer.data());
  return buffer;
}

simd::AlignedBuffer zeroed(size_t floats) {
  simd::AlignedBuffer buffer(floats);
  if (buffer.data() == nullptr) throw std::bad_alloc();
  return buffer;
}

// Where a window of a convolution lies in its operand.
struct Geometry {
  Extent kernel;
  Extent stride;
  Extent dilation;
  Padding padding;

  // Of the frame that tap (kh, kw) of the result's frame (h, w) reads; null beyond the borders.
  const float* tap(const FrameValue& src, int64_t h, int64_t w, int64_t kh, int64_t kw) const {
    const int64_t at_h = h * stride.h - padding.top + kh * dilation.h;
    const int64_t at_w = w * stride.w - padding.left + kw * dilation.w;
    if (at_h < 0 || at_h >= src.shape.h || at_w < 0 || at_w >= src.shape.w) return nullptr;
    return src.frame(at_h, at_w);
  }
};

Geometry geometry_of(const Conv& op) {
  return {{op.weight.dim(2), op.weight.dim(3)}, op.stride, op.dilation, op.padding};
}

class ProductStep final : public FrameStep {
 public:
  ProductStep(const Conv& op, const FrameValue& src, const FrameValue& dst)
      : geometry_(geometry_of(op)),
        src_(src),
        dst_(dst),
        in_(static_cast<size_t>(op.weight.size() / op.weight.dim(0))),
        bias_(padded_bias(op.bias, dst.channels())),
        weights_(zeroed(dst.stride() * in_)),
        reads_directly_(is_pointwise(op)) {
    const std::vector<float> by_tap = weights_by_tap(op.weight);
    simd::pack_frame_product(by_tap.data(), dst.channels(), in_, weights_.data());
    if (!reads_directly_) windows_ = zeroed(dst.frames() * in_);
  }

  void run() override {
    if (!reads_directly_) gather();
    simd::FrameProductArgs args;
    args.weights = weights_.data();
    args.bias = bias_.data();
    args.src = reads_directly_ ? src_.data : windows_.data();
    args.src_stride = reads_directly_ ? src_.stride() : in_;
    args.dst = dst_.data;
    args.in = in_;
    args.out = dst_.channels();
    args.frames = dst_.frames();
    kernels_.product(args);
  }

 private:
  // [out][kh][kw][in], as gather() lays frames side by side.
  static std::vector<float> weights_by_tap(const Tensor& weight) {
    const int64_t taps = weight.dim(2) * weight.dim(3);
    std::vector<float> result;
    for (int64_t o = 0; o < weight.dim(0); ++o) {
      for (int64_t k = 0; k < taps; ++k) {
        for (int64_t i = 0; i < weight.dim(1); ++i)
          result.push_back(weight[(o * weight.dim(1) + i) * taps + k]);
      }
    }
    return result;
  }

  void gather() {
    float* to = windows_.data();
    const size_t channels = src_.channels();
    for (int64_t h = 0; h < dst_.shape.h; ++h) {
      for (int64_t w = 0; w < dst_.shape.w; ++w) {
        for (int64_t kh = 0; kh < geometry_.kernel.h; ++kh) {
          for (int64_t kw = 0; kw < geometry_.kernel.w; ++kw, to += channels) {
            const float* const from = geometry_.tap(src_, h, w, kh, kw);
            if (from == nullptr) {
              std::fill_n(to, channels, 0.0f);
            } else {
              std::copy_n(from, channels, to);
            }
          }
        }
      }
    }
  }

  simd::FrameKernels kernels_ = simd::frame_kernels();
  Geometry geometry_;
  const FrameValue& src_;
  const FrameValue& dst_;
  size_t in_;  // values that one frame of the result reads
  simd::AlignedBuffer bias_;
  simd::AlignedBuffer weights_;
  bool reads_directly_;
  simd::AlignedBuffer windows_;  // [frames][in]
};

class DepthwiseStep final : public FrameStep {
 public:
  DepthwiseStep(const Conv& op, const FrameValue& src, const FrameValue& dst)
      : geometry_(geometry_of(op)),
        src_(src),
        dst_(dst),
        bias_(padded_bias(op.bias, dst.channels())),
        weights_(zeroed(static_cast<size_t>(op.weight.dim(2) * op.weight.dim(3)) * dst.stride())),
        taps_(static_cast<size_t>(op.weight.dim(2) * op.weight.dim(3))) {
    for (size_t c = 0; c < dst.channels(); ++c) {
      for (size_t k = 0; k < taps_.size(); ++k)
        weights_.data()[k * dst.stride() + c] =
            op.weight[static_cast<int64_t>(c * taps_.size() + k)];
    }
  }

  void run() override {
    for (int64_t h = 0; h < dst_.shape.h; ++h) {
      for (int64_t w = 0; w < dst_.shape.w; ++w) {
        auto tap = taps_.begin();
        for (int64_t kh = 0; kh < geometry_.kernel.h; ++kh) {
          for (int64_t kw = 0; kw < geometry_.kernel.w; ++kw)
            *tap++ = geometry_.tap(src_, h, w, kh, kw);
        }
        kernels_.taps({.taps = taps_.data(),
                       .weights = weights_.data(),
                       .bias = bias_.data(),
                       .dst = dst_.frame(h, w),
                       .count = taps_.size(),
                       .channels = dst_.channels()});
      }
    }
  }

 private:
  simd::FrameKernels kernels_ = simd::frame_kernels();
  Geometry geometry_;
  const FrameValue& src_;
  const FrameValue& dst_;
  simd::AlignedBuffer bias_;
  simd::AlignedBuffer weights_;  // [taps][stride]
  std::vector<const float*> taps_;
};

// Every frame times all taps, added up where they overlap. Kernels along time only.
class TransposedStep final : public FrameStep {
 public:
  TransposedStep(const ConvTranspose& op, const FrameValue& src, const FrameValue& dst)
      : stride_(op.stride.w),
        dilation_(op.dilation.w),
        crop_(op.crop.left),
        kernel_(op.weight.dim(3)),
        src_(src),
        dst_(dst),
        bias_(padded_bias(op.bias, dst.channels())),
        no_bias_(zeroed(simd::frame_stride(products()))),
        weights_(zeroed(simd::frame_stride(products()) * src.channels())),
        products_(zeroed(simd::frame_stride(products()) * src.frames())) {
    // [kernel][out][in]
    std::vector<float> by_tap;
    const int64_t out = dst.shape.c;
    for (int64_t k = 0; k < kernel_; ++k) {
      for (int64_t o = 0; o < out; ++o) {
        for (int64_t i = 0; i < src.shape.c; ++i)
          by_tap.push_back(op.weight[(i * out + o) * kernel_ + k]);
      }
    }
    simd::pack_frame_product(by_tap.data(), products(), src.channels(), weights_.data());
  }

  void run() override {
    simd::FrameProductArgs args;
    args.weights = weights_.data();
    args.bias = no_bias_.data();
    args.src = src_.data;
    args.src_stride = src_.stride();
    args.dst = products_.data();
    args.in = src_.channels();
    args.out = products();
    args.frames = src_.frames();
    kernels_.product(args);
    for (size_t f = 0; f < dst_.frames(); ++f)
      std::copy_n(bias_.data(), dst_.stride(), dst_.frame(f));
    for (int64_t h = 0; h < src_.shape.h; ++h) {
      for (int64_t t = 0; t < src_.shape.w; ++t) add_frame(h, t);
    }
  }

 private:
  size_t products() const { return static_cast<size_t>(kernel_) * dst_.channels(); }

  void add_frame(int64_t h, int64_t t) {
    const float* from = products_.data() +
                        static_cast<size_t>(h * src_.shape.w + t) * simd::frame_stride(products());
    for (int64_t k = 0; k < kernel_; ++k, from += dst_.channels()) {
      const int64_t at = t * stride_ - crop_ + k * dilation_;
      if (at < 0 || at >= dst_.shape.w) continue;
      float* const to = dst_.frame(h, at);
      for (size_t o = 0; o < dst_.channels(); ++o) to[o] += from[o];
    }
  }

  simd::FrameKernels kernels_ = simd::frame_kernels();
  int64_t stride_;
  int64_t dilation_;
  int64_t crop_;
  int64_t kernel_;
  const FrameValue& src_;
  const FrameValue& dst_;
  simd::AlignedBuffer bias_;
  simd::AlignedBuffer no_bias_;
  simd::AlignedBuffer weights_;
  simd::AlignedBuffer products_;  // [frames][kernel][out]
};

}  // namespace

std::unique_ptr<FrameStep> make_frame_convolution(const Op& op, const FrameOperands& operands,
                                                  const FrameValue& dst) {
  if (const auto* conv = std::get_if<Conv>(&op)) {
    const FrameValue& src = *operands[0];
    if (conv->groups == 1) return std::make_unique<ProductStep>(*conv, src, dst);
    if (conv->groups == src.shape.c && dst.shape.c == src.shape.c)
      return std::make_unique<DepthwiseStep>(*conv, src, dst);
  }
  if (const auto* conv = std::get_if<ConvTranspose>(&op)) {
    const bool along_time = conv->weight.dim(2) == 1 && conv->stride.h == 1 &&
                            conv->crop.top == 0 && conv->crop.bottom == 0 && conv->extra.h == 0;
    if (conv->groups == 1 && along_time)
      return std::make_unique<TransposedStep>(*conv, *operands[0], dst);
  }
  return nullptr;
}

}  // namespace tessera::cpu
