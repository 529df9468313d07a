// A recording that comes block by block, as one channel at a network's rate.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tessera/audio.h"

namespace tessera {

class MonoStream {
 public:
  // `subject` names the recording in errors. Errors: those of Resampler::create().
  static Result<MonoStream> create(int src_rate, int dst_rate, ChannelPolicy policy,
                                   std::string subject);

  // Appends what can be said so far. `block` has the source's rate and, from block to block, the
  // same number of channels. Errors: as to_mono_input() has them.
  Result<void> push(const AudioBuffer& block, std::vector<float>& samples);
  // Appends the rest. Nothing may follow.
  Result<void> finish(std::vector<float>& samples);

  // What was done, once it has ended, as MonoInput::steps has it.
  std::vector<std::string> steps() const;

  int64_t frames_in() const { return frames_in_; }
  int64_t frames_out() const { return frames_out_; }

 private:
  MonoStream() = default;
  // Of `block`, by the policy. The result stays until the next call.
  Result<std::span<const float>> one_channel(const AudioBuffer& block);

  int src_rate_ = 0;
  int dst_rate_ = 0;
  ChannelPolicy policy_;
  std::string subject_;
  std::optional<Resampler> resampler_;  // none: the rates are the same
  size_t channels_ = 0;
  bool channels_differ_ = false;
  int64_t frames_in_ = 0;
  int64_t frames_out_ = 0;
  std::vector<float> mean_;
};

}  // namespace tessera
