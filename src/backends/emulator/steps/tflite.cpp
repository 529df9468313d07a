// TensorFlow Lite's integers, by the plain loops that define them.
#include "backends/emulator/steps.h"
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

}  // namespace

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
