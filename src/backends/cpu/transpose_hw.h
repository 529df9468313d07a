// Graphs whose frames lie along H, as a chip's stripes do, evaluated with the frames along W, where
// this backend's tiles lie: a row of eight columns would fill a sixth of a tile.
#pragma once

#include <memory>
#include <optional>

#include "tessera/backend.h"
#include "tessera/compiler/graph.h"
#include "tessera/result.h"

namespace tessera::cpu {

// The same network with H and W exchanged, where that is faster and every op allows it.
Result<std::optional<Graph>> transposed_if_narrow(const Graph& graph, int64_t tile_frames);

// Runs `inner`, which was made of the transposed graph, on values of `graph`.
std::unique_ptr<Executable> make_transposed(const Graph& graph, std::unique_ptr<Executable> inner);

}  // namespace tessera::cpu
