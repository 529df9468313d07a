#include <fmt/format.h>

#include <charconv>

#include "audio/mono_stream.h"
#include "tessera/audio.h"

namespace tessera {
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
  TESSERA_TRY(MonoStream stream,
              MonoStream::create(audio.sample_rate, sample_rate, policy, subject));
  MonoInput input;
  input.sample_rate = sample_rate;
  TESSERA_TRY_VOID(stream.push(audio, input.samples));
  TESSERA_TRY_VOID(stream.finish(input.samples));
  input.steps = audio.notes;
  for (std::string& step : stream.steps()) input.steps.push_back(std::move(step));
  return input;
}

}  // namespace tessera
