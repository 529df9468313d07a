// What arrives at the inputs of a plan's pieces in operation: what compilers of chips calibrate on.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tessera/backend.h"
#include "tessera/compiler/plan.h"
#include "tessera/result.h"

namespace tessera {

// Of one input of a piece: samples one after the other, each [H, W, C].
struct InputSamples {
  Shape shape;  // of one, as the piece has it
  int64_t count = 0;
  std::vector<float> values;
};

// By name of the piece, one per input.
using PieceSamples = std::map<std::string, std::vector<InputSamples>>;

// Plays the plan in float on `backend`, window by window, and takes `count` calls of every piece
// (all, where there are fewer), evenly from all windows. Each window holds the values of the plan's
// inputs, one after the other. Errors: kInvalidArgument for windows of another size; kCancelled
// where `progress` says so; those of Backend::load() and Executable::run().
Result<PieceSamples> gather_piece_samples(
    const Plan& plan, Backend& backend, std::span<const std::vector<float>> windows, int64_t count,
    const std::function<bool(int64_t done, int64_t all)>& progress);

}  // namespace tessera
