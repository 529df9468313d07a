#include <cstring>

#include "backends/emulator/requantize_table.h"
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

// Scratch: a row with its padding around it, and what the maker of rows needs.
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
        format_(read_.is_int16 ? simd::Format::kCode16 : simd::Format::kCode8),
        weights_(conv.weights.values),
        requantize_(conv.weights, read_, conv.op.groups, conv.activation, dst),
        maker_(conv.rows),
        src_(src),
        dst_(dst) {
    const auto taps = static_cast<int64_t>(weights_.size()) / conv.weights.dims[0];
    for (int64_t j = 0; j < taps; ++j) offsets_.push_back(j * line_.step);
    const int64_t elements = line_.before + line_.src_elements + line_.after;
    inside_ = line_.src_elements - offsets_.back() - static_cast<int64_t>(simd::kGuardCodes);
    if (maker_ != nullptr || !src.coding || inside_ < kWorthTellingApart) inside_ = 0;
    row_bytes_ = (elements + static_cast<int64_t>(simd::kGuardCodes)) * read_.code_bytes();
    row_bytes_ =
        (row_bytes_ + kArenaAlignmentBytes - 1) / kArenaAlignmentBytes * kArenaAlignmentBytes;
    scratch_bytes = row_bytes_ + (maker_ != nullptr ? maker_->scratch_bytes : 0);
  }

 private:
  // Of a row: begin .. end - 1.
  struct Outputs {
    int64_t begin = 0;
    int64_t end = 0;
  };
  static constexpr int64_t kWorthTellingApart = 256;

  void run_channel(int64_t c, std::byte* scratch) override {
    const simd::Requantize requantize = requantize_.requantize();
    simd::DepthwiseCodesArgs args;
    args.format = format_;
    args.weights = weights_.data() + static_cast<size_t>(c) * offsets_.size();
    args.offsets = offsets_.data();
    args.taps = offsets_.size();
    args.requantize = &requantize;
    args.channel = static_cast<size_t>(c);
    for (int64_t h = 0; h < line_.rows; ++h) {
      const Outputs inside{line_.before, line_.before + inside_};
      if (inside_ == 0) {
        run_padded(args, c, h, {0, line_.dst_elements}, scratch);
        continue;
      }
      run_padded(args, c, h, {0, inside.begin}, scratch);
      args.src = src_.row(c, h);
      run_outputs(args, c, h, inside);
      run_padded(args, c, h, {inside.end, line_.dst_elements}, scratch);
    }
  }

  void run_outputs(simd::DepthwiseCodesArgs& args, int64_t c, int64_t h,
                   const Outputs& outputs) const {
    args.frames = static_cast<size_t>(outputs.end - outputs.begin);
    args.dst =
        static_cast<std::byte*>(dst_.target_row(c, h)) + outputs.begin * dst_.element_bytes();
    kernel_(args);
  }

  void run_padded(simd::DepthwiseCodesArgs& args, int64_t c, int64_t h, const Outputs& outputs,
                  std::byte* scratch) const {
    if (outputs.begin == outputs.end) return;
    if (read_.is_int16) {
      pad_row(c, h, outputs, reinterpret_cast<integer::Code16*>(scratch), scratch + row_bytes_);
    } else {
      pad_row(c, h, outputs, reinterpret_cast<integer::Code8*>(scratch), scratch + row_bytes_);
    }
    args.src = scratch;
    run_outputs(args, c, h, outputs);
  }

  // All that these outputs read, which is all of the row if that is made here, with codes of zero
  // where there is nothing.
  template <typename Code>
  void pad_row(int64_t c, int64_t h, const Outputs& outputs, Code* to, std::byte* scratch) const {
    const auto zero = static_cast<Code>(read_.zero_point[static_cast<size_t>(c)]);
    const int64_t begin = outputs.begin - line_.before;
    const int64_t end = outputs.end - line_.before + offsets_.back();
    const int64_t first = std::clamp<int64_t>(begin, 0, line_.src_elements);
    const int64_t last = std::clamp<int64_t>(end, first, line_.src_elements);
    to = std::fill_n(to, first - begin, zero);
    if (maker_ != nullptr) {
      const int64_t rows = line_.src_elements / src_.shape.w;
      for (int64_t i = 0; i < rows; ++i) maker_->make(c, h + i, to + i * src_.shape.w, scratch);
    } else if (src_.coding) {
      const auto* const row = static_cast<const Code*>(src_.row(c, h));
      std::memcpy(to, row + first, static_cast<size_t>(last - first) * sizeof(Code));
    } else {
      rows_.quantize({static_cast<const float*>(src_.row(c, h)) + first, code_scale(read_, c),
                      format_, to, static_cast<size_t>(last - first)});
    }
    std::fill_n(to + (last - first), end - last + static_cast<int64_t>(simd::kGuardCodes), zero);
  }

  simd::DepthwiseCodesKernel* kernel_;
  simd::RowKernels rows_;
  Line line_;
  integer::Coding read_;
  simd::Format format_;
  std::vector<int8_t> weights_;  // [C][taps]
  std::vector<ptrdiff_t> offsets_;
  RequantizeTable requantize_;
  std::shared_ptr<const RowMaker> maker_;
  const Value& src_;
  const Value& dst_;
  // Outputs behind the first `before` that read nothing but the row, which they do in place; 0 if
  // none are told apart.
  int64_t inside_ = 0;
  int64_t row_bytes_ = 0;
};

}  // namespace

bool runs_as_depthwise(const IntegerConv& conv, const Shape& src, const Shape& dst) {
  const Unary* const unary = conv.activation;
  const bool in_kernel =
      unary == nullptr || unary->kind == UnaryKind::relu || unary->kind == UnaryKind::prelu;
  return in_kernel && line_of(conv, src, dst).has_value();
}

std::unique_ptr<Step> integer_depthwise_step(const IntegerKernels& kernels, const IntegerConv& conv,
                                             const Value& src, const Value& dst) {
  if (!runs_as_depthwise(conv, src.shape, dst.shape)) return nullptr;
  return std::make_unique<IntegerDepthwiseStep>(kernels, conv, *line_of(conv, src.shape, dst.shape),
                                                src, dst);
}

}  // namespace tessera::emulator
