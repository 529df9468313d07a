#include "audio/mono_stream.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera {
namespace {

void mean_of(const std::vector<std::vector<float>>& channels, std::vector<float>& mean) {
  mean.resize(channels.front().size());
  for (size_t i = 0; i < mean.size(); ++i) {
    double sum = 0.0;
    for (const std::vector<float>& channel : channels) sum += static_cast<double>(channel[i]);
    mean[i] = static_cast<float>(sum / static_cast<double>(channels.size()));
  }
}

}  // namespace

Result<MonoStream> MonoStream::create(int src_rate, int dst_rate, ChannelPolicy policy,
                                      std::string subject) {
  MonoStream stream;
  stream.src_rate_ = src_rate;
  stream.dst_rate_ = dst_rate;
  stream.policy_ = policy;
  stream.subject_ = std::move(subject);
  if (src_rate != dst_rate) {
    TESSERA_TRY(stream.resampler_, Resampler::create(src_rate, dst_rate));
  }
  return stream;
}

Result<std::span<const float>> MonoStream::one_channel(const AudioBuffer& block) {
  const size_t count = block.channels.size();
  const std::vector<float>& first = block.channels.front();
  channels_ = count;
  if (policy_.kind == ChannelPolicy::Kind::kPick) {
    if (policy_.channel < 1 || static_cast<size_t>(policy_.channel) > count) {
      return TESSERA_ERROR(kInvalidArgument, subject_,
                           fmt::format("has no channel {}, it has {}", policy_.channel, count),
                           "count channels from 1");
    }
    return std::span<const float>(block.channels[static_cast<size_t>(policy_.channel) - 1]);
  }
  const bool is_one_signal = std::all_of(block.channels.begin() + 1, block.channels.end(),
                                         [&](const auto& channel) { return channel == first; });
  if (is_one_signal) return std::span<const float>(first);
  channels_differ_ = true;
  if (policy_.kind == ChannelPolicy::Kind::kRefuse) {
    return TESSERA_ERROR(kInvalidArgument, subject_,
                         fmt::format("has {} channels, the network takes one", count),
                         "give ChannelPolicy::Kind::kMix for their mean, or "
                         "ChannelPolicy::Kind::kPick for the first");
  }
  mean_of(block.channels, mean_);
  return std::span<const float>(mean_);
}

Result<void> MonoStream::push(const AudioBuffer& block, std::vector<float>& samples) {
  TESSERA_CHECK(!block.channels.empty(), "a recording has a channel");
  TESSERA_TRY(const std::span<const float> mono, one_channel(block));
  frames_in_ += static_cast<int64_t>(mono.size());
  const size_t before = samples.size();
  if (resampler_) {
    TESSERA_TRY_VOID(resampler_->push(mono, samples));
  } else {
    samples.insert(samples.end(), mono.begin(), mono.end());
  }
  frames_out_ += static_cast<int64_t>(samples.size() - before);
  return {};
}

Result<void> MonoStream::finish(std::vector<float>& samples) {
  if (!resampler_) return {};
  const auto before = static_cast<int64_t>(samples.size());
  TESSERA_TRY_VOID(resampler_->finish(samples));
  frames_out_ += static_cast<int64_t>(samples.size()) - before;
  return {};
}

std::vector<std::string> MonoStream::steps() const {
  std::vector<std::string> steps;
  if (channels_ > 1) {
    if (policy_.kind == ChannelPolicy::Kind::kPick) {
      steps.push_back(fmt::format("took channel {} of {}", policy_.channel, channels_));
    } else if (channels_differ_) {
      steps.push_back(fmt::format("took the mean of {} channels", channels_));
    } else {
      steps.push_back(fmt::format("took one of {} channels: they are identical", channels_));
    }
  }
  if (resampler_) {
    steps.push_back(fmt::format("resampled from {} to {} Hz ({} to {} samples)", src_rate_,
                                dst_rate_, frames_in_, frames_out_));
  }
  return steps;
}

}  // namespace tessera
