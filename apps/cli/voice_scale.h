// The level that voices are written at.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/console.h"

namespace tessera::cli {

struct VoiceScale {
  bool to_mixture = false;  // --rescale: to the mixture's level, whatever comes of it
  bool keep = false;        // --keep-scale: the network's own
  bool holds_any = false;   // the files are of floats: nothing is clipped
};

// Networks trained for SI-SNR give voices of any level. They are brought to the mixture's level on
// request, and where they would be clipped otherwise. Returns the factor.
double scale_voices(std::span<std::vector<float>> voices, std::span<const float> mixture,
                    const VoiceScale& scale, const std::string& path, Console& console);

// The mixture's level may be beyond full scale itself (recordings in floats), and resampling makes
// peaks a little higher: voices that would be clipped still are brought below it. Returns the
// factor, 1 where they fit or the user chose their scale.
double fit_full_scale(std::span<std::vector<float>> voices, const VoiceScale& scale,
                      const std::string& path, Console& console);

}  // namespace tessera::cli
