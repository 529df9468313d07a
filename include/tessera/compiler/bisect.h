// Bisect: where between a trained network and what its package computes the quality goes, stage by
// stage, and in the stage that costs most, which value or weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tessera/compiler/graph.h"
#include "tessera/compiler/verify.h"
#include "tessera/package.h"
#include "tessera/result.h"

namespace tessera {

// From the network as its author wrote it to what a chip computes:
//   original   A, in float
//   legal      rewritten into what the chip can do, in float
//   cut        as the plan cuts it, played piece by piece, in float
//   quantised  values rounded to codes and back, weights as their integers mean them, in float sums
//   emulated   in integers, piece by piece
enum class BisectPoint : uint8_t { original, legal, cut, quantised, emulated };
std::string_view to_string(BisectPoint stage);

struct StageCost {
  BisectPoint stage = BisectPoint::original;
  double snr_db = 0;  // of the outputs over A's; infinite where equal
  double error = 0;   // energy of the difference, all outputs together
  double added = 0;   // of it, beyond the stage before; 0 or more, as a share of the last's
  std::optional<double> si_snr_db;  // against the references, mean over sources in the best order
  std::optional<double> cost_db;    // of SI-SNR, against the stage before
};

// A value's encoding or a convolution's integer weights, tried alone and left out alone.
struct Contributor {
  std::string name;  // of the node
  std::string
      kind;  // "value"; "operand": as convolutions of the chip read a float value; "weights"
  std::string coding;      // "u8", "i16", ...
  double only_snr_db = 0;  // of the outputs when nothing else is quantised
  double share = 0;        // error energy then, as a share of that of everything quantised
  bool only_in_combination = false;  // found by leaving out: alone it does little
  double without_snr_db = 0;         // when everything but this is quantised
  double gain_db = 0;                // what that is better by
  std::optional<double> gain_si_snr_db;
  std::string contradiction;  // numbers of its encoding that cannot be right
};

// Neighbours in the network that together cost too little to be taken apart.
struct RemainingGroup {
  std::string first;
  std::string last;
  int64_t items = 0;
  double share = 0;
};

struct BisectReport {
  std::vector<StageCost> stages;
  size_t costliest = 0;  // in `stages`
  // Of the quantised stage, costliest first.
  std::vector<Contributor> contributors;
  std::vector<RemainingGroup> remaining_groups;
  double without_contributors_snr_db = 0;  // all of them in float
  // Where the costliest stage is another: its values against the stage before, those that fall most
  // first.
  std::vector<ValueComparison> snr_drops;
  int64_t items = 0;    // encodings and weights there are
  int64_t trials = 0;   // measured now
  int64_t resumed = 0;  // known from an earlier run
  std::vector<std::vector<float>> original_outputs;
  std::vector<std::vector<float>> package_outputs;  // of the last stage
  std::vector<Note> notes;
};

struct BisectOptions {
  size_t contributors = 8;    // to find, at most
  double least_share = 0.01;  // groups below this share of the error are not taken apart
  int threads = 0;            // 0: as many as the process may use
  std::vector<std::vector<float>> references = {};  // one per source; empty: none
  // Keeps every measurement; a later run on the same networks, signal and references goes on from
  // there. Empty: nothing is kept.
  std::filesystem::path state = {};
};

// Before each trial: how many are done, and what is tried. False stops (kCancelled).
using BisectProgress = std::function<bool(int64_t trials, const std::string& what)>;

// `original` is A's imported graph and `package` B, both at the length of `inputs`; `package_hash`
// is Package::hash(). Groups of encodings are tried alone and halved, the costliest first, until
// single ones are found that cost more than any group left; so one contributor among n takes about
// 2 log2(n) runs. Where all of them alone do not explain half of the error, groups are left out
// instead, and halved the same way: what goes wrong only together is found so. Deterministic.
// Errors: kMismatch where A and B differ in inputs or outputs; kInvalidArgument for silent inputs
// and references of another number or length; those of loading and running; of writing the state.
Result<BisectReport> bisect(const Graph& original, const PackagedNetwork& package,
                            const std::string& package_hash, std::span<const ConstValues> inputs,
                            const BisectOptions& options = {},
                            const BisectProgress& progress = nullptr);

}  // namespace tessera
