// TensorFlow Lite's integers: by the plain loops that define them, or by the vector kernels of sums
// and tables with the fixed-point factors behind.
#include "backends/emulator/steps.h"
#include "backends/emulator/steps/channelwise.h"
#include "kernels/ref/tflite/evaluate.h"

namespace tessera::emulator {
namespace {

void quantize_floats(const reference::Source& floats, const integer::Coding& coding, void* codes) {
  with_code(coding, [&]<typename Code>(Code) {
    integer::tflite::quantize<Code>(floats, coding, {static_cast<Code*>(codes), floats.shape});
  });
}

class TfliteStep final : public Step {
 public:
  TfliteStep(quantization::TfliteForm form, Op op, std::optional<IntegerWeights> weights,
             std::vector<const Value*> operands, const Value& dst)
      : form_(form),
        op_(std::move(op)),
        weights_(std::move(weights)),
        operands_(std::move(operands)),
        dst_(dst) {
    for (const Value* operand : operands_) {
      codings_.push_back(operand->coding ? *operand->coding
                                         : integer::make_coding(weights_.value().operand.value(),
                                                                operand->shape.c));
      if (!operand->coding) {
        const int64_t bytes = operand->shape.size() * codings_.back().code_bytes();
        scratch_bytes +=
            (bytes + kArenaAlignmentBytes - 1) / kArenaAlignmentBytes * kArenaAlignmentBytes;
      }
    }
  }

  void run(int64_t, std::byte* scratch) override {
    std::vector<integer::tflite::CodeView> views;
    for (size_t i = 0; i < operands_.size(); ++i) {
      const Value& operand = *operands_[i];
      views.push_back({operand.data, operand.shape, &codings_[i]});
      if (operand.coding) continue;
      quantize_floats(operand.floats(), codings_[i], scratch);
      views.back().codes = scratch;
    }
    integer::tflite::evaluate(form_, op_, weights_ ? &*weights_ : nullptr, views,
                              {dst_.memory, dst_.shape, &*dst_.coding});
  }

 private:
  quantization::TfliteForm form_;
  Op op_;
  std::optional<IntegerWeights> weights_;
  std::vector<const Value*> operands_;
  const Value& dst_;
  std::vector<integer::Coding> codings_;
};

class TfliteQuantizeStep final : public Step {
 public:
  TfliteQuantizeStep(const Value& src, const Value& dst) : src_(src), dst_(dst) {}
  void run(int64_t, std::byte*) override {
    quantize_floats(src_.floats(), *dst_.coding, dst_.memory);
  }

 private:
  const Value& src_;
  const Value& dst_;
};

// A function of one value of 8 bits: tabulated when loaded.
class TfliteTableStep final : public ChannelwiseStep {
 public:
  TfliteTableStep(const IntegerKernels& kernels, quantization::TfliteForm form, const Op& op,
                  const Value& src, const Value& dst)
      : ChannelwiseStep(dst.shape), rows_(kernels.rows), src_(src), dst_(dst) {
    const Shape shape{dst.shape.c, 1, kCodes};
    std::vector<integer::Code8> codes(static_cast<size_t>(shape.size()));
    for (size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<integer::Code8>(i % kCodes);
    table_.resize(codes.size() * static_cast<size_t>(dst.element_bytes()));
    const integer::tflite::CodeView view{codes.data(), shape, &*src.coding};
    integer::tflite::evaluate(form, op, nullptr, std::span(&view, 1),
                              {table_.data(), shape, &*dst.coding});
  }

 private:
  static constexpr int64_t kCodes = 256;

  void run_channel(int64_t c, std::byte*) override {
    rows_.look_up({table_.data() + c * kCodes * dst_.element_bytes(), dst_.format(),
                   static_cast<const uint8_t*>(src_.row(c)), dst_.target_row(c),
                   static_cast<size_t>(dst_.shape.h * dst_.shape.w)});
  }

  simd::RowKernels rows_;
  const Value& src_;
  const Value& dst_;
  std::vector<std::byte> table_;  // [C, 256]
};

// Accumulators, exact in float32, to codes.
class TfliteRequantizeStep final : public ChannelwiseStep {
 public:
  TfliteRequantizeStep(const IntegerWeights& weights, const integer::Coding& operand, bool relu,
                       const Value& src, const Value& dst)
      : ChannelwiseStep(dst.shape),
        multipliers_(integer::tflite::conv_multipliers(
            integer::tflite::filter_scales(weights, operand, *dst.coding), operand, *dst.coding)),
        zero_(dst.coding->zero_point[0]),
        lowest_(relu ? zero_ : dst.coding->lowest),
        highest_(dst.coding->highest),
        src_(src),
        dst_(dst) {}

 private:
  void run_channel(int64_t c, std::byte*) override {
    const integer::tflite::Multiplier m = multipliers_[static_cast<size_t>(c)];
    const auto* in = static_cast<const float*>(src_.row(c));
    auto* out = static_cast<integer::Code8*>(dst_.target_row(c));
    for (int64_t i = 0; i < dst_.shape.h * dst_.shape.w; ++i) {
      const int64_t code =
          int64_t{integer::tflite::multiply(static_cast<int32_t>(in[i]), m)} + zero_;
      out[i] = static_cast<integer::Code8>(std::clamp<int64_t>(code, lowest_, highest_));
    }
  }

  std::vector<integer::tflite::Multiplier> multipliers_;
  int32_t zero_;
  int64_t lowest_;
  int64_t highest_;
  const Value& src_;
  const Value& dst_;
};

}  // namespace

bool sums_are_exact_floats(const IntegerWeights& weights, const integer::Coding& operand) {
  constexpr int64_t kExact = int64_t{1} << 24;
  if (operand.is_int16) return false;
  const int32_t zero = operand.zero_point[0];
  const int64_t reach = std::max(operand.highest - zero, zero - operand.lowest);
  const size_t row = weights.values.size() / weights.bias.size();
  for (size_t o = 0; o < weights.bias.size(); ++o) {
    int64_t bound = std::abs(int64_t{weights.bias[o]});
    for (size_t i = 0; i < row; ++i) bound += reach * std::abs(weights.values[o * row + i]);
    if (bound > kExact) return false;
  }
  return true;
}

std::unique_ptr<Step> tflite_table_step(const IntegerKernels& kernels,
                                        quantization::TfliteForm form, const Op& op,
                                        const Value& src, const Value& dst) {
  return std::make_unique<TfliteTableStep>(kernels, form, op, src, dst);
}

std::unique_ptr<Step> tflite_requantize_step(const IntegerWeights& weights,
                                             const integer::Coding& operand, bool relu,
                                             const Value& src, const Value& dst) {
  return std::make_unique<TfliteRequantizeStep>(weights, operand, relu, src, dst);
}

std::unique_ptr<Step> tflite_step(quantization::TfliteForm form, Op op,
                                  std::optional<IntegerWeights> weights,
                                  std::vector<const Value*> operands, const Value& dst) {
  return std::make_unique<TfliteStep>(form, std::move(op), std::move(weights), std::move(operands),
                                      dst);
}

std::unique_ptr<Step> tflite_quantize_step(const Value& src, const Value& dst) {
  return std::make_unique<TfliteQuantizeStep>(src, dst);
}

}  // namespace tessera::emulator
