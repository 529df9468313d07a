#include "tessera/audio.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace tessera {
namespace {

std::vector<float> mean_of(const std::vector<std::vector<float>>& channels) {
  std::vector<float> mean(channels.front().size());
  for (size_t i = 0; i < mean.size(); ++i) {
    double sum = 0.0;
    for (const std::vector<float>& channel : channels) sum += static_cast<double>(channel[i]);
    mean[i] = static_cast<float>(sum / static_cast<double>(channels.size()));
  }
  return mean;
}

// One channel of `audio`, and the sentence about it if there was a choice.
Result<AudioBuffer> one_channel(const AudioBuffer& audio, ChannelPolicy policy,
                                const std::string& subject, std::vector<std::string>& steps) {
  const size_t count = audio.channels.size();
  if (policy.kind == ChannelPolicy::Kind::kPick &&
      (policy.channel < 1 || static_cast<size_t>(policy.channel) > count)) {
    return TESSERA_ERROR(kInvalidArgument, subject,
                         fmt::format("has no channel {}, it has {}", policy.channel, count),
                         "count channels from 1");
  }
  AudioBuffer mono;
  mono.sample_rate = audio.sample_rate;
  if (count == 1) {
    mono.channels.push_back(audio.channels.front());
    return mono;
  }
  const bool is_one_signal =
      std::all_of(audio.channels.begin() + 1, audio.channels.end(),
                  [&](const auto& channel) { return channel == audio.channels.front(); });
  if (is_one_signal && policy.kind != ChannelPolicy::Kind::kPick) {
    mono.channels.push_back(audio.channels.front());
    steps.push_back(fmt::format("took one of {} channels: they are identical", count));
    return mono;
  }
  switch (policy.kind) {
    case ChannelPolicy::Kind::kRefuse:
      return TESSERA_ERROR(kInvalidArgument, subject,
                           fmt::format("has {} channels, the network takes one", count),
                           "give ChannelPolicy::Kind::kMix for their mean, or "
                           "ChannelPolicy::Kind::kPick for the first");
    case ChannelPolicy::Kind::kMix:
      mono.channels.push_back(mean_of(audio.channels));
      steps.push_back(fmt::format("took the mean of {} channels", count));
      break;
    case ChannelPolicy::Kind::kPick:
      mono.channels.push_back(audio.channels[static_cast<size_t>(policy.channel) - 1]);
      steps.push_back(fmt::format("took channel {} of {}", policy.channel, count));
      break;
  }
  return mono;
}

}  // namespace

Result<ChannelPolicy> parse_channel_policy(std::string_view text) {
  ChannelPolicy policy;
  if (text == "refuse") return policy;
  if (text == "mix") {
    policy.kind = ChannelPolicy::Kind::kMix;
    return policy;
  }
  const auto [end, failed] =
      std::from_chars(text.data(), text.data() + text.size(), policy.channel);
  if (failed != std::errc() || end != text.data() + text.size() || policy.channel < 1) {
    return TESSERA_ERROR(kInvalidArgument, "ChannelPolicy",
                         fmt::format("'{}' is neither refuse, mix nor a channel number", text),
                         "count channels from 1");
  }
  policy.kind = ChannelPolicy::Kind::kPick;
  return policy;
}

Result<MonoInput> to_mono_input(const AudioBuffer& audio, int sample_rate, ChannelPolicy policy,
                                const std::string& subject) {
  TESSERA_CHECK(!audio.channels.empty(), "a recording has a channel");
  MonoInput input;
  input.steps = audio.notes;
  TESSERA_TRY(AudioBuffer mono, one_channel(audio, policy, subject, input.steps));
  const int64_t frames = mono.frames();
  TESSERA_TRY(mono, resample(std::move(mono), sample_rate));
  if (audio.sample_rate != sample_rate) {
    input.steps.push_back(fmt::format("resampled from {} to {} Hz ({} to {} samples)",
                                      audio.sample_rate, sample_rate, frames, mono.frames()));
  }
  input.samples = std::move(mono.channels.front());
  input.sample_rate = sample_rate;
  return input;
}

}  // namespace tessera
