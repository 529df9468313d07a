// Calibration sets: representative inputs of a network from recordings or arrays.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tessera/io_layout.h"
#include "tessera/note.h"
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
  std::vector<IoLayout> inputs;  // of the network, at the length of a window
  int sample_rate = 0;           // Hz, of the network: recordings are resampled to it
  int64_t count = 64;            // windows taken from recordings; fewer where there is less sound
  uint32_t seed = 1;             // of the choice
  double silence_db = -60;  // windows whose RMS about their mean lies below (full scale: 0) are out
  LengthPolicy length = LengthPolicy::error;  // of arrays
  bool allow_truncated = false;               // take what is there of recordings that are cut off
  // Whether windows of so many frames could be asked for with --length; none: they could not.
  std::function<bool(int64_t frames)> other_length;
  std::string array;  // of an .npz, for a network of one input; empty: found by its name
};

// What the network will hear: for frozen norms and integers.
struct Calibration {
  std::vector<std::filesystem::path> sources;  // as read_calibration_set() takes them
  CalibrationOptions set;                      // input and sample rate come from the network
};

struct CalibrationSet {
  // Each holds the values of all inputs, one input after the other, [C, H, W] each.
  std::vector<std::vector<float>> windows;
  // By window: the number of the recording that it is from. Empty for arrays.
  std::vector<int64_t> recordings;
  std::vector<Note> notes;  // what was resampled, mixed down, cropped, padded, clipped or left out
};

// Windows of recordings; a folder stands for the recordings below it (see recordings_in), in order
// of their names.
// The same files, options and seed give the same windows. Errors: kNotFound, kInvalidArgument when
// nothing is loud and long enough; those of read_audio() and resample().
Result<CalibrationSet> calibration_from_audio(std::span<const std::filesystem::path> paths,
                                              const CalibrationOptions& options);

// An array for each input: of an .npz as read_named_arrays() finds them, or an .npy for the one
// input. Each is one window or a stack of them, as readings_of() reads it: (N, T), (N, 1, T),
// (N, 1, 1, T) and (N, 1, T, C) too. Errors: kInvalidArgument for what is none, other channels,
// stacks of different heights, or, by policy, another length; kCorrupt, kUnsafe, kUnsupported,
// kResourceLimit from the file's content.
Result<CalibrationSet> calibration_from_array(const std::filesystem::path& path,
                                              const CalibrationOptions& options);

// By what lies at the paths: one .npz or .npy, or recordings and folders of them.
Result<CalibrationSet> read_calibration_set(std::span<const std::filesystem::path> paths,
                                            const CalibrationOptions& options);

}  // namespace tessera
