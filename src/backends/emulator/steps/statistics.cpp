#include "backends/emulator/requantize_table.h"
#include "backends/emulator/steps/channelwise.h"

namespace tessera::emulator {
namespace {

class SumStep final : public ChannelwiseStep {
 public:
  SumStep(const IntegerKernels& kernels, const Value& src, std::shared_ptr<RowSums> sums)
      : ChannelwiseStep(src.shape), rows_(kernels.rows), src_(src), sums_(std::move(sums)) {
    sums_->resize(static_cast<size_t>(src.shape.c * src.shape.h));
  }

 private:
  // Sums of codes less their zero point, from sums of codes.
  void run_channel(int64_t c, std::byte*) override {
    const int64_t zero = src_.coding->zero_point[static_cast<size_t>(c)];
    const int64_t count = src_.shape.w;
    for (int64_t h = 0; h < src_.shape.h; ++h) {
      const simd::CodeSums row =
          rows_.sum_codes({src_.row(c, h), src_.format(), static_cast<size_t>(count)});
      (*sums_)[static_cast<size_t>(c * src_.shape.h + h)] = {
          row.sum - count * zero, row.squares - 2 * zero * row.sum + count * zero * zero};
    }
  }

  simd::RowKernels rows_;
  const Value& src_;
  std::shared_ptr<RowSums> sums_;
};

class StatisticsOfSumsStep final : public Step {
 public:
  StatisticsOfSumsStep(NormStatistics op, const Value& src, const Value& dst,
                       std::shared_ptr<RowSums> sums)
      : op_(std::move(op)), src_(src), dst_(dst), sums_(std::move(sums)) {}
  void run(int64_t, std::byte*) override {
    integer::norm_statistics_of_sums(op_, *sums_, src_.shape, *src_.coding, dst_.float_target());
  }

 private:
  NormStatistics op_;
  const Value& src_;
  const Value& dst_;
  std::shared_ptr<RowSums> sums_;
};

// Over all frames so far: one item of work.
class CumulativeStep final : public Step {
 public:
  CumulativeStep(NormStatistics op, const Value& src, const Value& dst, std::optional<int64_t> skip)
      : op_(std::move(op)), src_(src), dst_(dst) {
    if (skip) carried_.emplace(*skip, src.shape.h);
  }
  void run(int64_t, std::byte*) override {
    with_code(*src_.coding, [&]<typename Code>(Code) {
      if (carried_) {
        integer::norm_statistics(op_, src_.codes<Code>(), *src_.coding, dst_.float_target(),
                                 *carried_);
      } else {
        integer::norm_statistics(op_, src_.codes<Code>(), *src_.coding, dst_.float_target());
      }
    });
  }
  void reset() override {
    if (carried_) carried_->reset();
  }

 private:
  NormStatistics op_;
  const Value& src_;
  const Value& dst_;
  std::optional<integer::CarriedMoments> carried_;
};

}  // namespace

std::unique_ptr<Step> sum_step(const IntegerKernels& kernels, const Value& src,
                               std::shared_ptr<RowSums> sums) {
  return std::make_unique<SumStep>(kernels, src, std::move(sums));
}

std::unique_ptr<Step> statistics_of_sums_step(NormStatistics op, const Value& src, const Value& dst,
                                              std::shared_ptr<RowSums> sums) {
  return std::make_unique<StatisticsOfSumsStep>(std::move(op), src, dst, std::move(sums));
}

std::unique_ptr<Step> cumulative_statistics_step(NormStatistics op, const Value& src,
                                                 const Value& dst, std::optional<int64_t> skip) {
  return std::make_unique<CumulativeStep>(std::move(op), src, dst, skip);
}

}  // namespace tessera::emulator
