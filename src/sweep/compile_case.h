// The compilers of cases: each takes a translated network as one piece and completes the result.
#pragma once

#include <filesystem>
#include <optional>

#include "sweep/case_calibration.h"
#include "sweep/run_case.h"
#include "tessera/compiler/plan.h"

namespace tessera {

struct CompileInput {
  const Graph& written;  // before it was translated
  const Graph& legal;
  std::optional<CaseCalibration> calibration;  // fitted to the network's input
  std::filesystem::path onnx;                  // the network, in the folder
  std::filesystem::path folder;
  std::string network;  // a name for the compiler: of the content, not of the case
};

// Sets hef, failure, violations, numbers and the names of files. Errors: those of run_case().
Result<void> compile_builtin(const CaseContext& context, const CompileInput& input,
                             CaseResult& result);
Result<void> compile_dfc(const CaseContext& context, const CompileInput& input, CaseResult& result);
Result<void> compile_vela(const CaseContext& context, const CompileInput& input,
                          CaseResult& result);
// Cut into tiles, played stitched, and compared with the whole: parity.json.
Result<void> compile_tiled(const CaseContext& context, const CompileInput& input,
                           int64_t tile_frames, bool alone, CaseResult& result);

// A plan of one piece that is the whole network, in one call, as a compiler without a planner gets
// it.
Plan plan_of_one_piece(const Graph& legal, const Target& target);

// What the target says of the network: violations, and the numbers that limits speak of.
void tell_check(const CheckReport& report, CaseResult& result);

}  // namespace tessera
