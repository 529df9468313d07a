// Calibration data from files of sensor windows.
#include <random>
#include <utility>

#include <fmt/format.h>

#include "calibrate/calibration_sources.h"
#include "calibrate/windows.h"
#include "tessera/sensor_windows.h"

namespace tessera {
namespace {

// Windows of another length could be asked for where the network takes them.
Error with_length_hint(Error error, const std::filesystem::path& path, WindowFileOptions options,
                       const CalibrationConfig& config) {
  options.frames = 0;
  options.hop_frames = 0;
  const Result<WindowSet> own = read_window_file(path, options);
  if (own && own->frames != config.inputs[0].shape.w && config.other_length &&
      config.other_length(own->frames)) {
    error.hint = fmt::format("take windows of that length with ImportOptions::length_samples {}{}",
                             own->frames, error.hint.empty() ? "" : ", or " + error.hint);
  }
  return error;
}

}  // namespace

Result<void> read_calibration_window_files(const CalibrationConfig& config, CalibrationData& data) {
  if (config.inputs.size() != 1) {
    return TESSERA_ERROR(
        kInvalidArgument, config.sources[0].string(),
        fmt::format("holds windows of one input, the network has {}", config.inputs.size()),
        "save an .npz with an array for each of these names");
  }
  const Shape& input = config.inputs[0].shape;
  WindowFileOptions options;
  options.channels = input.c;
  options.devices = input.h;
  options.frames = input.w;
  options.hop_frames = config.hop_frames;
  options.channel_names = config.channel_names;
  options.columns = config.columns;
  std::vector<std::vector<float>> all;
  for (const std::filesystem::path& path : config.sources) {
    Result<WindowSet> set = read_window_file(path, options);
    if (!set) return with_length_hint(std::move(set).error(), path, options, config);
    data.notes.insert(data.notes.end(), set->notes.begin(), set->notes.end());
    for (std::vector<float>& window : set->windows) all.push_back(std::move(window));
  }
  // Files are sorted by class more often than not: the first ones would be of one class, and so
  // would those that a build holds out.
  std::vector<size_t> chosen = evenly_spread(all.size(), static_cast<size_t>(config.count));
  std::mt19937_64 engine(config.seed);
  for (size_t i = chosen.size(); i > 1; --i) std::swap(chosen[i - 1], chosen[engine() % i]);
  for (size_t index : chosen) data.windows.push_back(std::move(all[index]));
  if (chosen.size() < all.size()) {
    data.notes.push_back({NoteSeverity::info, fmt::format("{} of {} windows, evenly spread",
                                                          chosen.size(), all.size())});
  }
  return {};
}

}  // namespace tessera
