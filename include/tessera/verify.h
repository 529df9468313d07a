// Verification: a plan is played stitched, and every value it shows is compared with the same value
// of the imported network, evaluated node by node on its own. Nothing is skipped in silence: what
// has no counterpart is listed with the reason.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/backend.h"
#include "tessera/encodings.h"
#include "tessera/graph.h"
#include "tessera/plan.h"
#include "tessera/result.h"

namespace tessera {

// How far two equally long lists of values lie apart.
struct ValueDifference {
  double max_abs = 0;    // largest |actual - expected|; infinite where one of them is not finite
  double peak = 0;       // largest |expected|
  double snr_db = 0;     // energy of `expected` over that of the difference; infinite if equal
  double cosine = 1;     // of the angle between both; 1 for two silent ones
  int64_t worst_at = 0;  // index of the largest difference

  double relative() const { return peak > 0 ? max_abs / peak : max_abs; }
};
ValueDifference difference(ConstValues expected, ConstValues actual);

struct VerifyOptions {
  // A value passes if it differs by at most `tolerance` (times its peak where that is above 1:
  // floats round relative to their size), and by at most `peak_tolerance` of its peak. 1e-7 always
  // passes, unless `tolerance` is less: what is left of values that cancel has no size of its own.
  double tolerance = 1e-5;
  double peak_tolerance = 1e-4;
  // Also values inside segments, which no one sees in operation: the segment's pieces are made a
  // second time with these values as further outputs.
  bool inner_values = true;
  // Of the plan's graph: it is played in integers. Rounding to codes makes every value another one,
  // so that no tolerance holds: a stage passes if it is finite, an output if at least this much of
  // it is left over the difference.
  const Encodings* encodings = nullptr;
  double min_snr_db = 20;
};

// One value of the imported network and its counterpart in the plan.
struct StageCheck {
  std::string name;   // of the imported network's node
  std::string op;     // of that node
  std::string value;  // name in the plan
  std::string how;    // what is compared where it is not the value itself: "channels 0..63"
  std::string where;  // "host", or the segment
  std::vector<std::string> roles;  // see conv_tasnet_roles()
  bool inner = false;              // see VerifyOptions::inner_values
  Shape expected_shape;
  Shape shape;
  ValueDifference difference;  // meaningless where the shapes differ
  double tolerance = 0;        // what max_abs was held to; 0 for integers
  bool passed = false;
};

// A value that could not be compared, and why.
struct NotCompared {
  std::string name;
  std::string op;
  std::string reason;
};

struct VerifyReport {
  std::vector<StageCheck> stages;       // in the order of the imported network
  std::vector<StageCheck> outputs;      // what the stitched executable hands out
  std::vector<NotCompared> plan_only;   // values of the plan that the network does not have
  std::vector<NotCompared> model_only;  // values of the network that the plan does not show
  int64_t segments = 0;
  int64_t pieces = 0;
  int64_t chip_calls = 0;
  double stitched_seconds = 0;  // one run of the plan, loading not included
  bool passed = false;
  // What the stitched run handed out and what the network computes, by output.
  std::vector<std::vector<float>> output_values;
  std::vector<std::vector<float>> expected_output_values;
  // Largest difference and verdict by role, for every role found.
  struct Role {
    double max_abs = 0;
    bool passed = true;
    int64_t values = 0;
  };
  std::map<std::string, Role> roles;

  // The earliest stage that fails, or the output that does; null if all pass.
  const StageCheck* first_failure() const;
};

// Plays `plan` on `backend` and judges it by `imported` evaluated on `judge`, both on `inputs`
// (Graph::inputs() of `imported`). A wrong plan is no error: the report says which stage fails.
// Errors: kMismatch when the plan's inputs or outputs are not the network's; kInvalidArgument for
// inputs of the wrong size, and for silent ones, on which nothing could fail; those of
// Backend::load() and Executable::run().
Result<VerifyReport> verify_plan(const Graph& imported, const Plan& plan, Backend& backend,
                                 Backend& judge, std::span<const ConstValues> inputs,
                                 const VerifyOptions& options = {});

// Stitched execution beside the imported network on one signal, measured when it was built.
struct ParityEvidence {
  std::string signal;
  std::string backend;
  double max_abs = 0;    // largest difference of any output value
  double peak = 0;       // of the imported network's output
  double tolerance = 0;  // of the largest difference
  int64_t values = 0;    // of the network, inside and at its end, that were compared
  int64_t codes = 0;     // of a quantised plan that were compared with the uncut arithmetic's
  // Where an approximation was asked for, all of the above is beside the network with it in place,
  // and this is its cost: dB of the imported network's output over that of the difference to it.
  std::optional<double> approximation_db;
};

// A signal to verify with where the user has none: noise whose loudness changes all the time, so
// that a frame taken from another place is seen. The same every time.
std::vector<float> verification_signal(const Shape& shape);

// What values are in a Conv-TasNet, recognised by structure; empty for other networks. For block N:
//   encoder, bottleneck, tcnN_in (before the depthwise convolution's norm), tcnN_depth (behind it,
//   before the norm), tcnN_residual, tcnN_skip, skip_sum, mask_score (before the activation),
//   mask_output, masker_output (per source), masked_rep and source_projector (the product, which is
//   what each source's decoder projects), decoder_head (samples of each source), decoder_output
//   (all sources), final_output (at the input's length).
// verify_plan() adds decoder_pre: the taps of a decoder before they overlap.
std::map<NodeId, std::vector<std::string>> conv_tasnet_roles(const Graph& imported);

}  // namespace tessera
