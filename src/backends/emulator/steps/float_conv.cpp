#include "backends/emulator/gather.h"
#include "backends/emulator/requantize_table.h"
#include "backends/emulator/steps.h"

namespace tessera::emulator {
namespace {

constexpr int64_t kItemPanels = 4;  // of an item
// So few outputs read an operand too few times for it to be worth gathering.
constexpr int64_t kFewOutputs = 32;

// A matrix product in float64 per group and stretch of frames. Scratch: the panel, the results if
// they are to be codes, and the products of the stretch with a factor, if there is one.
class FloatConvStep final : public Step {
 public:
  FloatConvStep(const IntegerKernels& kernels, const Conv& op, const Value& src, const Value& dst,
                const Value* factor)
      : rows_(kernels.rows),
        products_(kernels.float_products),
        op_(op),
        src_(src),
        dst_(dst),
        factor_(factor),
        dims_(op.weight.dims()),
        plain_(reads_its_own_frame(op, dims_)),
        inputs_(op.weight.size() / dims_[0]),
        outputs_(dims_[0] / op.groups),
        panel_(static_cast<int64_t>(products_.blocking.frames)),
        frames_(plain_ ? dst.shape.h * dst.shape.w : dst.shape.w),
        stretches_((frames_ + kItemPanels * panel_ - 1) / (kItemPanels * panel_)) {
    for (int64_t g = 0; g < op.groups; ++g) {
      weights_.push_back(
          simd::pack_float_weights(products_.blocking, op.weight.data() + g * outputs_ * inputs_,
                                   static_cast<size_t>(outputs_), static_cast<size_t>(inputs_)));
      bias_.emplace_back(products_.blocking.padded_out(static_cast<size_t>(outputs_)));
      for (int64_t o = 0; o < outputs_ && !op.bias.empty(); ++o)
        bias_.back()[static_cast<size_t>(o)] = static_cast<double>(op.bias[g * outputs_ + o]);
    }
    items = op.groups * (plain_ ? 1 : dst.shape.h) * stretches_;
    const int64_t results = dst.coding ? outputs_ * panel_ : 0;
    const int64_t products = factor_ != nullptr ? inputs_ * kItemPanels * panel_ : 0;
    scratch_bytes = (inputs_ * panel_ + results + products) * static_cast<int64_t>(sizeof(float));
    // What lies behind the end of a sequence is computed too, and thrown away.
    op_.weight = Tensor();
    op_.bias = Tensor();
  }

  void run(int64_t item, std::byte* scratch) override {
    const int64_t group = item / stretches_ % op_.groups;
    const int64_t row = item / stretches_ / op_.groups;
    const int64_t begin = item % stretches_ * kItemPanels * panel_;
    const int64_t end = std::min(frames_, begin + kItemPanels * panel_);
    if (factor_ != nullptr) multiply(begin, end, products_in(scratch));
    for (int64_t t = begin; t < end; t += panel_) {
      run_panel(group, {row, t, std::min(panel_, end - t)}, reinterpret_cast<float*>(scratch));
    }
  }

 private:
  float* products_in(std::byte* scratch) const {
    return reinterpret_cast<float*>(scratch + scratch_bytes) - inputs_ * kItemPanels * panel_;
  }

  void multiply(int64_t begin, int64_t end, float* to) const {
    for (int64_t c = 0; c < inputs_; ++c, to += kItemPanels * panel_) {
      simd::CombineArgs args;
      args.op = simd::BinaryOp::kMul;
      args.a.data = static_cast<const float*>(src_.row(c)) + begin;
      args.b.data = static_cast<const float*>(factor_->row(c)) + begin;
      args.dst.data = to;
      args.count = static_cast<size_t>(end - begin);
      rows_.combine(args);
      std::fill(to + (end - begin), to + kItemPanels * panel_, 0.0F);
    }
  }

  void run_panel(int64_t group, const Stretch& part, float* panel) const {
    float* const results = panel + inputs_ * panel_;
    const auto at = static_cast<size_t>(group);
    simd::FloatProductArgs args;
    args.weights = weights_[at].data();
    args.bias = bias_[at].data();
    if (factor_ != nullptr) {
      args.panel =
          products_in(reinterpret_cast<std::byte*>(panel)) + part.begin % (kItemPanels * panel_);
      args.stride = static_cast<size_t>(kItemPanels * panel_);
    } else if (plain_ && outputs_ <= kFewOutputs && part.count == panel_) {
      args.panel = static_cast<const float*>(src_.row(group * inputs_)) + part.begin;
      args.stride = static_cast<size_t>(src_.shape.h * src_.shape.w);
    } else {
      gather(group, part, panel);
      args.panel = panel;
      args.stride = static_cast<size_t>(panel_);
    }
    args.in = static_cast<size_t>(inputs_);
    args.out = static_cast<size_t>(outputs_);
    args.frames = static_cast<size_t>(part.count);
    args.dst = results;
    args.dst_stride = static_cast<size_t>(panel_);
    if (!dst_.coding) {
      args.dst = static_cast<float*>(dst_.target_row(group * outputs_, part.row)) + part.begin;
      args.dst_stride = static_cast<size_t>(dst_.shape.h * dst_.shape.w);
    }
    products_.product(args);
    for (int64_t o = 0; dst_.coding && o < outputs_; ++o) {
      const int64_t channel = group * outputs_ + o;
      rows_.quantize({results + o * panel_, code_scale(*dst_.coding, channel), dst_.format(),
                      static_cast<std::byte*>(dst_.target_row(channel, part.row)) +
                          part.begin * dst_.element_bytes(),
                      static_cast<size_t>(part.count)});
    }
  }

  void gather(int64_t group, const Stretch& part, float* panel) const {
    const int64_t src_rows = plain_ ? 1 : src_.shape.h;
    const int64_t src_frames = plain_ ? frames_ : src_.shape.w;
    for_each_weight(op_, dims_, group, part.row, src_rows,
                    [&](int64_t k, int64_t channel, int64_t row, int64_t offset) {
                      float* const to = panel + k * panel_;
                      std::fill(to + part.count, to + panel_, 0.0F);
                      if (row < 0) {
                        std::fill_n(to, part.count, 0.0F);
                        return;
                      }
                      gather_frames(static_cast<const float*>(src_.row(channel, row)), src_frames,
                                    op_.stride.w, offset, part, 0.0F, to);
                    });
  }

  simd::RowKernels rows_;
  simd::FloatProductKernels products_;
  Conv op_;  // its geometry
  const Value& src_;
  const Value& dst_;
  const Value* factor_;
  std::vector<int64_t> dims_;
  bool plain_;       // reads its own frame: H and W are one axis
  int64_t inputs_;   // of a group, kernel included
  int64_t outputs_;  // of a group
  int64_t panel_;    // frames
  int64_t frames_;
  int64_t stretches_;
  std::vector<std::vector<double>> weights_;  // packed, by group
  std::vector<std::vector<double>> bias_;
};

}  // namespace

std::unique_ptr<Step> float_conv_step(const IntegerKernels& kernels, const Conv& op,
                                      const Value& src, const Value& dst, const Value* factor) {
  return std::make_unique<FloatConvStep>(kernels, op, src, dst, factor);
}

bool may_have_factor(const Conv& op) {
  return op.groups == 1 && reads_its_own_frame(op, op.weight.dims());
}

}  // namespace tessera::emulator
