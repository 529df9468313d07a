// The two networks that compare and bisect put side by side, and what they hear.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/model_options.h"
#include "cli/recording_options.h"
#include "tessera/compiler/verify.h"
#include "tessera/result.h"

namespace tessera::cli {

struct SideOptions {
  std::string path;
  std::string backend{kAutoBackend};
};

// A network ready to be compared.
struct Side {
  LoadedNetwork given;
  NetworkBackend by;

  const Graph& graph() const { return given.graph(); }
  ComparedNetwork network() const;
};

struct Sides {
  Side a;
  Side b;
  std::vector<std::vector<float>> inputs;
};

// Both at the length of `signal` (a .npy, an .npz, a recording), else at `length`, else at a
// package's own. Noise where there is no signal, which is noted.
Result<Sides> open_sides(const SideOptions& a, const SideOptions& b,
                         const std::vector<std::string>& model_args, const std::string& signal,
                         const RecordingOptions& recordings, std::optional<int64_t> length,
                         int threads, Console& console);

}  // namespace tessera::cli
