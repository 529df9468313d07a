// Choices that are made by measuring what a network keeps of recordings held out: how ranges are
// taken, and in mixed precision which values need 16 bits.
#pragma once

#include <string>
#include <vector>

#include "tessera/calibrate.h"
#include "tessera/held_out.h"
#include "tessera/quantize.h"
#include "tessera/result.h"

namespace tessera {

struct ObserverChoice {
  Observer observer = Observer::min_max;
  HeldOutQuality quality;
};

// Min-max, or percentile or MSE if their mean error is 3 dB less. Errors: those of
// HeldOutTrial::quality().
Result<ObserverChoice> choose_observer(HeldOutTrial& trial, const QuantizeOptions& options);

struct Sensitivity {
  std::string value;
  double gain = 0;  // error power that 16 bits for it alone take away, as a share of all
};

struct MixedPrecision {
  QuantizeOptions options;  // those given, `widen` filled
  HeldOutQuality quality;
  HeldOutQuality narrow;  // with 8 bits everywhere
  bool reached = false;   // the SNR asked for; false: not even with 16 bits everywhere, and
                          // these are the fewest that come close to that
  std::vector<Sensitivity> sensitivities;  // largest gain first
};

// The fewest values in 16 bits, in order of their gain, with which every passage keeps 1.6 dB more
// than `snr_db` over float, and than with 8 bits everywhere, since others may keep less; a passage
// beside a pause may keep 3 dB less than that of `snr_db`. Where 16 bits everywhere do not reach
// that, the fewest that come within 0.1 dB of those. What stays in 8 bits has the ranges that it
// has without, or more room if the worst passage keeps more then. One run of that passage per
// value, and some of all passages. Errors: those of HeldOutTrial; kCancelled when `progress` says
// so.
Result<MixedPrecision> choose_mixed_precision(HeldOutTrial& trial, const QuantizeOptions& options,
                                              double snr_db,
                                              const CalibrationProgress& progress = nullptr);

}  // namespace tessera
