// An HN from a file: by itself, or inside a HAR with its weights.
#pragma once

#include <optional>
#include <string>

#include "tessera/result.h"
#include "vendor/hailo/hn/hn.h"
#include "vendor/hailo/hn/hn_weights.h"

namespace tessera::cli {

struct HnFile {
  Hn hn;
  std::optional<HnWeights> weights;
};

// `weights`: an .npz, or empty: those inside a HAR, where they are an .npz. Errors: those of the
// readers; kNotFound where a HAR holds no network.
Result<HnFile> open_hn(const std::string& path, const std::string& weights);

}  // namespace tessera::cli
