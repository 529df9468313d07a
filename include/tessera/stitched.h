// Stitched execution: plays a plan on a backend, piece by piece, as host and chip would.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "tessera/backend.h"
#include "tessera/plan.h"
#include "tessera/result.h"

namespace tessera {

// Sees a whole-sequence value when it is complete: [C, H, W] of plan.graph's node.
using ValueObserver = std::function<void(const Node& node, ConstValues values)>;

// Seconds of the last run, by what they were spent on.
struct StitchedTiming {
  double host = 0;    // host steps
  double pieces = 0;  // chip pieces, as the backend plays them
  double copies = 0;  // gathering tiles with their halos, laying down what is new
};

// Whether host steps between two segments run as one graph, as in operation, or one by one, so that
// an observer sees the value of each.
enum class HostSteps : uint8_t { together, one_by_one };

// An Executable with the inputs and outputs of plan.graph. Chip pieces run call by call with their
// halos gathered from whole-sequence values (zeros only outside the sequence); host steps between
// two segments run over the whole sequence. Both on `backend`. The plan is not needed
// afterwards, nor are the encodings of its nodes, which every piece gets. Errors: those of
// Backend::load(), subject = piece; kResourceLimit.
class StitchedExecutable : public Executable {
 public:
  static Result<std::unique_ptr<StitchedExecutable>> load(const Plan& plan, Backend& backend,
                                                          const Encodings* encodings = nullptr,
                                                          HostSteps host = HostSteps::together,
                                                          EncodingsUse use = EncodingsUse::obey);

  // Called from run() for every value that leaves a segment or a group of host steps, in order.
  virtual void observe(ValueObserver observer) = 0;
  // Calls of chip pieces in one run.
  virtual int64_t chip_calls() const = 0;
  virtual const StitchedTiming& timing() const = 0;
};

}  // namespace tessera
