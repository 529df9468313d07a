// How far the outputs of a backend lie from those of the reference backend.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tessera/result.h"

namespace tessera::cli {

struct Difference {
  double max_abs = 0;
  double peak = 0;  // of the reference's finite values
};

// Errors: kMismatch beyond 1e-4 of the reference's peak (1e-7 for silence), or where a value is
// finite on one side only; kInvalidModel where it is finite on neither, which says nothing.
Result<Difference> compare_outputs(std::span<const std::vector<float>> reference,
                                   std::span<const std::vector<float>> outputs,
                                   const std::string& subject);

}  // namespace tessera::cli
