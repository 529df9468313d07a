// One case, from its description to its finished folder.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "sweep/case_result.h"
#include "sweep/definition.h"
#include "tessera/compiler/target.h"
#include "tessera/result.h"
#include "vendor/hailo/dfc/dfc_case.h"
#include "vendor/vela/vela_case.h"

namespace tessera {

enum class CompilerKind : uint8_t {
  builtin,  // our own opinion of the target: check and placement
  dfc,      // Hailo's Dataflow Compiler
  vela,     // Arm's Vela
};
std::string_view to_string(CompilerKind kind);  // "builtin", "dfc", "vela"

struct SweepCompiler {
  CompilerKind kind = CompilerKind::builtin;
  std::string version;
  // How a vendor's compiler is called; its store of steps and its time limit are the run's.
  hailo::DfcOptions dfc;
  vela::VelaOptions vela;
};

// What all cases of a run share. References outlive the calls.
struct CaseContext {
  const SweepDefinition& definition;
  const Target& target;
  std::string target_hash;
  SweepCompiler compiler;
  std::filesystem::path cache;  // of results over runs; empty: none
  std::filesystem::path steps;  // of finished steps of a vendor's compiler
  std::function<bool()> is_cancelled = {};
};

// Translates, compiles as one piece, writes network.onnx, logs, what the compiler made,
// _compile_failure.txt and result.json into `folder`, which is empty. That a case fails, and that
// its network cannot be made, is a result. `from_cache` tells whether the result was known from an
// earlier run. Errors: kCancelled; kUnavailable where the compiler cannot be called; kIo, kNoSpace.
Result<CaseResult> run_case(const CaseContext& context, const SweepCase& one,
                            const std::filesystem::path& folder, bool* from_cache = nullptr);

}  // namespace tessera
