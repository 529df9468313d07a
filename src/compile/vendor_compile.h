// A package to the vendor's compiler and back: every piece becomes a HAR and a HEF in it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "compile/joined_pieces.h"
#include "tessera/compiler/plan.h"
#include "tessera/package.h"
#include "tessera/result.h"
#include "vendor/hailo/dfc/dfc_case.h"

namespace tessera {

struct VendorCompileOptions {
  hailo::DfcOptions compiler;
  std::string version;  // dfc_version()
  int jobs = 1;
  int64_t samples = 64;       // that each piece is calibrated on
  hailo::ModelScript script;  // of every piece
  FileSharing sharing = FileSharing::fastest;
  std::filesystem::path folder;  // for what pieces are made of; kept
  std::function<bool(int64_t done, int64_t all)> on_window;
};

struct VendorCompiled {
  struct Piece {
    std::string name;  // of the piece
    hailo::DfcResult result;
  };
  std::vector<Piece> pieces;  // in the plan's order
  // Where none was refused: pieces that share a file, and those that were to and do not.
  std::vector<JoinedPieces> joined;
  std::vector<JoinedPieces> not_joined;
  // Of a run with the files that there are, and with a file for each piece.
  Cost cost;
  Cost cost_alone;
  // The package with both artifacts of every piece that the compiler took, those that share a file
  // with that, and the record of all. Empty where it took none.
  std::vector<uint8_t> package;

  int64_t refused() const;
};

// Plays the package's plan in float on the windows, writes each piece with what arrives at its
// inputs, and compiles it; where none is refused, compiles pieces again that are to share a file. A
// refusal is a result. Errors: those of Package::network(),
// gather_piece_samples() and run_dfc_case(), of the first piece that has one.
Result<VendorCompiled> compile_by_vendor(const Package& package,
                                         std::span<const std::vector<float>> windows,
                                         const VendorCompileOptions& options);

}  // namespace tessera
