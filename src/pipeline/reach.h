// How far around a moment the voices of a separator depend on its recording.
#pragma once

#include <cstdint>
#include <optional>

#include "tessera/compiler/graph.h"

namespace tessera {

// Sample t of every voice depends on samples t - past .. t + future of the recording and on no
// others: near its ends, on those of them that exist.
struct Reach {
  int64_t past = 0;
  int64_t future = 0;
  // A cut out of the recording that begins at a multiple of `grid` samples is framed by the network
  // as the recording is.
  int64_t grid = 1;

  int64_t samples() const { return past + 1 + future; }

  friend bool operator==(const Reach&, const Reach&) = default;
};

// Of all outputs of `graph` on its one input. None where something reads the whole recording (a
// norm over time, say) or all of its past, and where an output runs at another rate than the input.
std::optional<Reach> reach_of(const Graph& graph);

// The smallest that covers both.
std::optional<Reach> joined(const std::optional<Reach>& a, const std::optional<Reach>& b);

}  // namespace tessera
