#include "backends/emulator/steps.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace tessera::emulator {
namespace {

using integer::Code16;
using integer::Code8;
using integer::Coding;

class QuantizeStep final : public Step {
 public:
  QuantizeStep(const Value& src, const Value& dst) : src_(src), dst_(dst) {}
  void run() override {
    with_code(*dst_.coding, [&]<typename Code>(Code) {
      integer::quantize(src_.floats(), *dst_.coding, dst_.code_target<Code>());
    });
  }

 private:
  const Value& src_;
  const Value& dst_;
};

class ConvStep final : public Step {
 public:
  ConvStep(Conv op, IntegerWeights weights, const Value& src, const Value& dst)
      : op_(std::move(op)), weights_(std::move(weights)), src_(src), dst_(dst) {
    if (src.coding) {
      coding_ = *src.coding;
    } else {
      coding_ = integer::make_coding(weights_.operand.value(), src.shape.c);
      scratch_bytes = src.shape.size() * coding_.code_bytes();
    }
  }
  void run() override {
    with_code(coding_, [&]<typename Code>(Code) {
      integer::CodeSource<Code> codes = src_.codes<Code>();
      if (!src_.coding) {
        auto* own = reinterpret_cast<Code*>(scratch);
        integer::quantize(src_.floats(), coding_, integer::CodeTarget<Code>{own, src_.shape});
        codes.codes = own;
      }
      const integer::ConvOperands<Code> operands{op_, weights_, codes, coding_};
      if (!dst_.coding) {
        integer::conv(operands, dst_.float_target());
        return;
      }
      with_code(*dst_.coding, [&]<typename Result>(Result) {
        integer::conv(operands, *dst_.coding, dst_.code_target<Result>());
      });
    });
  }

 private:
  Conv op_;
  IntegerWeights weights_;
  Coding coding_;  // of the codes read
  const Value& src_;
  const Value& dst_;
};

template <typename Result>
class TableStep final : public Step {
 public:
  TableStep(const Op& op, const Value& src, const Value& dst)
      : src_(src), dst_(dst), table_(integer::tabulate<Result>(op, *src.coding, *dst.coding)) {}
  void run() override {
    integer::look_up<Result>(table_, src_.codes<Code8>(), dst_.code_target<Result>());
  }

 private:
  const Value& src_;
  const Value& dst_;
  std::vector<Result> table_;  // [C, 256]
};

class StatisticsStep final : public Step {
 public:
  StatisticsStep(NormStatistics op, const Value& src, const Value& dst)
      : op_(std::move(op)), src_(src), dst_(dst) {}
  void run() override {
    with_code(*src_.coding, [&]<typename Code>(Code) {
      integer::norm_statistics(op_, src_.codes<Code>(), *src_.coding, dst_.float_target());
    });
  }

 private:
  NormStatistics op_;
  const Value& src_;
  const Value& dst_;
};

class SliceStep final : public Step {
 public:
  SliceStep(Slice op, const Value& src, const Value& dst) : op_(op), src_(src), dst_(dst) {}
  void run() override {
    with_code(*src_.coding, [&]<typename Code>(Code) {
      const auto src = src_.codes<Code>();
      const auto dst = dst_.code_target<Code>();
      for (int64_t c = 0; c < dst.shape.c; ++c) {
        for (int64_t h = 0; h < dst.shape.h; ++h) {
          const Code* in = src.row(from(Axis::c, c), from(Axis::h, h));
          Code* out = dst.row(c, h);
          for (int64_t w = 0; w < dst.shape.w; ++w) out[w] = in[from(Axis::w, w)];
        }
      }
    });
  }

 private:
  int64_t from(Axis axis, int64_t i) const {
    return axis == op_.axis ? op_.begin + i * op_.step : i;
  }

  Slice op_;
  const Value& src_;
  const Value& dst_;
};

class PadStep final : public Step {
 public:
  PadStep(Pad op, const Value& src, const Value& dst) : op_(op), src_(src), dst_(dst) {}
  void run() override {
    with_code(*src_.coding, [&]<typename Code>(Code) {
      const auto src = src_.codes<Code>();
      const auto dst = dst_.code_target<Code>();
      for (int64_t c = 0; c < dst.shape.c; ++c) {
        const auto zero = static_cast<Code>(src_.coding->zero_point[static_cast<size_t>(c)]);
        for (int64_t h = 0; h < dst.shape.h; ++h) {
          Code* out = dst.row(c, h);
          std::fill_n(out, dst.shape.w, zero);
          const int64_t row = h - op_.padding.top;
          if (row < 0 || row >= src.shape.h) continue;
          std::copy_n(src.row(c, row), src.shape.w, out + op_.padding.left);
        }
      }
    });
  }

 private:
  Pad op_;
  const Value& src_;
  const Value& dst_;
};

class FloatStep final : public Step {
 public:
  FloatStep(Op op, std::vector<const Value*> operands, const Value& dst)
      : op_(std::move(op)), operands_(std::move(operands)), dst_(dst) {
    for (const Value* operand : operands_) {
      sources_.push_back({nullptr, operand->shape});
      if (operand->coding) scratch_bytes += floats_of(*operand);
    }
    if (dst_.coding) scratch_bytes += floats_of(dst_);
  }
  void run() override {
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
      reference::evaluate(op_, sources_, dst_.float_target());
      return;
    }
    reference::evaluate(op_, sources_, {free, dst_.shape});
    with_code(*dst_.coding, [&]<typename Code>(Code) {
      integer::quantize({free, dst_.shape}, *dst_.coding, dst_.code_target<Code>());
    });
  }

 private:
  static int64_t floats_of(const Value& value) {
    return value.shape.size() * static_cast<int64_t>(sizeof(float));
  }

  Op op_;
  std::vector<const Value*> operands_;
  const Value& dst_;
  std::vector<reference::Source> sources_;
};

}  // namespace

std::unique_ptr<Step> quantize_step(const Value& src, const Value& dst) {
  return std::make_unique<QuantizeStep>(src, dst);
}

std::unique_ptr<Step> conv_step(Conv op, IntegerWeights weights, const Value& src,
                                const Value& dst) {
  return std::make_unique<ConvStep>(std::move(op), std::move(weights), src, dst);
}

std::unique_ptr<Step> table_step(const Op& op, const Value& src, const Value& dst) {
  if (dst.coding->wide) return std::make_unique<TableStep<Code16>>(op, src, dst);
  return std::make_unique<TableStep<Code8>>(op, src, dst);
}

std::unique_ptr<Step> statistics_step(NormStatistics op, const Value& src, const Value& dst) {
  return std::make_unique<StatisticsStep>(std::move(op), src, dst);
}

std::unique_ptr<Step> slice_step(Slice op, const Value& src, const Value& dst) {
  return std::make_unique<SliceStep>(op, src, dst);
}

std::unique_ptr<Step> pad_step(Pad op, const Value& src, const Value& dst) {
  return std::make_unique<PadStep>(op, src, dst);
}

std::unique_ptr<Step> float_step(Op op, std::vector<const Value*> operands, const Value& dst) {
  return std::make_unique<FloatStep>(std::move(op), std::move(operands), dst);
}

}  // namespace tessera::emulator
