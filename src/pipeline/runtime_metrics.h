// What running a network took, over one run or several.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "run/readings_monitor.h"
#include "tessera/session.h"

namespace tessera {

// Adds calls and seconds of a run to those of the same pieces in `sum`.
void add_pieces(std::span<const PieceDevice> of_run, std::vector<PieceDevice>& sum);

struct RuntimeMetrics {
  int64_t runs = 0;
  double run_seconds = 0;  // of all runs
  double load_seconds = 0;
  double audio_seconds = 0;         // that the runs were given; 0 where that is not known
  std::vector<PieceDevice> pieces;  // calls and seconds of all runs; empty without a plan
  std::vector<MeasuredReading> readings;
  // Largest difference of an output value from the reference arithmetic; none: not compared.
  std::optional<double> parity_max_abs;
  // Of each source over the true voices, in the best order; empty: not known.
  std::vector<double> si_snr_db;

  // `pieces` of that run.
  void add_run(double seconds, std::span<const PieceDevice> pieces_of_run);
};

}  // namespace tessera
