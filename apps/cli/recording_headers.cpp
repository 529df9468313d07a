#include "cli/recording_headers.h"

#include "tessera/audio.h"

namespace tessera::cli {
namespace {

constexpr int64_t kBlockFrames = 1 << 16;

// Channels that differ are refused as soon as they do; identical ones are read to the end.
Result<void> check_channels(AudioReader& reader, const ChannelPolicy& policy,
                            const std::string& path) {
  if (reader.info().channels == 1 && policy.kind != ChannelPolicy::Kind::kPick) return {};
  for (;;) {
    TESSERA_TRY(const AudioBuffer block, reader.read(kBlockFrames));
    if (block.frames() == 0) return {};
    TESSERA_TRY(const MonoInput mono, to_mono_input(block, block.sample_rate, policy, path));
    if (policy.kind != ChannelPolicy::Kind::kRefuse) return {};
  }
}

}  // namespace

Result<int64_t> look_at_recording(const std::string& path, const RecordingOptions& options,
                                  std::optional<int> network_rate) {
  TESSERA_TRY(const ChannelPolicy policy, parse_channel_policy(options.channel));
  TESSERA_TRY(const AudioReadOptions reading, options.reading());
  TESSERA_TRY(AudioReader reader, AudioReader::open(path, reading));
  const AudioInfo info = reader.info();
  TESSERA_TRY_VOID(check_channels(reader, policy, path));
  if (info.frames < 0) return -1;
  return resampled_frames(info.frames, info.sample_rate, network_rate.value_or(info.sample_rate));
}

}  // namespace tessera::cli
