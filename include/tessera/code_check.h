// Code check: a plan played in integers, tile by tile, gives the codes that the same arithmetic
// gives when nothing is cut. An equality: one differing code is a failure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tessera/backend.h"
#include "tessera/encodings.h"
#include "tessera/plan.h"
#include "tessera/result.h"

namespace tessera {

// One value where a segment or a host step ends.
struct BorderCheck {
  std::string value;  // node of plan.graph
  std::string where;  // "host", or the segment
  int bits = 0;       // of its codes; 0: a float of the host's
  int64_t values = 0;
  int64_t differing = 0;  // codes that are not equal; floats beyond rounding
  // Of the first difference.
  int64_t channel = 0;
  int64_t frame = 0;
  float expected = 0;
  float actual = 0;
  std::string piece;  // that wrote it; empty for the host
  int64_t call = 0;   // of the segment, from 0

  bool passed() const { return differing == 0; }
};

struct CodeReport {
  std::vector<BorderCheck> borders;  // in order of execution
  int64_t codes = 0;                 // compared
  bool passed = true;

  // Null if all pass.
  const BorderCheck* first_failure() const;
};

// Plays `plan` stitched on `backend`, host steps one by one, and computes every step again from the
// values it read, over the whole sequence, by the plain loops that define integer arithmetic.
// Codes, and statistics of codes, must be equal; other floats of the host within 1e-5 of their
// peak. Errors: kInvalidArgument for inputs of the wrong size; those of check_encodings(),
// Backend::load() and Executable::run().
Result<CodeReport> check_codes(const Plan& plan, const Encodings& encodings, Backend& backend,
                               std::span<const ConstValues> inputs);

}  // namespace tessera
