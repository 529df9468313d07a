#include "tessera/calibration_set.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <system_error>

#include <fmt/format.h>

#include "base/zip_archive.h"

#include "tessera/audio.h"
#include "tessera/file.h"
#include "tessera/mono_input.h"
#include "tessera/npy.h"
#include "tessera/tensor.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

bool is_sound_file(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return extension == ".wav" || extension == ".flac" || extension == ".ogg";
}

// The sound files below a folder, by name.
Result<std::vector<fs::path>> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    if (at->is_regular_file(error) && is_sound_file(at->path())) files.push_back(at->path());
  }
  if (error) {
    return TESSERA_ERROR(kIo, folder.string(), fmt::format("cannot be listed: {}", error.message()),
                         "check its permissions");
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<std::vector<fs::path>> sound_files(std::span<const fs::path> paths) {
  std::vector<fs::path> files;
  for (const fs::path& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      files.push_back(path);
      continue;
    }
    TESSERA_TRY(const std::vector<fs::path> below, files_below(path));
    if (below.empty()) {
      return TESSERA_ERROR(kNotFound, path.string(),
                           "the folder holds no .wav, .flac or .ogg files",
                           "name the recordings themselves");
    }
    files.insert(files.end(), below.begin(), below.end());
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

  void take(CalibrationSet& set) {
    std::sort(kept_.begin(), kept_.end(),
              [](const Kept& a, const Kept& b) { return a.number < b.number; });
    for (Kept& kept : kept_) {
      set.windows.push_back(std::move(kept.window));
      set.recordings.push_back(kept.recording);
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

Error refused(const fs::path& path, std::string message) {
  return TESSERA_ERROR(
      kInvalidArgument, path.string(), std::move(message),
      "save calib_data as (N, T), (N, C, T) or (N, 1, T, C) of the network's input");
}

// Where element [n, c, h, t] of an array lies.
struct ArrayLayout {
  int64_t count = 0;
  int64_t frames = 0;
  int64_t channel_stride = 0;
  int64_t row_stride = 0;
  int64_t frame_stride = 0;
};

// Channels first or last; where both could be meant, first.
Result<ArrayLayout> layout_of(const fs::path& path, const NpyArray& array, const Shape& input) {
  const std::vector<int64_t>& d = array.dims;
  const auto channels_first = [&](int64_t frames) {
    return ArrayLayout{d[0], frames, input.h * frames, frames, 1};
  };
  const auto channels_last = [&](int64_t frames) {
    return ArrayLayout{d[0], frames, 1, frames * input.c, input.c};
  };
  if (d.size() == 2 && input.c == 1 && input.h == 1) return channels_first(d[1]);
  if (d.size() == 3 && input.h == 1 && d[1] == input.c) return channels_first(d[2]);
  if (d.size() == 3 && input.h == 1 && d[2] == input.c) return channels_last(d[1]);
  if (d.size() == 4 && d[1] == input.c && d[2] == input.h) return channels_first(d[3]);
  if (d.size() == 4 && d[1] == input.h && d[3] == input.c) return channels_last(d[2]);
  return refused(path, fmt::format("holds an array {} where the network takes {}",
                                   dims_to_string(d), to_string(input)));
}

// One example, cut or lengthened to the network's frames.
std::vector<float> example_of(const NpyArray& array, const ArrayLayout& layout, int64_t n,
                              const CalibrationOptions& options) {
  const Shape& input = options.input;
  const int64_t size = input.c * input.h * layout.frames;
  std::vector<float> window(static_cast<size_t>(input.size()), 0.0F);
  size_t at = 0;
  for (int64_t c = 0; c < input.c; ++c) {
    for (int64_t h = 0; h < input.h; ++h) {
      for (int64_t t = 0; t < input.w; ++t, ++at) {
        if (t >= layout.frames && options.length != LengthPolicy::repeat) continue;
        const int64_t from = n * size + c * layout.channel_stride + h * layout.row_stride +
                             t % layout.frames * layout.frame_stride;
        window[at] = array.values[static_cast<size_t>(from)];
      }
    }
  }
  return window;
}

constexpr uint64_t kArchiveLimitBytes = uint64_t{4} << 30;

// "calib_data", else the first array of the archive.
Result<NpyArray> array_of(const fs::path& path) {
  if (path.extension() != ".npz") return read_npy(path);
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kArchiveLimitBytes));
  const auto at_file = [&](Error error) {
    error.subject = error.subject.empty() ? path.string() : path.string() + ": " + error.subject;
    return error;
  };
  const auto archive = ZipArchive::open(bytes);
  if (!archive) return at_file(archive.error());
  const ZipEntry* entry = archive->find("calib_data.npy");
  for (const ZipEntry& candidate : archive->entries()) {
    if (entry == nullptr && candidate.name.ends_with(".npy")) entry = &candidate;
  }
  if (entry == nullptr) return refused(path, "holds no array");
  const auto contents = archive->read(*entry);
  if (!contents) return at_file(contents.error());
  if (!ZipArchive::checksum_matches(*entry, contents->view())) {
    return TESSERA_ERROR(kCorrupt, path.string(),
                         fmt::format("'{}' differs from its checksum", entry->name),
                         "copy the file again");
  }
  return parse_npy(contents->view(), fmt::format("{}: {}", path.string(), entry->name));
}

std::string_view what_happens(bool longer, LengthPolicy policy) {
  if (longer) return "cropped";
  return policy == LengthPolicy::repeat ? "repeated" : "padded with zeros";
}

}  // namespace

Result<CalibrationSet> calibration_from_audio(std::span<const fs::path> paths,
                                              const CalibrationOptions& options) {
  if (options.input.c != 1 || options.input.h != 1) {
    return TESSERA_ERROR(
        kInvalidArgument, "calibration",
        fmt::format("the network takes {}, recordings have one channel", to_string(options.input)),
        "give an .npz with calib_data");
  }
  TESSERA_TRY(const std::vector<fs::path> files, sound_files(paths));
  CalibrationSet set;
  Reservoir reservoir(options.count, options.seed);
  const auto size = static_cast<size_t>(options.input.w);
  int64_t silent = 0;
  int64_t too_short = 0;
  int64_t recording = -1;
  for (const fs::path& file : files) {
    ++recording;
    TESSERA_TRY(const AudioBuffer audio, read_audio(file));
    if (const int64_t clipped = clipped_samples(audio); clipped > 0) {
      set.notes.push_back(
          {NoteSeverity::warning,
           fmt::format("{}: {} samples are clipped: louder ones will not be in the ranges",
                       file.string(), clipped)});
    }
    const ChannelPolicy mix{ChannelPolicy::Kind::kMix, 1};
    const int rate = options.sample_rate > 0 ? options.sample_rate : audio.sample_rate;
    TESSERA_TRY(const MonoInput mono, to_mono_input(audio, rate, mix, file.string()));
    for (const std::string& step : mono.steps)
      set.notes.push_back({NoteSeverity::info, fmt::format("{}: {}", file.string(), step)});
    const std::span<const float> samples(mono.samples);
    if (samples.size() < size) ++too_short;
    for (size_t begin = 0; begin + size <= samples.size(); begin += size) {
      const auto window = samples.subspan(begin, size);
      if (level_db(window) < options.silence_db) {
        ++silent;
      } else {
        reservoir.offer(window, recording);
      }
    }
  }
  if (silent > 0)
    set.notes.push_back({NoteSeverity::info, fmt::format("{} silent windows left out", silent)});
  if (too_short > 0) {
    set.notes.push_back(
        {NoteSeverity::warning, fmt::format("{} recordings are shorter than a window of {} samples",
                                            too_short, options.input.w)});
  }
  if (too_short > 0 && too_short == static_cast<int64_t>(files.size())) {
    return TESSERA_ERROR(kInvalidArgument, "calibration",
                         fmt::format("all {} recordings are shorter than a window of {} samples",
                                     files.size(), options.input.w),
                         "give longer recordings");
  }
  if (reservoir.offered() == 0) {
    return TESSERA_ERROR(
        kInvalidArgument, "calibration",
        fmt::format("no window of {} samples in {} recordings is louder than {} dB",
                    options.input.w, files.size(), options.silence_db),
        "give recordings of what the network will hear");
  }
  reservoir.take(set);
  return set;
}

Result<CalibrationSet> calibration_from_array(const fs::path& path,
                                              const CalibrationOptions& options) {
  TESSERA_TRY(const NpyArray array, array_of(path));
  TESSERA_TRY(const ArrayLayout layout, layout_of(path, array, options.input));
  if (array.values.empty()) return refused(path, "holds no examples");
  CalibrationSet set;
  if (layout.frames != options.input.w) {
    const std::string text =
        fmt::format("holds {} frames where the network takes {}", layout.frames, options.input.w);
    if (options.length == LengthPolicy::error) return refused(path, text);
    set.notes.push_back(
        {NoteSeverity::warning,
         fmt::format("{}: {}: {}", path.string(), text,
                     what_happens(layout.frames > options.input.w, options.length))});
  }
  const int64_t count = std::min(layout.count, options.count);
  if (count < layout.count) {
    set.notes.push_back({NoteSeverity::info, fmt::format("{}: the first {} of {} examples",
                                                         path.string(), count, layout.count)});
  }
  for (int64_t n = 0; n < count; ++n) set.windows.push_back(example_of(array, layout, n, options));
  return set;
}

Result<CalibrationSet> read_calibration_set(std::span<const fs::path> paths,
                                            const CalibrationOptions& options) {
  const auto is_array = [](const fs::path& path) {
    return path.extension() == ".npz" || path.extension() == ".npy";
  };
  if (paths.size() == 1 && is_array(paths[0])) return calibration_from_array(paths[0], options);
  for (const fs::path& path : paths) {
    if (!is_array(path)) continue;
    return TESSERA_ERROR(kInvalidArgument, path.string(), "is an array among recordings",
                         "calibrate with one array, or with recordings");
  }
  return calibration_from_audio(paths, options);
}

}  // namespace tessera
