#include "pipeline/runtime_metrics.h"

#include <algorithm>

namespace tessera {

void add_pieces(std::span<const PieceDevice> of_run, std::vector<PieceDevice>& sum) {
  for (const PieceDevice& piece : of_run) {
    const auto known = std::find_if(sum.begin(), sum.end(), [&](const PieceDevice& one) {
      return one.piece == piece.piece && one.backend == piece.backend;
    });
    if (known == sum.end()) {
      sum.push_back(piece);
      continue;
    }
    known->calls += piece.calls;
    known->seconds += piece.seconds;
  }
}

void RuntimeMetrics::add_run(double seconds, std::span<const PieceDevice> pieces_of_run) {
  ++runs;
  run_seconds += seconds;
  add_pieces(pieces_of_run, pieces);
}

}  // namespace tessera
