// Windows out of recordings: which file, which rows, how they lie.
#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/counted.h"
#include "windows/rows.h"
#include "windows/sensor_file.h"

namespace tessera {
namespace {

constexpr size_t kMaxWindowValues = size_t{1} << 28;  // of all windows: 1 GiB

std::string extension_of(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension;
}

Result<SensorFile> read_sensor_file(const std::filesystem::path& path,
                                    const WindowFileOptions& options) {
  const std::string extension = extension_of(path);
  if (extension == ".csv") return read_csv_recording(path, options);
  if (!options.columns.empty()) {
    return TESSERA_ERROR(kInvalidArgument, path.string(),
                         "has no columns to choose among: it is no .csv",
                         "leave WindowFileOptions::columns out");
  }
  if (extension == ".json") return read_json_windows(path);
  if (extension == ".ts") return read_ts_file(path);
  if (extension == ".npy" || extension == ".npz") return read_array_file(path, options);
  return TESSERA_ERROR(kUnsupported, path.string(), "is no file of windows by its name",
                       "give a .csv, .json, .ts, .npy or .npz");
}

class WindowCutter {
 public:
  WindowCutter(const SensorFile& file, const WindowFileOptions& options)
      : file_(file), options_(options) {
    windows_.channels = options.channels;
    windows_.devices = options.devices;
    windows_.frames = options.frames;
  }

  Result<WindowSet> cut() {
    for (const SensorRecording& recording : file_.recordings) TESSERA_TRY_VOID(add(recording));
    if (labelled_ == 0) windows_.labels.clear();
    if (unused_frames_ > 0) {
      windows_.notes.push_back(
          {NoteSeverity::info,
           fmt::format("{} after the last window {} left out", counted(unused_frames_, "frame"),
                       noun_for(unused_frames_, "is", "are"))});
    }
    return std::move(windows_);
  }

 private:
  Result<void> add(const SensorRecording& recording) {
    const int64_t frames = static_cast<int64_t>(recording.rows.size()) / file_.width;
    if (windows_.frames == 0) windows_.frames = frames;
    const int64_t size = windows_.frames;
    const bool whole = options_.frames == 0 || (file_.holds_windows && options_.hop_frames == 0);
    if (whole && frames != size) return refuse_length(recording, frames);
    if (frames < size) {
      return TESSERA_ERROR(
          kInvalidArgument, recording.source,
          fmt::format("holds {}, fewer than a window of {}", counted(frames, "frame"), size),
          "give longer recordings, or shorter windows");
    }
    const int64_t hop = options_.hop_frames > 0 ? options_.hop_frames : size;
    const auto width = static_cast<size_t>(file_.width);
    int64_t begin = 0;
    for (; begin + size <= frames; begin += hop) {
      if ((windows_.windows.size() + 1) * width * static_cast<size_t>(size) > kMaxWindowValues) {
        return TESSERA_ERROR(
            kResourceLimit, recording.source,
            fmt::format("gives more windows than {} values hold", kMaxWindowValues),
            "set a larger WindowFileOptions::hop_frames, or split the file");
      }
      const auto rows =
          std::span(recording.rows)
              .subspan(static_cast<size_t>(begin) * width, static_cast<size_t>(size) * width);
      windows_.windows.push_back(window_from_rows(rows, options_.channels, options_.devices, size));
      windows_.labels.push_back(recording.label);
      if (!recording.label.empty()) ++labelled_;
    }
    const int64_t covered = begin - hop + size;
    unused_frames_ += frames - covered;
    return {};
  }

  Error refuse_length(const SensorRecording& recording, int64_t frames) const {
    if (options_.frames == 0) {
      return TESSERA_ERROR(
          kInvalidArgument, recording.source,
          fmt::format("holds {}, the first window {}", counted(frames, "frame"), windows_.frames),
          "cut windows of one length, or set WindowFileOptions::frames and "
          "WindowFileOptions::hop_frames");
    }
    std::string hint = "cut windows of that length";
    if (frames > options_.frames) hint += ", or set WindowFileOptions::hop_frames to slide over it";
    return TESSERA_ERROR(
        kInvalidArgument, recording.source,
        fmt::format("holds {}, the network takes {}", counted(frames, "frame"), options_.frames),
        std::move(hint));
  }

  const SensorFile& file_;
  const WindowFileOptions& options_;
  WindowSet windows_;
  int64_t labelled_ = 0;
  int64_t unused_frames_ = 0;
};

}  // namespace

std::vector<float> window_from_rows(std::span<const float> rows, int64_t channels, int64_t devices,
                                    int64_t frames) {
  std::vector<float> window(rows.size());
  const auto width = static_cast<size_t>(channels * devices);
  const auto count = static_cast<size_t>(frames);
  for (size_t t = 0; t < count; ++t) {
    for (size_t h = 0; h < static_cast<size_t>(devices); ++h) {
      for (size_t c = 0; c < static_cast<size_t>(channels); ++c) {
        window[(c * static_cast<size_t>(devices) + h) * count + t] =
            rows[t * width + h * static_cast<size_t>(channels) + c];
      }
    }
  }
  return window;
}

Result<void> WindowFileOptions::validate() const {
  const auto refuse = [](const char* field, int64_t value, int64_t least) {
    return TESSERA_ERROR(kInvalidArgument, std::string("WindowFileOptions::") + field,
                         fmt::format("is {}, at least {} is needed", value, least), "");
  };
  if (channels < 1) return refuse("channels", channels, 1);
  if (devices < 1) return refuse("devices", devices, 1);
  if (frames < 0) return refuse("frames", frames, 0);
  if (hop_frames < 0) return refuse("hop_frames", hop_frames, 0);
  if (hop_frames > 0 && frames == 0) {
    return TESSERA_ERROR(kInvalidArgument, "WindowFileOptions::hop_frames",
                         "says how far windows are apart, and nothing says how long they are",
                         "set WindowFileOptions::frames");
  }
  return {};
}

bool is_window_file(const std::filesystem::path& path) {
  const std::string extension = extension_of(path);
  return extension == ".csv" || extension == ".json" || extension == ".ts";
}

Result<WindowSet> read_window_file(const std::filesystem::path& path,
                                   const WindowFileOptions& options) {
  TESSERA_TRY_VOID(options.validate());
  TESSERA_TRY(SensorFile file, read_sensor_file(path, options));
  if (file.width != options.channels * options.devices) {
    return TESSERA_ERROR(
        kInvalidArgument, path.string(),
        options.devices == 1
            ? fmt::format("has {} in a row, the network takes {}", counted(file.width, "number"),
                          counted(options.channels, "channel"))
            : fmt::format("has {} in a row, the network takes {} of each of {} devices",
                          counted(file.width, "number"), counted(options.channels, "channel"),
                          options.devices),
        "give a row of all channels for each frame, device by device");
  }
  TESSERA_TRY(WindowSet windows, WindowCutter(file, options).cut());
  for (Note& note : windows.notes) note.text = fmt::format("{}: {}", path.string(), note.text);
  windows.notes.insert(windows.notes.begin(), file.notes.begin(), file.notes.end());
  return windows;
}

}  // namespace tessera
