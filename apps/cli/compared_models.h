// The two models that compare and bisect compare, and what they hear.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/model_options.h"
#include "cli/recording_options.h"
#include "cli/window_options.h"
#include "tessera/compiler/verify.h"
#include "tessera/result.h"

namespace tessera::cli {

struct ComparedModelOptions {
  std::string path;
  std::string backend{kAutoBackend};
  std::string host = {};  // of host steps, as BackendChoice::host
  bool allow_fallback = false;
};

// A model with the backend that runs it.
struct ComparedModel {
  LoadedNetwork loaded;
  NetworkBackends by;

  std::string_view arithmetic() const { return to_string(by.chip().arithmetic()); }
  const Graph& graph() const { return loaded.graph(); }
  ComparedNetwork network() const;
};

// What both models are read with, and what they hear.
struct ComparedInputs {
  std::vector<std::string> model_args;
  ModelOptions sensor = {};  // --sensor and --devices alone
  std::string signal;        // a .npy, an .npz, a recording, a file of sensor windows; empty: noise
  RecordingOptions recordings;
  WindowChoice windows;
  std::optional<int64_t> length;
};

struct ComparedModels {
  ComparedModel a;
  ComparedModel b;
  std::vector<std::vector<float>> inputs;
};

// Both at the length of the signal, else at the length given, else at a package's own. Noise where
// there is no signal, which is noted.
Result<ComparedModels> open_compared_models(const ComparedModelOptions& a,
                                            const ComparedModelOptions& b,
                                            const ComparedInputs& inputs, int threads,
                                            Console& console);

}  // namespace tessera::cli
