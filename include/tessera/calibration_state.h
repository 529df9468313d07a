// Calibration that can be interrupted: statistics kept in a file until all windows are done, and
// windows as a file that every later build reads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/calibrate.h"
#include "tessera/calibration.h"
#include "tessera/calibration_set.h"
#include "tessera/file.h"
#include "tessera/graph.h"
#include "tessera/import.h"
#include "tessera/io_layout.h"
#include "tessera/note.h"
#include "tessera/result.h"

namespace tessera {

// Frames of the windows that build() calibrates on: a second, or the network's one length.
int64_t calibration_frames(const ImportedModel& model);
// The most that they have, whatever the network's length: a second.
int64_t longest_calibration_frames(const ImportedModel& model);

// Statistics so far, and of what: `binding` names the network and the windows.
struct CalibrationState {
  std::string binding;
  int64_t windows = 0;  // done
  CalibrationStatistics statistics;
};
std::vector<uint8_t> format_calibration_state(const CalibrationState& state);
// For untrusted bytes. Errors: kCorrupt, subject = `subject`.
Result<CalibrationState> parse_calibration_state(std::span<const uint8_t> bytes,
                                                 std::string_view subject);

// The network with its weights, and the windows, in one hash.
std::string calibration_binding(const Graph& legal, std::span<const std::vector<float>> windows);

struct StateFile {
  std::filesystem::path path;        // empty: nothing is kept
  double save_every_seconds = 10.0;  // a file of a large network takes part of a second
};

struct CalibrationRun {
  CalibrationStatistics statistics;
  int64_t resumed = 0;      // windows whose statistics an earlier run left
  std::vector<Note> notes;  // why a state file that was there is not used
};

// calibrate(), going on from the state file where it is of this network and these windows; any
// other is replaced, which is noted. An error or a stop leaves the file behind, success removes it.
// The result is bit for bit that of a run in one go. Errors: those of calibrate() and of writing.
Result<CalibrationRun> calibrate_resumably(const Graph& legal, const QuantizeOptions& options,
                                           Backend& backend,
                                           std::span<const std::vector<float>> windows,
                                           const StateFile& state,
                                           const CalibrationProgress& progress = nullptr);

// Where windows come from; kept with them.
struct CalibrationOrigin {
  std::vector<std::string> files;  // recordings, arrays or folders, by their last name
  uint32_t seed = 1;
  double silence_db = -60;
  std::vector<int64_t> recordings;  // by window, as CalibrationSet's; empty where not known
};
// What the file of write_calibration_windows() tells, else `paths` and `options` themselves. For
// untrusted files. Errors: kCorrupt.
Result<CalibrationOrigin> calibration_origin(std::span<const std::filesystem::path> paths,
                                             const CalibrationOptions& options);

// `windows` as an .npz, which NumPy loads and calibration_from_array() gives back value by value: a
// stack of windows for each input, as the input's layout says, named like the input; that of a
// network of one input is named "calib_data". Errors: those of write_file_atomically();
// kInvalidArgument for windows of another size.
Result<void> write_calibration_windows(const std::filesystem::path& path,
                                       std::span<const std::vector<float>> windows,
                                       std::span<const IoLayout> inputs,
                                       const CalibrationOrigin& origin, WriteOptions options = {});

}  // namespace tessera
