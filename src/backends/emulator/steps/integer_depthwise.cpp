#include <cstring>

#include "backends/emulator/finish_table.h"
#include "backends/emulator/steps/channelwise.h"

namespace tessera::emulator {
namespace {

// How a depthwise kernel moves: along rows of W, or, where only H has taps, along H x W as one row
// (stripes lie side by side there).
struct Line {
  bool along_h = false;
  int64_t rows = 1;          // convolved one by one
  int64_t src_elements = 0;  // of a row
  int64_t dst_elements = 0;
  int64_t before = 0;  // elements of padding
  int64_t after = 0;
  int64_t step = 1;  // from tap to tap
};

std::optional<Line> line_of(const IntegerConv& conv, const Shape& src, const Shape& dst) {
  const Conv& op = conv.op;
  const auto& dims = conv.weights.dims;
  if (dims.size() != 4 || dims[1] != 1 || op.groups != src.c || dims[0] != src.c ||
      op.stride != Extent{}) {
    return std::nullopt;
  }
  if (dims[2] == 1 && op.padding.top == 0 && op.padding.bottom == 0) {
    return Line{false, src.h, src.w, dst.w, op.padding.left, op.padding.right, op.dilation.w};
  }
  if (dims[3] == 1 && op.padding.left == 0 && op.padding.right == 0) {
    return Line{true,
                1,
                src.h * src.w,
                dst.h * dst.w,
                op.padding.top * src.w,
                op.padding.bottom * src.w,
                op.dilation.h * src.w};
  }
  return std::nullopt;
}

// Scratch: a row with its padding around it.
class IntegerDepthwiseStep final : public ChannelwiseStep {
 public:
  IntegerDepthwiseStep(const IntegerKernels& kernels, const IntegerConv& conv, const Line& line,
                       const Value& src, const Value& dst)
      : ChannelwiseStep(dst.shape),
        kernel_(kernels.depthwise),
        rows_(kernels.rows),
        line_(line),
        read_(src.coding ? *src.coding
                         : integer::make_coding(conv.weights.operand.value(), src.shape.c)),
        format_(read_.wide ? simd::Format::kCode16 : simd::Format::kCode8),
        weights_(conv.weights.values),
        finish_(conv.weights, read_, conv.op.groups, conv.activation, dst),
        src_(src),
        dst_(dst) {
    const auto taps = static_cast<int64_t>(weights_.size()) / conv.weights.dims[0];
    for (int64_t j = 0; j < taps; ++j) offsets_.push_back(j * line_.step);
    const int64_t elements = line_.before + line_.src_elements + line_.after;
    scratch_bytes = (elements + static_cast<int64_t>(simd::kGuardCodes)) * read_.code_bytes();
  }

 private:
  void run_channel(int64_t c, std::byte* scratch) override {
    const simd::Finish finish = finish_.finish();
    simd::DepthwiseCodesArgs args;
    args.src = scratch;
    args.format = format_;
    args.weights = weights_.data() + static_cast<size_t>(c) * offsets_.size();
    args.offsets = offsets_.data();
    args.taps = offsets_.size();
    args.frames = static_cast<size_t>(line_.dst_elements);
    args.finish = &finish;
    args.channel = static_cast<size_t>(c);
    for (int64_t h = 0; h < line_.rows; ++h) {
      if (read_.wide) {
        pad_row(c, h, reinterpret_cast<integer::Code16*>(scratch));
      } else {
        pad_row(c, h, reinterpret_cast<integer::Code8*>(scratch));
      }
      args.dst = dst_.target_row(c, h);
      kernel_(args);
    }
  }

  template <typename Code>
  void pad_row(int64_t c, int64_t h, Code* to) const {
    const auto zero = static_cast<Code>(read_.zero_point[static_cast<size_t>(c)]);
    to = std::fill_n(to, line_.before, zero);
    if (src_.coding) {
      std::memcpy(to, src_.row(c, h), static_cast<size_t>(line_.src_elements) * sizeof(Code));
    } else {
      rows_.quantize({static_cast<const float*>(src_.row(c, h)), code_scale(read_, c), format_, to,
                      static_cast<size_t>(line_.src_elements)});
    }
    std::fill_n(to + line_.src_elements, line_.after + static_cast<int64_t>(simd::kGuardCodes),
                zero);
  }

  simd::DepthwiseCodesKernel* kernel_;
  simd::RowKernels rows_;
  Line line_;
  integer::Coding read_;
  simd::Format format_;
  std::vector<int8_t> weights_;  // [C][taps]
  std::vector<ptrdiff_t> offsets_;
  FinishTable finish_;
  const Value& src_;
  const Value& dst_;
};

}  // namespace

std::unique_ptr<Step> integer_depthwise_step(const IntegerKernels& kernels, const IntegerConv& conv,
                                             const Value& src, const Value& dst) {
  const auto line = line_of(conv, src.shape, dst.shape);
  if (!line) return nullptr;
  return std::make_unique<IntegerDepthwiseStep>(kernels, conv, *line, src, dst);
}

}  // namespace tessera::emulator
