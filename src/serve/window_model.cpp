#include "serve/window_model.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera {
namespace {

constexpr int64_t kImuChannels = 9;

std::vector<ChannelRange> ranges_of(const SensorInput& sensor, int64_t channels) {
  const std::vector<ChannelRange> known = imu_ranges();
  if (sensor.channels.empty())
    return channels == kImuChannels ? known : std::vector<ChannelRange>();
  std::vector<ChannelRange> ranges;
  for (const std::string& name : sensor.channels) {
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const ChannelRange& range) { return range.name == name; });
    if (found == known.end()) return {};
    ranges.push_back(*found);
  }
  return ranges;
}

class EncoderWindows final : public WindowModel {
 public:
  explicit EncoderWindows(SensorEncoder encoder) : encoder_(std::move(encoder)) {}

  WindowContract contract() const override {
    const SensorShape& input = encoder_.input();
    return {.rows = input.frames,
            .columns = input.channels,
            .devices = input.devices,
            .ranges = ranges_of(encoder_.sensor(), input.channels)};
  }
  int64_t latent_values() const override {
    return encoder_.input().devices * encoder_.latent_size();
  }
  std::vector<std::string> classes() const override { return encoder_.sensor().classes; }
  std::string backend() const override { return std::string(encoder_.backend()); }
  Arithmetic arithmetic() const override { return encoder_.arithmetic(); }

  Result<void> run(std::span<const ConstValues> windows, std::span<const Values> latents) override {
    for (size_t i = 0; i < windows.size(); ++i) {
      TESSERA_TRY(const std::vector<float> latent, encoder_.encode_window(windows[i]));
      TESSERA_CHECK(latent.size() == latents[i].size(), "the length of windows is fixed");
      std::copy(latent.begin(), latent.end(), latents[i].begin());
    }
    return {};
  }

 private:
  SensorEncoder encoder_;
};

}  // namespace

Result<std::unique_ptr<WindowModel>> open_window_model(const std::filesystem::path& path,
                                                       const SensorEncoderOptions& options) {
  TESSERA_TRY(SensorEncoder encoder, SensorEncoder::open(path, options));
  if (!encoder.knows_frames()) {
    return TESSERA_ERROR(
        kInvalidArgument, path.string(),
        fmt::format("takes windows of any length, and nothing tells which: {} channels",
                    encoder.input().channels),
        "set ImportOptions::length_samples, or serve its package");
  }
  return std::unique_ptr<WindowModel>(std::make_unique<EncoderWindows>(std::move(encoder)));
}

}  // namespace tessera
