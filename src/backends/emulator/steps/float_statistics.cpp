// Statistics over the whole sequence of values that stay float, as kernels/ref has them: rows by
// any thread, and between them what takes all rows.
#include "backends/emulator/steps/channelwise.h"
#include "kernels/ref/moments.h"

namespace tessera::emulator {
namespace {

class RowSumsStep final : public ChannelwiseStep {
 public:
  RowSumsStep(const Value& src, std::shared_ptr<SequenceMoments> moments)
      : ChannelwiseStep(src.shape), src_(src), moments_(std::move(moments)) {}

 private:
  void run_channel(int64_t c, std::byte*) override {
    for (int64_t h = 0; h < src_.shape.h; ++h)
      moments_->row(c, h) = reference::sum_of_row(src_.floats(), c, h);
  }

  const Value& src_;
  std::shared_ptr<SequenceMoments> moments_;
};

class MeansStep final : public Step {
 public:
  explicit MeansStep(std::shared_ptr<SequenceMoments> moments) : moments_(std::move(moments)) {}
  void run(int64_t, std::byte*) override {
    for (int64_t h = 0; h < moments_->shape.h; ++h)
      moments_->means[static_cast<size_t>(h)] = moments_->average(h);
  }

 private:
  std::shared_ptr<SequenceMoments> moments_;
};

class RowSpreadsStep final : public ChannelwiseStep {
 public:
  RowSpreadsStep(const Value& src, std::shared_ptr<SequenceMoments> moments)
      : ChannelwiseStep(src.shape), src_(src), moments_(std::move(moments)) {}

 private:
  void run_channel(int64_t c, std::byte*) override {
    for (int64_t h = 0; h < src_.shape.h; ++h) {
      moments_->row(c, h) =
          reference::spread_of_row(src_.floats(), c, h, moments_->means[static_cast<size_t>(h)]);
    }
  }

  const Value& src_;
  std::shared_ptr<SequenceMoments> moments_;
};

class CoefficientsStep final : public Step {
 public:
  CoefficientsStep(NormStatistics op, const Value& dst, std::shared_ptr<SequenceMoments> moments)
      : op_(std::move(op)), dst_(dst), moments_(std::move(moments)) {}
  void run(int64_t, std::byte*) override {
    for (int64_t h = 0; h < moments_->shape.h; ++h) {
      const reference::Statistics all{moments_->means[static_cast<size_t>(h)],
                                      moments_->average(h)};
      reference::write_coefficients(op_, all, h, dst_.float_target());
    }
  }

 private:
  NormStatistics op_;
  const Value& dst_;
  std::shared_ptr<SequenceMoments> moments_;
};

}  // namespace

SequenceMoments::SequenceMoments(const Shape& of)
    : shape(of), rows(static_cast<size_t>(of.c * of.h)), means(static_cast<size_t>(of.h)) {}

double SequenceMoments::average(int64_t h) const {
  double sum = 0;
  for (int64_t c = 0; c < shape.c; ++c) sum += rows[static_cast<size_t>(c * shape.h + h)];
  return sum / static_cast<double>(shape.c * shape.w);
}

std::unique_ptr<Step> row_sums_step(const Value& src, std::shared_ptr<SequenceMoments> moments) {
  return std::make_unique<RowSumsStep>(src, std::move(moments));
}
std::unique_ptr<Step> means_step(std::shared_ptr<SequenceMoments> moments) {
  return std::make_unique<MeansStep>(std::move(moments));
}
std::unique_ptr<Step> row_spreads_step(const Value& src, std::shared_ptr<SequenceMoments> moments) {
  return std::make_unique<RowSpreadsStep>(src, std::move(moments));
}
std::unique_ptr<Step> coefficients_step(NormStatistics op, const Value& dst,
                                        std::shared_ptr<SequenceMoments> moments) {
  return std::make_unique<CoefficientsStep>(std::move(op), dst, std::move(moments));
}

}  // namespace tessera::emulator
