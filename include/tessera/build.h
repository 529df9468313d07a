// build: a trained network's file in, one package out. The stages in order are the program:
// import -> freeze -> streams -> rewrite -> plan -> quantize -> compile -> verify -> save.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/compiler/calibrate.h"
#include "tessera/compiler/chip_placement.h"
#include "tessera/compiler/import.h"
#include "tessera/compiler/plan.h"
#include "tessera/compiler/quantize.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/compiler/tune.h"
#include "tessera/package.h"
#include "tessera/result.h"

namespace tessera {

enum class BuildStage : uint8_t {
  import,
  freeze,         // with frozen norms: which, and their constants
  channel_basis,  // with integers: residual streams that need another basis
  rewrite,
  plan,
  quantize,  // with integers
  compile,
  verify,
  save
};
std::string_view to_string(BuildStage stage);
// What a stage leaves in BuildOptions::dump_folder: "rewrite.graph" is the network as that stage
// left it (docs/graph_text.md), "plan.json", "quantize.json" (encodings), "compile.json" (places on
// the chip) and so on what a package holds. Empty: nothing.
std::string stage_file(BuildStage stage);

// Called when a stage begins and when it has ended; not at its end when it fails.
struct StageEvent {
  BuildStage stage = BuildStage::import;
  bool ended = false;
  double seconds = 0;  // that it took
  std::string text;    // what came of it, one line: "251 nodes, 32 000 samples at 8 000 Hz"
};
using StageCallback = std::function<void(const StageEvent& event)>;

// How far the stage in hand is, 0..1, where it takes long: quantize. False stops (kCancelled).
using StageProgress = std::function<bool(double fraction)>;

struct BuildOptions {
  ImportOptions import;
  std::filesystem::path target;                        // a target file
  std::map<std::string, std::string> target_settings;  // what with_settings() changes in it
  NormMode norm = NormMode::exact;
  double norm_loss_db = 0.2;  // NormMode::budget: SI-SNR that frozen norms may cost in all
  // NormMode::frozen: by name of the norm; empty: taken from the calibration.
  std::map<std::string, NormConstants> frozen_norms;
  CalibrationConfig calibration;  // what the network will hear: for frozen norms and integers
  PlanOptions plan;
  std::optional<IntegerOptions> integers;  // none: everything stays float
  // Bases of residual streams, by name of a stream's first value. None given: with integers, taken
  // from the calibration where they help.
  std::map<std::string, ChannelBasis> channel_bases;
  int threads = 0;  // of calibration and verification; 0: as many as the process may use
  std::filesystem::path output;       // the package; empty: not written
  bool force = false;                 // replace a file that is there
  std::filesystem::path dump_folder;  // made if missing; for stage_file() of every stage that ran
  StageProgress progress;
};

struct Built {
  Package package;
  std::optional<FrozenNormsPoint> frozen_norms;   // where calibration chose them
  std::vector<ChannelBasisChoice> channel_bases;  // of streams that are in another basis now
  RewriteLog rewritten;
  Plan plan;
  Cost cost;  // of the plan, with the bytes of those values that got 16 bits
  ChipPlacement placement;
  // Of the model: what its file did not tell and was assumed; of the plan: what the host got
  // because no segment could hold it; of the calibration: what was resampled, mixed down or left
  // out; of integers: what they cannot keep.
  std::vector<Note> notes;
};

// The same file, options and machine give the same bytes. Errors: those of every stage;
// kInvalidArgument for frozen norms without calibration; kUnsupported where something is left that
// a legal graph must not have; kMismatch when the stitched pieces do not compute the network.
Result<Built> build(const std::filesystem::path& model, const BuildOptions& options,
                    const StageCallback& observer = {});

// The stages up to `last`, for what they say and leave in the dump folder; no package unless `last`
// is save. Returns the notes so far. Errors: those of build(); kInvalidArgument where `last` is no
// stage of this build, as quantize is not without integers.
Result<std::vector<Note>> build_until(const std::filesystem::path& model,
                                      const BuildOptions& options, BuildStage last,
                                      const StageCallback& observer = {});

}  // namespace tessera
