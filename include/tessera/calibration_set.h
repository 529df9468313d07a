// Calibration sets: representative inputs of a network from recordings or arrays.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "tessera/note.h"
#include "tessera/op.h"
#include "tessera/result.h"

namespace tessera {

// What to do with arrays of another length than the network's input.
enum class LengthPolicy : uint8_t {
  crop,    // longer ones lose their end; shorter ones are padded
  pad,     // shorter ones end in zeros; longer ones are cropped
  repeat,  // shorter ones begin again; longer ones are cropped
  error,
};

struct CalibrationOptions {
  Shape input;              // of the network: windows hold input.size() values each
  int sample_rate = 0;      // Hz, of the network: recordings are resampled to it
  int64_t count = 64;       // windows taken from recordings; fewer where there is less sound
  uint32_t seed = 1;        // of the choice
  double silence_db = -60;  // windows whose RMS about their mean lies below (full scale: 0) are out
  LengthPolicy length = LengthPolicy::error;  // of arrays
};

struct CalibrationSet {
  std::vector<std::vector<float>> windows;
  // By window: the number of the recording that it is from. Empty for arrays.
  std::vector<int64_t> recordings;
  std::vector<Note> notes;  // what was resampled, mixed down, cropped, padded, clipped or left out
};

// Windows of recordings; a folder stands for the sound files below it, in order of their names.
// The same files, options and seed give the same windows. Errors: kNotFound, kInvalidArgument when
// nothing is loud and long enough; those of read_audio() and resample().
Result<CalibrationSet> calibration_from_audio(std::span<const std::filesystem::path> paths,
                                              const CalibrationOptions& options);

// One array of an .npz: "calib_data", else the first; or an .npy. Layouts: (N, T), (N, 1, T),
// (N, 1, 1, T), (N, 1, T, C), and (N, T, C) and (N, C, T) where C is the network's own. Errors:
// kInvalidArgument for other ranks, other channels, or, by policy, another length; kCorrupt,
// kUnsafe, kUnsupported, kResourceLimit from the file's content.
Result<CalibrationSet> calibration_from_array(const std::filesystem::path& path,
                                              const CalibrationOptions& options);

// By what lies at the paths: one .npz or .npy, or recordings and folders of them.
Result<CalibrationSet> read_calibration_set(std::span<const std::filesystem::path> paths,
                                            const CalibrationOptions& options);

}  // namespace tessera
