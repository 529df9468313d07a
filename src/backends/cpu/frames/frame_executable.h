// Executes graphs of a few frames, on one thread.
#pragma once

#include <memory>

#include "tessera/backend.h"

namespace tessera::cpu {

// Whether the steps of a stream are better evaluated frame by frame than in tiles of `tile_frames`,
// most of which would stay empty.
bool suits_frames(const Segment& segment, int64_t tile_frames);

// Errors: kResourceLimit.
Result<std::unique_ptr<Executable>> load_frames(const Segment& segment, int64_t memory_limit_bytes);

}  // namespace tessera::cpu
