// The caller's row-major values to tiles, and back.
#pragma once

#include "backends/cpu/program.h"

namespace tessera::cpu {

struct InputStep : Step {
  size_t port = 0;
  size_t channels = 0;
  ValueId dst = kNoValue;
  void run(const TileContext& context) const override;
};

struct OutputStep : Step {
  size_t port = 0;
  size_t channels = 0;
  ValueId src = kNoValue;
  void run(const TileContext& context) const override;
};

}  // namespace tessera::cpu
