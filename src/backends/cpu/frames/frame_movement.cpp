// Concat and Slice of frames and of their channels, and every op that only the reference kernels
// know.
#include <algorithm>

#include "backends/cpu/frames/frame_step.h"
#include "kernels/ref/moments.h"

namespace tessera::cpu {
namespace {

// Operands joined along channels or time.
class FrameConcatStep final : public FrameStep {
 public:
  FrameConcatStep(Axis axis, FrameOperands operands, const FrameValue& dst)
      : axis_(axis), operands_(std::move(operands)), dst_(dst) {}
  void run() override {
    if (axis_ == Axis::c) {
      join_channels();
    } else {
      join_frames();
    }
  }

 private:
  void join_channels() {
    for (size_t f = 0; f < dst_.frames(); ++f) {
      float* to = dst_.frame(f);
      for (const FrameValue* operand : operands_)
        to = std::copy_n(operand->frame(f), operand->channels(), to);
    }
  }
  void join_frames() {
    float* to = dst_.data;
    for (int64_t h = 0; h < dst_.shape.h; ++h) {
      for (const FrameValue* operand : operands_) {
        const auto floats = static_cast<size_t>(operand->shape.w) * operand->stride();
        to = std::copy_n(operand->frame(h, 0), floats, to);
      }
    }
  }

  Axis axis_;
  FrameOperands operands_;
  const FrameValue& dst_;
};

// Channels or frames begin, begin + step, ...
class FrameSliceStep final : public FrameStep {
 public:
  FrameSliceStep(Slice op, const FrameValue& src, const FrameValue& dst)
      : op_(op), src_(src), dst_(dst) {}
  void run() override {
    for (int64_t h = 0; h < dst_.shape.h; ++h) {
      for (int64_t w = 0; w < dst_.shape.w; ++w) {
        if (op_.axis == Axis::w) {
          std::copy_n(src_.frame(h, op_.begin + w * op_.step), dst_.channels(), dst_.frame(h, w));
        } else {
          std::copy_n(src_.frame(h, w) + op_.begin, dst_.channels(), dst_.frame(h, w));
        }
      }
    }
  }

 private:
  Slice op_;
  const FrameValue& src_;
  const FrameValue& dst_;
};

// A value as [C, H, W] row-major: its own memory where that is the same.
class RowMajor {
 public:
  explicit RowMajor(const FrameValue& value)
      : value_(value), copy_(is_same() ? 0 : static_cast<size_t>(value.shape.size())) {}
  float* data() { return is_same() ? value_.data : copy_.data(); }
  void load() {
    if (!is_same()) to_row_major(value_, copy_.data());
  }
  void store() {
    if (!is_same()) to_frames(copy_.data(), value_);
  }

 private:
  bool is_same() const { return value_.frames() == 1; }

  const FrameValue& value_;
  std::vector<float> copy_;
};

class FrameReferenceStep final : public FrameStep {
 public:
  FrameReferenceStep(Op op, const FrameOperands& operands, const FrameValue& dst,
                     std::optional<int64_t> skip)
      : op_(std::move(op)), dst_(dst), result_(dst) {
    if (skip) carried_.emplace(*skip, operands[0]->shape);
    for (const FrameValue* operand : operands) {
      operands_.emplace_back(*operand);
      sources_.push_back({nullptr, operand->shape});
    }
  }
  void run() override {
    for (size_t i = 0; i < operands_.size(); ++i) {
      operands_[i].load();
      sources_[i].values = operands_[i].data();
    }
    const reference::Target target{result_.data(), dst_.shape};
    if (carried_) {
      reference::evaluate_carried(op_, sources_[0], target, *carried_);
    } else {
      reference::evaluate(op_, sources_, target);
    }
    result_.store();
  }
  void reset() override {
    if (carried_) carried_->reset();
  }

 private:
  Op op_;
  const FrameValue& dst_;
  RowMajor result_;
  std::vector<RowMajor> operands_;
  std::vector<reference::Source> sources_;
  std::optional<reference::Carried> carried_;
};

}  // namespace

void to_frames(const float* row_major, const FrameValue& to) {
  const size_t frames = to.frames();
  if (frames == 1) {
    std::copy_n(row_major, to.channels(), to.data);
    return;
  }
  for (size_t f = 0; f < frames; ++f) {
    for (size_t c = 0; c < to.channels(); ++c) to.frame(f)[c] = row_major[c * frames + f];
  }
}

void to_row_major(const FrameValue& from, float* row_major) {
  const size_t frames = from.frames();
  if (frames == 1) {
    std::copy_n(from.data, from.channels(), row_major);
    return;
  }
  for (size_t f = 0; f < frames; ++f) {
    for (size_t c = 0; c < from.channels(); ++c) row_major[c * frames + f] = from.frame(f)[c];
  }
}

std::unique_ptr<FrameStep> make_frame_movement(const Op& op, const FrameOperands& operands,
                                               const FrameValue& dst) {
  if (const auto* concat = std::get_if<Concat>(&op); concat != nullptr && concat->axis != Axis::h)
    return std::make_unique<FrameConcatStep>(concat->axis, operands, dst);
  if (const auto* slice = std::get_if<Slice>(&op)) {
    const bool channels = slice->axis == Axis::c && slice->step == 1;
    if (channels || slice->axis == Axis::w)
      return std::make_unique<FrameSliceStep>(*slice, *operands[0], dst);
  }
  return nullptr;
}

std::unique_ptr<FrameStep> make_frame_step(const Op& op, FrameOperands operands,
                                           const FrameValue& dst, std::optional<int64_t> skip) {
  if (!skip) {
    if (auto step = make_frame_convolution(op, operands, dst)) return step;
    if (auto step = make_frame_elementwise(op, operands, dst)) return step;
    if (auto step = make_frame_movement(op, operands, dst)) return step;
  }
  return std::make_unique<FrameReferenceStep>(op, operands, dst, skip);
}

}  // namespace tessera::cpu
