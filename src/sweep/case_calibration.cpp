#include "sweep/case_calibration.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/npz.h"
#include "sweep/seeded_weights.h"

namespace tessera {
namespace {

constexpr int64_t kMostSeeded = int64_t{1} << 26;
constexpr int64_t kDefaultSamples = 64;

Result<NpyArray> read_array(const std::filesystem::path& path) {
  if (path.extension() == ".npy") return read_npy(path);
  TESSERA_TRY(const NpzFile file, NpzFile::open(path));
  if (file.contains("calib_data")) return file.read("calib_data");
  if (file.names().empty()) {
    return TESSERA_ERROR(kCorrupt, path.string(), "holds no array", "write one named calib_data");
  }
  return file.read(file.names().front());
}

std::string hash_of(const CaseCalibration& calibration) {
  ContentHasher hasher;
  hasher.update(
      fmt::format("{} {} {}\n", calibration.samples, calibration.channels, calibration.frames));
  hasher.update(std::span<const float>(calibration.values));
  return hasher.hex();
}

// [N, T, C] to [N, C, T].
std::vector<float> channels_first(const std::vector<float>& values, int64_t samples, int64_t frames,
                                  int64_t channels) {
  std::vector<float> made(values.size());
  for (int64_t n = 0; n < samples; ++n) {
    for (int64_t t = 0; t < frames; ++t) {
      for (int64_t c = 0; c < channels; ++c) {
        made[static_cast<size_t>((n * channels + c) * frames + t)] =
            values[static_cast<size_t>((n * frames + t) * channels + c)];
      }
    }
  }
  return made;
}

Result<CaseCalibration> from_array(NpyArray array, const std::string& source) {
  const std::vector<int64_t>& dims = array.dims;
  const bool one_channel = dims.size() == 2 || (dims.size() == 3 && dims[1] == 1) ||
                           (dims.size() == 4 && dims[1] == 1 && dims[2] == 1);
  const bool last_channels = dims.size() == 4 && dims[1] == 1 && !one_channel;
  const bool any_empty = std::find(dims.begin(), dims.end(), 0) != dims.end();
  if ((!one_channel && !last_channels) || any_empty) {
    return TESSERA_ERROR(kCorrupt, source, fmt::format("has the shape {}", dims_to_string(dims)),
                         "write (N, T), (N, 1, T), (N, 1, 1, T) or (N, 1, T, C)");
  }
  TESSERA_TRY_VOID(check_finite(array, source));
  CaseCalibration made;
  made.source = source;
  made.samples = dims[0];
  made.channels = last_channels ? dims[3] : 1;
  made.frames = last_channels ? dims[2] : dims.back();
  made.values = last_channels
                    ? channels_first(array.values, made.samples, made.frames, made.channels)
                    : std::move(array.values);
  return made;
}

Result<CaseCalibration> seeded(const Parameters& parameters) {
  CaseCalibration made;
  made.channels = parameters.count("calib_chan", 1);
  made.frames = parameters.count("calib_len", 16000);
  made.samples = parameters.count("calib_samples", 1);
  if (made.samples * made.channels * made.frames > kMostSeeded) {
    return TESSERA_ERROR(
        kResourceLimit, "calib_len",
        fmt::format("{} samples of {} x {} are too many", made.samples, made.channels, made.frames),
        "choose fewer calib_samples");
  }
  made.source = fmt::format("seeded:{}x{}", made.channels, made.frames);
  const Tensor noise = seeded_bias(made.samples * made.channels * made.frames,
                                   parameters.count("seed", 1), "calibration");
  made.values.assign(noise.values().begin(), noise.values().end());
  return made;
}

// `count` frames of every channel: what is missing is zeros, or begins again.
void set_frames(CaseCalibration& calibration, int64_t count, bool repeat) {
  std::vector<float> made(static_cast<size_t>(calibration.samples * calibration.channels * count));
  const int64_t rows = calibration.samples * calibration.channels;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t t = 0; t < count; ++t) {
      const bool there = t < calibration.frames;
      if (!there && !repeat) break;
      made[static_cast<size_t>(row * count + t)] =
          calibration
              .values[static_cast<size_t>(row * calibration.frames + t % calibration.frames)];
    }
  }
  calibration.values = std::move(made);
  calibration.frames = count;
}

}  // namespace

Result<std::optional<CaseCalibration>> read_case_calibration(const Parameters& parameters,
                                                             const std::filesystem::path& folder) {
  std::optional<CaseCalibration> calibration;
  if (parameters.has("calib_npz")) {
    const std::string name = parameters.word("calib_npz", "");
    TESSERA_TRY(NpyArray array, read_array(folder / name));
    TESSERA_TRY(calibration, from_array(std::move(array), name));
  } else if (parameters.has("calib_chan") || parameters.has("calib_len")) {
    TESSERA_TRY(calibration, seeded(parameters));
  } else {
    return calibration;
  }
  const int64_t wanted = parameters.count("calib_samples", kDefaultSamples);
  if (calibration->samples > wanted) {
    calibration->samples = wanted;
    calibration->values.resize(
        static_cast<size_t>(wanted * calibration->channels * calibration->frames));
  }
  calibration->hash = hash_of(*calibration);
  return calibration;
}

Result<CaseCalibration> fitted(CaseCalibration calibration, const Shape& input,
                               const std::string& policy) {
  if (calibration.channels != input.c) {
    return TESSERA_ERROR(
        kMismatch, calibration.source,
        fmt::format("calibration has {} channels, the network takes {}", calibration.channels,
                    input.c),
        fmt::format("calibrate on arrays of shape (N, 1, {}, {})", input.w, input.c));
  }
  const int64_t have = calibration.frames;
  if (have == input.w) return calibration;
  const bool shorter = have < input.w;
  if (policy == "error" || (policy == "crop" && shorter)) {
    return TESSERA_ERROR(
        kMismatch, calibration.source,
        fmt::format("calibration has {} frames, the network takes {}", have, input.w),
        "choose length_policy = \"pad\" or \"repeat\", or other calibration");
  }
  set_frames(calibration, input.w, policy == "repeat");
  calibration.notes.push_back(fmt::format("warning: calibration of {} frames was {} to {}", have,
                                          !shorter             ? "cut"
                                          : policy == "repeat" ? "repeated"
                                                               : "padded with zeros",
                                          input.w));
  return calibration;
}

}  // namespace tessera
