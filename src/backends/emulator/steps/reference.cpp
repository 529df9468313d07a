#include "backends/emulator/steps.h"
#include "kernels/ref/moments.h"
#include "kernels/ref/tflite/kernels.h"

namespace tessera::emulator {
namespace {

class ReferenceStep final : public Step {
 public:
  ReferenceStep(Op op, std::vector<const Value*> operands, const Value& dst,
                std::optional<int64_t> skip, IntegerArithmetic arithmetic)
      : op_(std::move(op)), operands_(std::move(operands)), dst_(dst), arithmetic_(arithmetic) {
    if (skip) carried_.emplace(*skip, operands_[0]->shape);
    for (const Value* operand : operands_) {
      sources_.push_back({nullptr, operand->shape});
      if (operand->coding) scratch_bytes += floats_of(*operand);
    }
    if (dst_.coding) scratch_bytes += floats_of(dst_);
  }
  void run(int64_t, std::byte* scratch) override {
    auto* free = reinterpret_cast<float*>(scratch);
    for (size_t i = 0; i < operands_.size(); ++i) {
      const Value& operand = *operands_[i];
      sources_[i] = operand.floats();
      if (!operand.coding) continue;
      const reference::Target floats{free, operand.shape};
      with_code(*operand.coding, [&]<typename Code>(Code) {
        integer::dequantize(operand.codes<Code>(), *operand.coding, floats);
      });
      sources_[i].values = free;
      free += operand.shape.size();
    }
    if (!dst_.coding) {
      evaluate(dst_.float_target());
      return;
    }
    evaluate({free, dst_.shape});
    with_code(*dst_.coding, [&]<typename Code>(Code) {
      const reference::Source floats{free, dst_.shape};
      if (arithmetic_ == IntegerArithmetic::tflite) {
        integer::tflite::quantize(floats, *dst_.coding, dst_.code_target<Code>());
      } else {
        integer::quantize(floats, *dst_.coding, dst_.code_target<Code>());
      }
    });
  }
  void reset() override {
    if (carried_) carried_->reset();
  }

 private:
  void evaluate(const reference::Target& target) {
    if (carried_) {
      reference::evaluate_carried(op_, sources_[0], target, *carried_);
    } else {
      reference::evaluate(op_, sources_, target);
    }
  }
  static int64_t floats_of(const Value& value) {
    return value.shape.size() * static_cast<int64_t>(sizeof(float));
  }

  Op op_;
  std::vector<const Value*> operands_;
  const Value& dst_;
  IntegerArithmetic arithmetic_;
  std::vector<reference::Source> sources_;
  std::optional<reference::Carried> carried_;
};

}  // namespace

std::unique_ptr<Step> reference_step(Op op, std::vector<const Value*> operands, const Value& dst,
                                     std::optional<int64_t> skip, IntegerArithmetic arithmetic) {
  return std::make_unique<ReferenceStep>(std::move(op), std::move(operands), dst, skip, arithmetic);
}

}  // namespace tessera::emulator
