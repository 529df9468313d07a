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
};

// A folder's NAME_mix.wav with NAME_s1.wav .. NAME_s<n>.wav beside it (also .flac, .ogg), in order
// of their names. `sample_rate` in Hz: others are resampled; 0: as they are. Errors: kNotFound
// where there is no mixture or a source of one is missing; kMismatch for a source of another
// length; those of read_audio() and to_mono_input().
Result<std::vector<Mixture>> read_mixtures(const std::filesystem::path& folder, int n_src,
                                           int sample_rate = 0);

}  // namespace tessera
