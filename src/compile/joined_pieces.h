// Pieces of a package that share a compiled file.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "compile/piece_samples.h"
#include "tessera/compiler/plan.h"
#include "tessera/result.h"
#include "vendor/hailo/dfc/dfc_case.h"

namespace tessera {

struct JoinedPieces {
  std::vector<std::string> pieces;    // names in the plan, in order of first use
  std::vector<std::string> networks;  // their names in the file
  hailo::DfcResult result;
  std::string reason;  // why they do not share a file after all
};

// A piece that was compiled alone.
struct CompiledPiece {
  std::string name;
  const hailo::DfcCase* network = nullptr;
  const std::vector<InputSamples>* samples = nullptr;
};

struct JoinOutcome {
  std::vector<JoinedPieces> joined;
  std::vector<JoinedPieces> not_joined;
};

// Lets the compiler join the pieces of each file of `files` that has several. A file that it
// refuses, or that needs more than one context, so that it would be loaded piecemeal at every call,
// is divided in two, until single pieces are left. `run` compiles cases, in their order. Errors:
// those of run_dfc_case() and of writing calibration into `folder`.
using RunCases =
    std::function<std::vector<Result<hailo::DfcResult>>(const std::vector<hailo::DfcCase>&)>;
Result<JoinOutcome> join_pieces(const std::vector<CompiledPiece>& pieces,
                                const std::vector<CompiledFile>& files, const RunCases& run,
                                const std::filesystem::path& folder);

// An .npz of samples by name of layer, [N, H, W, C]; all with as many as the one that has the most:
// others are repeated. Errors: those of writing.
struct LayerSamples {
  std::string layer;  // "NETWORK/input_layer1"
  const InputSamples* samples = nullptr;
};
Result<void> write_layer_samples(const std::vector<LayerSamples>& layers,
                                 const std::filesystem::path& path);

}  // namespace tessera
