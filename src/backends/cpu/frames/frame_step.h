// Graphs of a few frames, as the steps of a stream are: a value is [H, W] frames of its channels
// (kernels/simd/frames.h), and one step after another makes one value whole.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "kernels/simd/frames.h"
#include "tessera/backend.h"

namespace tessera::cpu {

struct FrameValue {
  Shape shape;
  float* data = nullptr;

  size_t channels() const { return static_cast<size_t>(shape.c); }
  size_t stride() const { return simd::frame_stride(channels()); }
  size_t frames() const { return static_cast<size_t>(shape.h * shape.w); }
  size_t floats() const { return frames() * stride(); }
  float* frame(size_t f) const { return data + f * stride(); }
  float* frame(int64_t h, int64_t w) const { return frame(static_cast<size_t>(h * shape.w + w)); }
};

// Makes one value from others; allocates nothing while running.
class FrameStep {
 public:
  virtual ~FrameStep() = default;
  virtual void run() = 0;
  // Forgets what it carries from run to run.
  virtual void reset() {}
};

// Copies between [C, H, W] row-major and frames of channels.
void to_frames(const float* row_major, const FrameValue& to);
void to_row_major(const FrameValue& from, float* row_major);

// The step that makes `dst` of `operands`. `skip`: the op is cumulative and goes on from run to
// run, as Segment::carried says. References to values stay valid; their data is set before the
// first run.
std::unique_ptr<FrameStep> make_frame_step(const Op& op, std::vector<const FrameValue*> operands,
                                           const FrameValue& dst, std::optional<int64_t> skip);

// In their own files; null for what they do not know.
using FrameOperands = std::vector<const FrameValue*>;
std::unique_ptr<FrameStep> make_frame_convolution(const Op& op, const FrameOperands& operands,
                                                  const FrameValue& dst);
std::unique_ptr<FrameStep> make_frame_elementwise(const Op& op, const FrameOperands& operands,
                                                  const FrameValue& dst);
std::unique_ptr<FrameStep> make_frame_movement(const Op& op, const FrameOperands& operands,
                                               const FrameValue& dst);

}  // namespace tessera::cpu
