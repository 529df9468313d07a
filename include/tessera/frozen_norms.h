// Frozen norms: constants, seen in calibration, in place of the statistics of a sequence. Each
// frozen norm is one barrier fewer between a chip's segments and costs some quality; the curve of
// one against the other says which to freeze.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/backend.h"
#include "tessera/calibrate.h"
#include "tessera/graph.h"
#include "tessera/plan.h"
#include "tessera/result.h"
#include "tessera/rewrite.h"
#include "tessera/target.h"

namespace tessera {

enum class NormMode : uint8_t {
  exact,   // statistics of the whole sequence, taken by the host
  frozen,  // calibrated constants instead, but for the first: another network, nearly
  budget,  // constants for those that save time, while what they cost stays below a limit
};
std::string_view to_string(NormMode mode);

// `graph` with `constants` in place of the statistics of `frozen` norms. Errors: those of
// rewrite().
Result<Graph> with_frozen_norms(Graph graph, const std::map<std::string, NormConstants>& constants,
                                const std::set<std::string>& frozen);

struct FrozenNormsPoint {
  std::set<std::string> frozen;
  double snr_db =
      0;  // outputs over the exact network's, all windows together; infinity: none frozen
  double loss_db = 0;  // of SI-SNR, loss_for_snr_db(snr_db)
  int64_t segments = 0;
  int64_t calls = 0;
  double seconds = 0;  // estimated, on the target
};

struct FrozenNormsCurve {
  std::vector<FrozenNormsPoint> points;  // nothing frozen first; each freezes one norm more
  FrozenNormsPoint all;                  // every freezable norm

  // The fastest point that loses at most `loss_db`.
  const FrozenNormsPoint& within(double loss_db) const;
};

struct FrozenNormsOptions {
  PlanOptions plan;
  double stop_loss_db = 1e9;    // the curve ends at the first point that loses more
  size_t measured_windows = 8;  // of those given, evenly spread: enough for an error in dB
};

// Freezes one norm after the other, always the one that saves most estimated time for the error it
// adds, until none saves any. `windowed` is the network at the length of the windows, `imported` at
// the length that is planned. Errors: those of rewrite(), make_plan() and Backend::load();
// kInvalidArgument for no windows; kCancelled when `progress` says so.
Result<FrozenNormsCurve> measure_frozen_norms(const Graph& imported, const Graph& windowed,
                                              const Target& target,
                                              const std::map<std::string, NormConstants>& constants,
                                              std::span<const std::vector<float>> windows,
                                              const FrozenNormsOptions& options, Backend& backend,
                                              const CalibrationProgress& progress = nullptr);

}  // namespace tessera
