#include "backends/emulator/gather.h"
#include "backends/emulator/requantize_table.h"
#include "backends/emulator/steps.h"

namespace tessera::emulator {
namespace {

constexpr int64_t kRowPanels = 2;        // of an item: what a row of the result is written in
constexpr int64_t kChannelsAtOnce = 32;  // at least; their weights stay in the nearest cache

bool in_kernel(const Unary& activation) {
  return activation.kind == UnaryKind::relu || activation.kind == UnaryKind::prelu;
}

int64_t rounded_up(int64_t bytes) {
  return (bytes + kArenaAlignmentBytes - 1) / kArenaAlignmentBytes * kArenaAlignmentBytes;
}

// A matrix product per group and stretch of frames. Scratch: panels, then either rows gathered for
// them or, when those have been packed, floats that wait for an activation which is no kernel's.
class IntegerConvStep final : public Step {
 public:
  IntegerConvStep(const IntegerKernels& kernels, const IntegerConv& conv, const Value& src,
                  const Value& dst)
      : rows_(kernels.rows),
        op_(conv.op),
        dims_(conv.weights.dims),
        read_(src.coding ? *src.coding
                         : integer::make_coding(conv.weights.operand.value(), src.shape.c)),
        products_(kernels.products(read_.is_int16 ? simd::Format::kCode16 : simd::Format::kCode8)),
        src_(src),
        dst_(dst),
        plain_(reads_its_own_frame(conv.op, conv.weights.dims)),
        direct_(plain_ && src.coding),
        inputs_(static_cast<int64_t>(conv.weights.values.size()) / dims_[0]),
        outputs_(dims_[0] / op_.groups),
        frames_(plain_ ? dst.shape.h * dst.shape.w : dst.shape.w) {
    if (conv.activation != nullptr && !in_kernel(*conv.activation)) activation_ = *conv.activation;
    floats_.shape = dst.shape;
    const bool fused = conv.activation != nullptr && !activation_;
    requantize_ = std::make_unique<RequantizeTable>(conv.weights, read_, op_.groups,
                                                    fused ? conv.activation : nullptr,
                                                    activation_ ? floats_ : dst);
    for (int64_t g = 0; g < op_.groups; ++g) {
      weights_.push_back(simd::pack_product_weights(
          products_.blocking, conv.weights.values.data() + g * outputs_ * inputs_,
          static_cast<size_t>(outputs_), static_cast<size_t>(inputs_)));
    }
    const int64_t panel = static_cast<int64_t>(products_.blocking.frames);
    item_frames_ = kRowPanels * panel;
    stretches_ = (frames_ + item_frames_ - 1) / item_frames_;
    items = op_.groups * (plain_ ? 1 : dst.shape.h) * stretches_;
    panel_bytes_ = rounded_up(
        static_cast<int64_t>(products_.blocking.panel_bytes(static_cast<size_t>(inputs_))));
    const int64_t gathered = direct_ ? 0 : rounded_up(panel * kFloatBytes) + inputs_ * panel * 2;
    const int64_t waiting = activation_ ? (outputs_ + 1) * item_frames_ * kFloatBytes : 0;
    scratch_bytes = kRowPanels * panel_bytes_ + std::max(gathered, waiting);
  }

  void run(int64_t item, std::byte* scratch) override {
    const int64_t group = item / stretches_ % op_.groups;
    Stretch stretch{item / stretches_ / op_.groups, item % stretches_ * item_frames_, 0};
    stretch.count = std::min(item_frames_, frames_ - stretch.begin);
    std::byte* const behind = scratch + kRowPanels * panel_bytes_;
    const auto panel_frames = static_cast<int64_t>(products_.blocking.frames);
    for (int64_t p = 0; p * panel_frames < stretch.count; ++p) {
      make_panel(group, part_of(stretch, p), scratch + p * panel_bytes_, behind);
    }
    simd::Requantize requantize = requantize_->requantize();
    shift(requantize, group * outputs_);
    simd::ProductArgs args;
    args.weights = weights_[static_cast<size_t>(group)].data();
    args.in = static_cast<size_t>(inputs_);
    args.out = static_cast<size_t>(outputs_);
    args.requantize = &requantize;
    args.dst_stride = static_cast<size_t>(activation_ ? item_frames_ : dst_.shape.h * dst_.shape.w);
    const auto rows = static_cast<int64_t>(products_.blocking.rows);
    const int64_t channels = std::max(kChannelsAtOnce, 4 * rows);
    for (int64_t first = 0; first < outputs_; first += channels) {
      args.first = static_cast<size_t>(first);
      args.last = static_cast<size_t>(std::min(outputs_, first + channels));
      for (int64_t p = 0; p * panel_frames < stretch.count; ++p) {
        const Stretch part = part_of(stretch, p);
        args.panel = scratch + p * panel_bytes_;
        args.frames = static_cast<size_t>(part.count);
        args.dst = activation_
                       ? behind + p * panel_frames * kFloatBytes
                       : static_cast<std::byte*>(dst_.target_row(group * outputs_, part.row)) +
                             part.begin * dst_.element_bytes();
        products_.product(args);
      }
    }
    if (activation_) finish_activation(group, stretch, reinterpret_cast<float*>(behind));
  }

 private:
  static constexpr int64_t kFloatBytes = static_cast<int64_t>(sizeof(float));

  Stretch part_of(const Stretch& stretch, int64_t panel) const {
    const auto frames = static_cast<int64_t>(products_.blocking.frames);
    return {stretch.row, stretch.begin + panel * frames,
            std::min(frames, stretch.count - panel * frames)};
  }

  // To the entries of a group.
  static void shift(simd::Requantize& requantize, int64_t channels) {
    requantize.bias += channels;
    requantize.gain += channels;
    if (requantize.activation == simd::Activation::kPrelu) requantize.slopes += channels;
    if (requantize.format != simd::Format::kFloat) requantize.codes += channels;
  }

  void make_panel(int64_t group, const Stretch& part, std::byte* panel, std::byte* space) const {
    const auto panel_frames = static_cast<int64_t>(products_.blocking.frames);
    simd::PanelArgs args;
    args.in = static_cast<size_t>(inputs_);
    args.frames = static_cast<size_t>(part.count);
    args.panel = panel;
    if (direct_) {
      args.src = static_cast<const std::byte*>(src_.row(group * inputs_)) +
                 part.begin * src_.element_bytes();
      args.stride = static_cast<size_t>(src_.shape.h * src_.shape.w);
    } else {
      auto* const floats = reinterpret_cast<float*>(space);
      std::byte* const rows = space + rounded_up(panel_frames * kFloatBytes);
      if (read_.is_int16) {
        gather(group, part, floats, reinterpret_cast<integer::Code16*>(rows), panel_frames);
      } else {
        gather(group, part, floats, reinterpret_cast<integer::Code8*>(rows), panel_frames);
      }
      args.src = rows;
      args.stride = static_cast<size_t>(panel_frames);
    }
    products_.panel(args);
  }

  // The codes that every weight meets; `floats` holds a row of them before they are codes.
  template <typename Code>
  void gather(int64_t group, const Stretch& part, float* floats, Code* rows,
              int64_t panel_frames) const {
    const int64_t src_rows = plain_ ? 1 : src_.shape.h;
    const int64_t src_frames = plain_ ? frames_ : src_.shape.w;
    for_each_weight(
        op_, dims_, group, part.row, src_rows,
        [&](int64_t k, int64_t channel, int64_t row, int64_t offset) {
          Code* const to = rows + k * panel_frames;
          const auto zero = static_cast<Code>(read_.zero_point[static_cast<size_t>(channel)]);
          if (row < 0) {
            std::fill_n(to, part.count, zero);
          } else if (src_.coding) {
            gather_frames(static_cast<const Code*>(src_.row(channel, row)), src_frames,
                          op_.stride.w, offset, part, zero, to);
          } else {
            gather_frames(static_cast<const float*>(src_.row(channel, row)), src_frames,
                          op_.stride.w, offset, part, 0.0F, floats);
            rows_.quantize({floats, code_scale(read_, channel),
                            read_.is_int16 ? simd::Format::kCode16 : simd::Format::kCode8, to,
                            static_cast<size_t>(part.count)});
          }
        });
  }

  // Rows of `values`, item_frames_ apart, through the activation into the result.
  void finish_activation(int64_t group, const Stretch& stretch, float* values) const {
    float* const result = values + outputs_ * item_frames_;
    const Shape shape{1, 1, stretch.count};
    for (int64_t o = 0; o < outputs_; ++o) {
      const int64_t channel = group * outputs_ + o;
      const reference::Source source{values + o * item_frames_, shape};
      void* const to = static_cast<std::byte*>(dst_.target_row(channel, stretch.row)) +
                       stretch.begin * dst_.element_bytes();
      if (!dst_.coding) {
        reference::unary(*activation_, source, {static_cast<float*>(to), shape});
        continue;
      }
      reference::unary(*activation_, source, {result, shape});
      rows_.quantize({result, code_scale(*dst_.coding, channel), dst_.format(), to,
                      static_cast<size_t>(stretch.count)});
    }
  }

  simd::RowKernels rows_;
  Conv op_;
  std::vector<int64_t> dims_;
  integer::Coding read_;
  simd::ProductKernels products_;
  const Value& src_;
  const Value& dst_;
  bool plain_;       // reads its own frame: H and W are one axis
  bool direct_;      // and codes, which need not be gathered
  int64_t inputs_;   // of a group, kernel included
  int64_t outputs_;  // of a group
  int64_t frames_;
  int64_t item_frames_ = 0;
  int64_t stretches_ = 0;
  int64_t panel_bytes_ = 0;
  std::optional<Unary> activation_;  // that is no kernel's
  Value floats_;                     // what it reads
  std::unique_ptr<RequantizeTable> requantize_;
  std::vector<simd::PackedWeights> weights_;  // packed, by group
};

}  // namespace

std::unique_ptr<Step> integer_conv_step(const IntegerKernels& kernels, const IntegerConv& conv,
                                        const Value& src, const Value& dst) {
  if (auto step = integer_depthwise_step(kernels, conv, src, dst)) return step;
  return std::make_unique<IntegerConvStep>(kernels, conv, src, dst);
}

}  // namespace tessera::emulator
