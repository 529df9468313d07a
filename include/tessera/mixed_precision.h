// Choices that are made by measuring what a network keeps: how ranges are taken, and in mixed
// precision which values need 16 bits.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tessera/backend.h"
#include "tessera/calibrate.h"
#include "tessera/calibration.h"
#include "tessera/graph.h"
#include "tessera/quantize.h"
#include "tessera/result.h"

namespace tessera {

// A window that ranges were taken from never leaves them: measured on it, a choice looks too good.
struct DividedWindows {
  std::vector<std::vector<float>> learned;   // to calibrate on
  std::vector<std::vector<float>> measured;  // to measure a choice on
  bool apart = false;                        // none of them is in both
};

// Of twelve windows or more that are not silent, three of these, evenly spread so that no recording
// speaks for all, are set apart. Of fewer, all are learned from, and the first three that are not
// silent measured on.
DividedWindows divide_windows(std::span<const std::vector<float>> windows);

struct ObserverChoice {
  Observer observer = Observer::min_max;
  double snr_db = 0;  // of the outputs over float, all windows together
};

// Min-max, or percentile or MSE if that keeps 3 dB more on `windows`, none of which should be one
// of the calibration's. Errors: as choose_mixed_precision().
Result<ObserverChoice> choose_observer(const Graph& legal, const CalibrationStatistics& statistics,
                                       const QuantizeOptions& options,
                                       std::span<const std::vector<float>> windows,
                                       Backend& in_float, Backend& emulator);

struct Sensitivity {
  std::string value;
  double gain = 0;  // error power that 16 bits for it alone take away, as a share of all
};

struct MixedPrecision {
  QuantizeOptions options;   // those given, `widen` filled
  double snr_db = 0;         // of the outputs over float, all windows together
  bool reached = false;      // the SNR asked for; false: not even with 16 bits everywhere, and
                             // these are the fewest that come close to that
  double narrow_snr_db = 0;  // with 8 bits everywhere
  std::vector<Sensitivity> sensitivities;  // largest gain first
};

// The fewest values in 16 bits, in order of their gain, with which the emulator's outputs reach
// `snr_db` over the float network's on `windows` (not those of the calibration, if there are
// others), or where 16 bits everywhere do not, come within 0.1 dB of those. One run of `emulator`
// per value and window, and a few more. Errors: those of calibrate(), quantize() and
// Backend::load(); kCancelled when `progress` says so.
Result<MixedPrecision> choose_mixed_precision(const Graph& legal,
                                              const CalibrationStatistics& statistics,
                                              const QuantizeOptions& options, double snr_db,
                                              std::span<const std::vector<float>> windows,
                                              Backend& in_float, Backend& emulator,
                                              const CalibrationProgress& progress = nullptr);

}  // namespace tessera
