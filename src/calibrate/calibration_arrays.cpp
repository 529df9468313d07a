// Calibration data from arrays: one for each input of the network.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/npy.h"
#include "calibrate/calibration_sources.h"
#include "graph/named_arrays.h"
#include "graph/window_batch.h"
#include "tessera/compiler/tensor.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_of(std::span<const IoLayout> inputs) {
  std::vector<std::string> names;
  for (const IoLayout& input : inputs) names.push_back(input.name);
  return names;
}

Result<NamedArrays> arrays_of(const fs::path& path, const CalibrationConfig& config) {
  const std::vector<std::string> names = names_of(config.inputs);
  if (path.extension() == ".npz")
    return read_named_arrays(path, names, config.array,
                             ", or choose one with CalibrationConfig::array");
  if (names.size() != 1) {
    return TESSERA_ERROR(kInvalidArgument, path.string(),
                         fmt::format("is one array, the network has {} inputs: {}", names.size(),
                                     fmt::join(names, ", ")),
                         "save an .npz with an array for each of these names");
  }
  if (!config.array.empty()) {
    return TESSERA_ERROR(kInvalidArgument, path.string(),
                         fmt::format("is one array, of which '{}' cannot be chosen", config.array),
                         "leave CalibrationConfig::array out");
  }
  TESSERA_TRY(NpyArray array, read_npy(path));
  NamedArrays named;
  named.arrays.push_back(std::move(array));
  named.names.emplace_back();
  return named;
}

// The reading of an array that has the input's frames, else the likeliest.
Result<WindowReading> reading_of(const WindowArray& array, const IoLayout& input) {
  std::vector<WindowReading> readings = readings_of(array.array.dims, input);
  if (readings.empty()) {
    return TESSERA_ERROR(kInvalidArgument, array.source, misfit_text(array.array.dims, input, true),
                         "save windows of the network's input in a stack: (N, T), (N, C, T), "
                         "(N, T, C) or (N, 1, T, C)");
  }
  const auto fits = [&](const WindowReading& reading) { return reading.frames() == input.shape.w; };
  const auto best = std::find_if(readings.begin(), readings.end(), fits);
  return std::move(best == readings.end() ? readings.front() : *best);
}

std::string_view what_happens(bool longer, LengthPolicy policy) {
  if (longer) return "cropped";
  return policy == LengthPolicy::repeat ? "repeated" : "padded with zeros";
}

// By the policy, arrays of another length than the network's.
Result<void> check_length(const WindowArray& array, int64_t frames, const IoLayout& wanted,
                          const CalibrationConfig& config, std::vector<Note>& notes) {
  if (frames == wanted.shape.w) return {};
  if (frames == 0 || config.length == LengthPolicy::error) {
    std::string hint =
        "choose what becomes of them with CalibrationConfig::length crop, pad or repeat";
    if (config.other_length && config.other_length(frames))
      hint += fmt::format(", or take windows of that length with ImportOptions::length_samples {}",
                          frames);
    return TESSERA_ERROR(kInvalidArgument, array.source,
                         misfit_text(array.array.dims, wanted, false), hint);
  }
  notes.push_back(
      {NoteSeverity::warning,
       fmt::format("{}: holds {} frames where the network takes {}: {}", array.source, frames,
                   wanted.shape.w, what_happens(frames > wanted.shape.w, config.length))});
  return {};
}

Result<WindowBatch> read_batch(const fs::path& path, const CalibrationConfig& config,
                               std::vector<Note>& notes) {
  TESSERA_TRY(NamedArrays named, arrays_of(path, config));
  std::vector<WindowArray> arrays;
  std::vector<WindowReading> readings;
  for (size_t i = 0; i < named.arrays.size(); ++i) {
    const std::string& name = named.names[i];
    arrays.push_back({name.empty() ? path.string() : fmt::format("{}: {}", path.string(), name),
                      std::move(named.arrays[i])});
    TESSERA_TRY(WindowReading reading, reading_of(arrays[i], config.inputs[i]));
    TESSERA_TRY_VOID(check_length(arrays[i], reading.frames(), config.inputs[i], config, notes));
    readings.push_back(std::move(reading));
  }
  if (!named.left_aside.empty()) {
    notes.push_back(
        {NoteSeverity::info, fmt::format("{}: '{}' is read, and not {}", path.string(),
                                         named.names[0], fmt::join(named.left_aside, ", "))});
  }
  return WindowBatch::create(std::move(arrays), std::move(readings));
}

// [C, H, W], cut or lengthened to the network's frames.
void append_fitted(std::span<const float> values, int64_t frames, const Shape& shape,
                   LengthPolicy policy, std::vector<float>& window) {
  for (int64_t row = 0; row < shape.c * shape.h; ++row) {
    for (int64_t t = 0; t < shape.w; ++t) {
      const bool beyond = t >= frames && policy != LengthPolicy::repeat;
      window.push_back(beyond ? 0.0F : values[static_cast<size_t>(row * frames + t % frames)]);
    }
  }
}

}  // namespace

Result<void> read_calibration_arrays(const CalibrationConfig& config, CalibrationData& data) {
  const fs::path& path = config.sources[0];
  TESSERA_TRY(const WindowBatch batch, read_batch(path, config, data.notes));
  data.notes.insert(data.notes.end(), batch.notes().begin(), batch.notes().end());
  const int64_t count = std::min(batch.windows(), config.count);
  if (count < batch.windows()) {
    data.notes.push_back({NoteSeverity::info, fmt::format("{}: the first {} of {} examples",
                                                          path.string(), count, batch.windows())});
  }
  for (int64_t n = 0; n < count; ++n) {
    TESSERA_TRY(const auto inputs, batch.window(n));
    std::vector<float>& window = data.windows.emplace_back();
    for (size_t i = 0; i < inputs.size(); ++i) {
      append_fitted(inputs[i], batch.readings()[i].frames(), config.inputs[i].shape, config.length,
                    window);
    }
  }
  return {};
}

}  // namespace tessera
