#include "calibrate/calibration_sources.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <system_error>

#include <fmt/format.h>

#include "audio/recordings.h"
#include "base/counted.h"
#include "tessera/audio.h"
#include "tessera/file.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

// The recordings at the paths, and below those that are folders.
Result<std::vector<fs::path>> sound_files(std::span<const fs::path> paths,
                                          std::vector<Note>& notes) {
  std::vector<fs::path> files;
  for (const fs::path& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    TESSERA_TRY(const FolderRecordings below, recordings_in(path, {.recursive = true}));
    if (below.recordings.empty()) return no_recordings(path, below);
    if (!below.skipped.empty()) {
      notes.push_back({NoteSeverity::info,
                       fmt::format("{}: {} {} left out", path.string(), below.skipped.size(),
                                   noun_for(below.skipped.size(), "file that is no recording was",
                                            "files that are no recordings were"))});
    }
    files.insert(files.end(), below.recordings.begin(), below.recordings.end());
  }
  return files;
}

// About the mean: what is constant is not heard.
double level_db(std::span<const float> window) {
  double sum = 0;
  double power = 0;
  for (float x : window) {
    sum += static_cast<double>(x);
    power += static_cast<double>(x) * static_cast<double>(x);
  }
  const auto count = static_cast<double>(window.size());
  const double mean = sum / count;
  return 10 * std::log10(std::max(0.0, power / count - mean * mean) + 1e-30);
}

constexpr float kFullScale = 0.999F;
constexpr int64_t kClippedRun = 3;  // samples in a row: a wave that only just touches has fewer

int64_t clipped_samples(const AudioBuffer& audio) {
  int64_t clipped = 0;
  for (const std::vector<float>& channel : audio.channels) {
    int64_t run = 0;
    for (float x : channel) {
      run = std::abs(x) >= kFullScale ? run + 1 : 0;
      if (run == kClippedRun) clipped += kClippedRun;
      if (run > kClippedRun) ++clipped;
    }
  }
  return clipped;
}

// Keeps `count` of all windows offered, each with the same chance, in the order they came. Vitter:
// "Random sampling with a reservoir", ACM TOMS 1985, algorithm R.
class Reservoir {
 public:
  Reservoir(int64_t count, uint32_t seed) : count_(count), engine_(seed) {}

  void offer(std::span<const float> window, int64_t recording) {
    const int64_t number = offered_++;
    if (number < count_) {
      kept_.push_back({number, recording, {window.begin(), window.end()}});
      return;
    }
    // The standard's distributions differ between libraries; a slight bias does no harm here.
    const auto place = static_cast<int64_t>(engine_() % static_cast<uint64_t>(number + 1));
    if (place < count_)
      kept_[static_cast<size_t>(place)] = {number, recording, {window.begin(), window.end()}};
  }

  int64_t offered() const { return offered_; }

  void take(CalibrationData& data) {
    std::sort(kept_.begin(), kept_.end(),
              [](const Kept& a, const Kept& b) { return a.number < b.number; });
    for (Kept& kept : kept_) {
      data.windows.push_back(std::move(kept.window));
      data.recordings.push_back(kept.recording);
    }
  }

 private:
  struct Kept {
    int64_t number;
    int64_t recording;
    std::vector<float> window;
  };
  int64_t count_;
  int64_t offered_ = 0;
  std::mt19937_64 engine_;
  std::vector<Kept> kept_;
};

std::string joined_names(std::span<const IoLayout> inputs) {
  std::string names;
  for (const IoLayout& input : inputs) names += (names.empty() ? "" : ", ") + input.name;
  return names;
}

}  // namespace

Result<void> read_calibration_recordings(const CalibrationConfig& config, CalibrationData& data) {
  if (config.inputs.size() != 1) {
    return TESSERA_ERROR(kInvalidArgument, "calibration",
                         fmt::format("the network has {} inputs, recordings are for one: {}",
                                     config.inputs.size(), joined_names(config.inputs)),
                         "save an .npz with an array for each of these names");
  }
  const Shape& input = config.inputs[0].shape;
  if (input.c != 1 || input.h != 1) {
    return TESSERA_ERROR(
        kInvalidArgument, "calibration",
        fmt::format("the network takes {}, recordings have one channel", to_string(input)),
        "give files of sensor windows (.csv, .json, .ts), or an .npz with calib_data");
  }
  TESSERA_TRY(const std::vector<fs::path> files, sound_files(config.sources, data.notes));
  Reservoir reservoir(config.count, config.seed);
  const auto size = static_cast<size_t>(input.w);
  int64_t silent = 0;
  int64_t too_short = 0;
  int64_t recording = -1;
  for (const fs::path& file : files) {
    ++recording;
    TESSERA_TRY(const AudioBuffer audio,
                read_audio(file, {.allow_truncated = config.allow_truncated}));
    if (const int64_t clipped = clipped_samples(audio); clipped > 0) {
      data.notes.push_back(
          {NoteSeverity::warning,
           fmt::format("{}: {} {} clipped: louder ones will not be in the ranges", file.string(),
                       counted(clipped, "sample"), noun_for(clipped, "is", "are"))});
    }
    const ChannelPolicy mix{ChannelPolicy::Kind::kMix, 1};
    const int rate = config.sample_rate > 0 ? config.sample_rate : audio.sample_rate;
    TESSERA_TRY(const MonoInput mono, to_mono_input(audio, rate, mix, file.string()));
    for (const std::string& step : mono.steps)
      data.notes.push_back({NoteSeverity::info, fmt::format("{}: {}", file.string(), step)});
    const std::span<const float> samples(mono.samples);
    if (samples.size() < size) ++too_short;
    for (size_t begin = 0; begin + size <= samples.size(); begin += size) {
      const auto window = samples.subspan(begin, size);
      if (level_db(window) < config.silence_db) {
        ++silent;
      } else {
        reservoir.offer(window, recording);
      }
    }
  }
  if (silent > 0)
    data.notes.push_back(
        {NoteSeverity::info, fmt::format("{} left out", counted(silent, "silent window"))});
  if (too_short > 0) {
    data.notes.push_back(
        {NoteSeverity::warning,
         fmt::format("{} {} shorter than a window of {} samples", counted(too_short, "recording"),
                     noun_for(too_short, "is", "are"), input.w)});
  }
  if (too_short > 0 && too_short == static_cast<int64_t>(files.size())) {
    return TESSERA_ERROR(
        kInvalidArgument, "calibration",
        fmt::format("{} shorter than a window of {} samples",
                    files.size() == 1 ? "the recording is"
                                      : fmt::format("all {} recordings are", files.size()),
                    input.w),
        "give longer recordings");
  }
  if (reservoir.offered() == 0) {
    return TESSERA_ERROR(kInvalidArgument, "calibration",
                         fmt::format("no window of {} samples in {} is louder than {} dB", input.w,
                                     counted(files.size(), "recording"), config.silence_db),
                         "give recordings of what the network will hear");
  }
  reservoir.take(data);
  return {};
}

}  // namespace tessera
