// calibrate: runs a network on representative inputs and gathers statistics of its values.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tessera/backend.h"
#include "tessera/calibration.h"
#include "tessera/graph.h"
#include "tessera/quantize.h"
#include "tessera/result.h"
#include "tessera/rewrite.h"

namespace tessera {

// After each window: how many are done. False stops (kCancelled).
using CalibrationProgress = std::function<bool(int64_t done, int64_t all)>;

// Each window holds the values of the graph's inputs, one after the other. `statistics` may hold
// earlier runs; so does it after an error or a stop, up to the last whole window: calibration goes
// on from there with the windows after the `done` first. Errors: kInvalidArgument for no windows,
// one of another size, NaN in it, or nothing but silence; those of Backend::load() and
// CalibrationStatistics::observe().
Result<void> calibrate(const Graph& legal, const QuantizeOptions& options, Backend& backend,
                       std::span<const std::vector<float>> windows,
                       CalibrationStatistics& statistics,
                       const CalibrationProgress& progress = nullptr, int64_t done = 0);

// The graph takes one channel of sound, and norms of it measure over time: beside a pause they make
// the same voice louder than alone, so that ranges are to be taken from both.
bool hears_pauses(const Graph& legal);

// At most `most` of the windows, evenly spread, each at the end of a sequence of `frames` frames
// that begins with silence, at least half of it: of longer windows the louder half. Silent ones are
// left out.
std::vector<std::vector<float>> after_pauses(std::span<const std::vector<float>> windows,
                                             int64_t frames, size_t most = 32);

// Headroom of ranges that were taken after pauses too. These make a voice up to sqrt(2) louder:
// that is room enough for sums, less than all of it even; norms and activations reach further still
// after a longer pause, beside a louder passage or in more noise.
void set_headroom_beside_pauses(QuantizeOptions& options);

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

}  // namespace tessera
