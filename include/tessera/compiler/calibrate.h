// calibrate: runs a network on representative inputs and gathers statistics of its values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/backend.h"
#include "tessera/compiler/graph.h"
#include "tessera/compiler/import.h"
#include "tessera/compiler/quantize.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/file.h"
#include "tessera/result.h"

namespace tessera {

// Calibration data: representative inputs of a network from recordings or arrays.

// What to do with arrays of another length than the network's input.
enum class LengthPolicy : uint8_t {
  crop,    // longer ones lose their end; shorter ones are padded
  pad,     // shorter ones end in zeros; longer ones are cropped
  repeat,  // shorter ones begin again; longer ones are cropped
  error,
};

struct CalibrationConfig {
  // One .npz or .npy, or files of sensor windows (is_window_file), or recordings and folders; a
  // folder stands for the recordings below it (see recordings_in), in order of their names.
  std::vector<std::filesystem::path> sources;
  std::vector<IoLayout> inputs;  // of the network, at the length of a window
  int sample_rate = 0;           // Hz, of the network: recordings are resampled to it
  int64_t count = 64;            // windows taken from recordings; fewer where there is less sound
  uint32_t seed = 1;             // of the choice
  double silence_db = -60;  // windows whose RMS about their mean lies below (full scale: 0) are out
  LengthPolicy length = LengthPolicy::error;  // of arrays
  bool allow_truncated = false;               // take what is there of recordings that are cut off
  // Whether windows of so many frames could be asked for with --length; none: they could not.
  std::function<bool(int64_t frames)> other_length;
  // Of files of sensor windows, as WindowFileOptions has them; the names come from the model.
  std::vector<std::string> columns;
  std::vector<std::string> channel_names;
  int64_t hop_frames = 0;
  std::string array;  // of an .npz, for a network of one input; empty: found by its name
};

struct CalibrationData {
  // Where windows come from; kept with them.
  struct Origin {
    std::vector<std::string> files;  // recordings, arrays or folders, by their last name
    uint32_t seed = 1;
    double silence_db = -60;
    std::vector<int64_t> recordings;  // by window, as below; empty where not known
  };

  std::vector<IoLayout> inputs;  // that a window holds values of
  int64_t length = 0;            // of the network, in frames; 0: not known
  // Each holds the values of all inputs, one input after the other, [C, H, W] each.
  std::vector<std::vector<float>> windows;
  // By window: the number of the recording that it is from. Empty for arrays.
  std::vector<int64_t> recordings;
  std::vector<Note> notes;  // what was resampled, mixed down, cropped, padded, clipped or left out
};

// Windows of config.sources. Of recordings, the same files, config and seed give the same windows.
// Of an array for each input (of an .npz as read_named_arrays() finds them, or an .npy for the one
// input), each is one window or a stack of them, as readings_of() reads it: (N, T), (N, 1, T),
// (N, 1, 1, T) and (N, 1, T, C) too. Of files of sensor windows, `count` evenly spread. Errors:
// kNotFound, kInvalidArgument where no recording is loud and long enough, for what is no array,
// other channels, stacks of different heights, or, by policy, another length; those of
// read_audio(), resample() and read_window_file(); kCorrupt, kUnsafe, kUnsupported, kResourceLimit
// from the file's content.
Result<CalibrationData> read_calibration_data(const CalibrationConfig& config);

// After each window: how many are done. False stops (kCancelled).
using CalibrationProgress = std::function<bool(int64_t done, int64_t all)>;

// Each window holds the values of the graph's inputs, one after the other. `statistics` may hold
// earlier runs; so does it after an error or a stop, up to the last whole window: calibration goes
// on from there with the windows after the `done` first. Errors: kInvalidArgument for no windows,
// one of another size, NaN in it, or nothing but silence; those of Backend::load() and
// TensorStatistics::observe().
Result<void> calibrate(const Graph& legal, const QuantizeOptions& options, Backend& backend,
                       std::span<const std::vector<float>> windows, TensorStatistics& statistics,
                       const CalibrationProgress& progress = nullptr, int64_t done = 0);

// The graph takes one channel of sound, and norms of it measure over time: beside a pause they make
// the same voice louder than alone, so that ranges are to be taken from both.
bool needs_silence_prefix(const Graph& legal);

// At most `most` of the windows, evenly spread, each at the end of a sequence of `frames` frames
// that begins with silence, at least half of it: of longer windows the louder half. Silent ones are
// left out.
std::vector<std::vector<float>> with_silence_prefix(std::span<const std::vector<float>> windows,
                                                    int64_t frames, size_t most = 32);

// Headroom of ranges that were taken after pauses too. These make a voice up to sqrt(2) louder:
// that is room enough for sums, less than all of it even; norms and activations reach further still
// after a longer pause, beside a louder passage or in more noise.
void set_range_margin_with_silence(QuantizeOptions& options);

// Global and feature-wise norms of an imported graph that another norm comes before, in graph
// order. The first norm on every path stays: it takes the input's level out, so that the constants
// of those behind it do not depend on how loud a recording is.
std::vector<std::string> freezable_norms(const Graph& imported);

// Gathers statistics of every freezable norm's operand.
class NormCalibration {
 public:
  // Each window holds the values of the graph's inputs, one after the other; the graph may have
  // another length at each call. Windows of nothing but zeros have no statistics and are left out.
  // Errors: kInvalidArgument if all are; those of Backend::load(); kInvalidModel for NaN, naming
  // the norm.
  Result<void> observe(const Graph& imported, Backend& backend,
                       std::span<const std::vector<float>> windows);

  // By name: the mean of the windows' means, and the variance whose deviation is their harmonic
  // mean: with it the norm's scale is the mean of the scales that the windows had. One value for a
  // global norm, one per channel for a feature-wise one. Empty before the first window.
  std::map<std::string, NormConstants> constants() const;

 private:
  struct Sums {
    double eps = 0;
    std::vector<double> means;
    std::vector<double> inverse_deviations;
    double windows = 0;
  };
  std::map<std::string, Sums> norms_;
};

// Calibration that can be interrupted: statistics kept in a file until all windows are done, and
// windows as a file that every later build reads.

// Frames of the windows that build() calibrates on: a second, or the network's one length.
int64_t calibration_frames(const ImportedModel& model);
// The most that they have, whatever the network's length: a second.
int64_t longest_calibration_frames(const ImportedModel& model);

// Statistics so far, and of what: `binding` names the network and the windows.
struct CalibrationCheckpoint {
  std::string binding;
  int64_t windows = 0;  // done
  TensorStatistics statistics;
};
std::vector<uint8_t> format_calibration_checkpoint(const CalibrationCheckpoint& checkpoint);
// For untrusted bytes. Errors: kCorrupt, subject = `subject`.
Result<CalibrationCheckpoint> parse_calibration_checkpoint(std::span<const uint8_t> bytes,
                                                           std::string_view subject);

// The network with its weights, and the windows, in one hash.
std::string calibration_binding(const Graph& legal, std::span<const std::vector<float>> windows);

struct CheckpointFile {
  std::filesystem::path path;        // empty: nothing is kept
  double save_every_seconds = 10.0;  // a file of a large network takes part of a second
};

struct CheckpointedStatistics {
  TensorStatistics statistics;
  int64_t resumed = 0;      // windows whose statistics an earlier run left
  std::vector<Note> notes;  // why a checkpoint that was there is not used
};

// calibrate(), going on from the checkpoint where it is of this network and these windows; any
// other is replaced, which is noted. An error or a stop leaves the file behind, success removes it.
// The result is bit for bit that of a run in one go. Errors: those of calibrate() and of writing.
Result<CheckpointedStatistics> calibrate_resumably(const Graph& legal,
                                                   const QuantizeOptions& options, Backend& backend,
                                                   std::span<const std::vector<float>> windows,
                                                   const CheckpointFile& file,
                                                   const CalibrationProgress& progress = nullptr);

// What the file of write_calibration_windows() tells, else `config` itself. For
// untrusted files. Errors: kCorrupt.
Result<CalibrationData::Origin> calibration_origin(const CalibrationConfig& config);

// `windows` as an .npz, which NumPy loads and read_calibration_data() gives back value by value: a
// stack of windows for each input, as the input's layout says, named like the input; that of a
// network of one input is named "calib_data". Errors: those of write_file_atomically();
// kInvalidArgument for windows of another size.
Result<void> write_calibration_windows(const std::filesystem::path& path,
                                       std::span<const std::vector<float>> windows,
                                       std::span<const IoLayout> inputs,
                                       const CalibrationData::Origin& origin,
                                       WriteOptions options = {});

}  // namespace tessera
