// Mixtures: recordings whose sources are known, to score a separator on.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tessera/result.h"

namespace tessera {

struct Mixture {
  std::string name;
  std::vector<float> mix;
  std::vector<std::vector<float>> sources;  // each as long as the mix
  std::vector<std::string> notes;           // what was done to its recordings
};

struct MixtureOptions {
  int sample_rate = 0;           // Hz: others are resampled; 0: as they are
  bool allow_truncated = false;  // as AudioReadOptions has it
};

// A folder's NAME_mix.wav with NAME_s1.wav .. NAME_s<n>.wav beside it (or other sound files, see
// has_recording_name), in order of their names. Several channels are mixed. Errors: kNotFound where
// there is no mixture or a source of one is missing; kMismatch for a source of another length;
// those of read_audio() and to_mono_input().
Result<std::vector<Mixture>> read_mixtures(const std::filesystem::path& folder, int n_src,
                                           const MixtureOptions& options = {});

}  // namespace tessera
