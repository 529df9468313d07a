// A package to Arm's compiler Vela and back: every piece becomes a compiled TensorFlow Lite file
// in it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tessera/compiler/target.h"
#include "tessera/package.h"
#include "tessera/result.h"
#include "vendor/vela/vela_case.h"

namespace tessera {

struct VelaCompileOptions {
  vela::VelaOptions compiler;
  std::string version;  // vela_version()
  int jobs = 1;
  std::filesystem::path folder;  // for the pieces' files; kept
};

struct VelaCompiled {
  struct Piece {
    std::string name;  // of the piece
    int64_t calls = 0;
    double modelled_s = 0;  // of one call, by the target's cost figures
    vela::VelaResult result;
  };
  std::vector<Piece> pieces;  // in the plan's order
  // The package with the compiled file of every piece that Vela took, and the record of all. Empty
  // where it took none.
  std::vector<uint8_t> package;

  int64_t refused() const;
  // Of a run over the sequence, on the chip alone: as Vela estimates it, and by the target's cost
  // figures. Of the pieces that have figures.
  double estimated_s() const;
  double modelled_s() const;
};

// Writes each piece in the integers of TensorFlow Lite and compiles it. A refusal is a result.
// Errors: kInvalidArgument for a package in float; those of Package::network(), export_tflite() and
// run_vela_case(), of the first piece that has one.
Result<VelaCompiled> compile_with_vela(const Package& package, const VelaCompileOptions& options);

}  // namespace tessera
