// LatentSession: frames of sensors as they come, the windows that slide over them, and the latents
// of these.
#pragma once

#include <cstdint>
#include <vector>

#include "serve/latent_series.h"
#include "serve/window_request.h"

namespace tessera {

struct LatentSessionOptions {
  int64_t hop_frames = 1;  // from window to window
  int64_t capacity = 1;    // latents that are kept; older ones are dropped
};

// One thread at a time may use it. Frames are taken in two steps, so that those whose windows could
// not be evaluated can be sent again: windows_with() says what is to be evaluated, take() keeps the
// frames with what came of it.
class LatentSession {
 public:
  LatentSession(const WindowContract& contract, int64_t latent_values,
                LatentSessionOptions options);

  // Windows that these frames complete, each [columns, devices, rows] as WindowModel takes it.
  std::vector<std::vector<float>> windows_with(const FrameBlock& frames) const;
  // `latents`: one of each of windows_with(frames), in that order, [devices, values].
  void take(const FrameBlock& frames, const std::vector<std::vector<float>>& latents);

  // What is kept of one device.
  LatentSeries series(int64_t device) const;

  int64_t frames() const { return frames_; }    // taken in all
  int64_t latents() const { return latents_; }  // in all, the dropped ones too
  int64_t first_kept() const { return latents_ - kept(); }
  int64_t kept() const { return static_cast<int64_t>(values_.size()) / latent_values_; }
  int64_t hop_frames() const { return options_.hop_frames; }
  int64_t devices() const { return contract_.devices; }
  int64_t dimensions() const { return latent_values_ / contract_.devices; }

 private:
  int64_t frame_values() const { return contract_.columns * contract_.devices; }
  // The frames that are kept, and these after them, frame by frame.
  std::vector<float> joined(const FrameBlock& frames) const;

  const WindowContract contract_;
  const int64_t latent_values_;
  const LatentSessionOptions options_;
  std::vector<float> tail_;  // [frame, columns * devices], from the start of the next window; what
                             // a hop skips is left out
  int64_t skip_ = 0;  // frames to come that no window reads, where the hop is longer than a window
  std::vector<float> values_;  // [kept latents, devices, values]
  int64_t frames_ = 0;
  int64_t latents_ = 0;
};

}  // namespace tessera
