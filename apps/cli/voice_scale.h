// The level that voices are written at.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "tessera/result.h"

namespace tessera::cli {

struct VoiceScale {
  bool to_mixture = false;  // --rescale: to the mixture's level, whatever comes of it
  bool keep = false;        // --keep-scale: the network's own
  bool holds_any = false;   // the files are of floats: nothing is clipped
};

// What was scaled unasked, to be told when all recordings are done: each is told where they are
// few, all in one line where they are many.
class ScaleNotes {
 public:
  void add(std::string path, float peak, double factor);
  // `reason` is what stands between the peak and the factor of one, `advice` what avoids it.
  std::vector<std::string> lines(std::string_view reason, std::string_view advice) const;

 private:
  struct Scaled {
    std::string path;
    float peak = 0;  // times full scale
    double factor = 1;
  };
  std::vector<Scaled> all_;
};

struct ScaledVoices {
  ScaleNotes to_mixture;        // by scale_voices
  ScaleNotes below_full_scale;  // by fit_full_scale

  std::vector<std::string> lines() const;
};

// Networks trained for SI-SNR give voices of any level. They are brought to the mixture's level on
// request, and where they would be clipped otherwise. Returns the factor. Errors: kInvalidArgument
// with `path` as the subject where a voice is NaN or infinite.
Result<double> scale_voices(std::span<std::vector<float>> voices, std::span<const float> mixture,
                            const VoiceScale& scale, const std::string& path, ScaledVoices& scaled);

// The mixture's level may be beyond full scale itself (recordings in floats), and resampling makes
// peaks a little higher: voices that would be clipped still are brought below it. Returns the
// factor, 1 where they fit or the user chose their scale. Errors: those of scale_voices.
Result<double> fit_full_scale(std::span<std::vector<float>> voices, const VoiceScale& scale,
                              const std::string& path, ScaledVoices& scaled);

}  // namespace tessera::cli
