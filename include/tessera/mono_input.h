// From what a recording is to what a network takes: one channel at the network's rate, every step
// said aloud.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tessera/audio.h"
#include "tessera/resample.h"
#include "tessera/result.h"

namespace tessera {

// What to do with more than one channel. Channels that are all the same, sample for sample, are one
// channel under every policy.
struct ChannelPolicy {
  enum class Kind {
    kRefuse,  // an error: the user decides
    kMix,     // the mean of all channels
    kPick,    // one of them
  };
  Kind kind = Kind::kRefuse;
  int channel = 1;  // for kPick, counted from 1
};

// "refuse", "mix", or a channel number from 1. Errors: kInvalidArgument.
Result<ChannelPolicy> parse_channel_policy(std::string_view text);

struct MonoInput {
  std::vector<float> samples;
  int sample_rate = 0;  // Hz
  // What the recording's file told (AudioBuffer::notes) and what was done to it, in order, one
  // sentence each; empty if there is nothing to tell.
  std::vector<std::string> steps;
};

// Applies `policy`, then resamples to `sample_rate`. `subject` names the recording in errors.
// Errors: kInvalidArgument for several channels under kRefuse or a channel that is not there; those
// of resample.
Result<MonoInput> to_mono_input(const AudioBuffer& audio, int sample_rate, ChannelPolicy policy,
                                const std::string& subject);

}  // namespace tessera
