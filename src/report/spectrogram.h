// A picture of sounds: spectrograms in rows of panels that share one time axis length and one
// colour scale.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "tessera/file.h"
#include "tessera/result.h"

namespace tessera {

struct SpectrogramPanel {
  std::string title;               // UTF-8; Latin letters are drawn, others appear as '?'
  std::span<const float> samples;  // full scale is -1 to 1; only read during the call
  int sample_rate = 0;             // Hz
};

struct SpectrogramFigure {
  std::string title;
  // The panels of a row share its width; rows have one height.
  std::vector<std::vector<SpectrogramPanel>> rows;
};

inline constexpr int kMaxSpectrogramPanels = 24;

// The usual figure: the mixture (left out if it has no samples) above one row per source, estimate
// beside reference. `references` may be empty; else references[k] belongs to estimates[k].
SpectrogramFigure separation_figure(std::string title, SpectrogramPanel mixture,
                                    std::span<const SpectrogramPanel> estimates,
                                    std::span<const SpectrogramPanel> references);

// Writes the figure as PNG. Levels are dB relative to a full-scale sine, over a range of 80 dB
// below the loudest point of all panels. Errors: kInvalidArgument for no panel, too many, one
// without samples or with NaN, or a rate below 1; those of write_file_atomically.
Result<void> write_spectrogram_png(const std::filesystem::path& path,
                                   const SpectrogramFigure& figure, WriteOptions options = {});

}  // namespace tessera
