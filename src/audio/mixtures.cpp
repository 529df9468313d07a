#include "tessera/metrics.h"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "audio/recordings.h"
#include "tessera/audio.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = "_mix";

Result<std::vector<float>> samples_of(const fs::path& path, const MixtureOptions& options,
                                      std::vector<std::string>& notes) {
  TESSERA_TRY(const AudioBuffer audio,
              read_audio(path, {.allow_truncated = options.allow_truncated}));
  const int rate = options.sample_rate > 0 ? options.sample_rate : audio.sample_rate;
  const ChannelPolicy mix{ChannelPolicy::Kind::kMix, 1};
  TESSERA_TRY(MonoInput mono, to_mono_input(audio, rate, mix, path.string()));
  for (const std::string& step : mono.steps)
    notes.push_back(fmt::format("{}: {}", path.string(), step));
  return std::move(mono.samples);
}

Result<std::vector<fs::path>> mixes_of(const fs::path& folder) {
  std::vector<fs::path> mixes;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const fs::path& path = at->path();
    const bool is_sound = has_recording_name(path) && !path.filename().string().starts_with('.');
    if (is_sound && path.stem().string().ends_with(kMark)) mixes.push_back(path);
  }
  if (error || mixes.empty()) {
    return TESSERA_ERROR(kNotFound, folder.string(),
                         error ? fmt::format("cannot be listed: {}", error.message())
                               : std::string("holds no mixture"),
                         "give a folder of NAME_mix.wav with NAME_s1.wav, NAME_s2.wav ... each");
  }
  std::sort(mixes.begin(), mixes.end());
  return mixes;
}

}  // namespace

Result<std::vector<Mixture>> read_mixtures(const fs::path& folder, int n_src,
                                           const MixtureOptions& options) {
  TESSERA_TRY(const std::vector<fs::path> mixes, mixes_of(folder));
  std::vector<Mixture> mixtures;
  for (const fs::path& path : mixes) {
    Mixture mixture;
    mixture.name = path.stem().string();
    mixture.name.resize(mixture.name.size() - kMark.size());
    TESSERA_TRY(mixture.mix, samples_of(path, options, mixture.notes));
    for (int i = 1; i <= n_src; ++i) {
      const fs::path source =
          folder / fmt::format("{}_s{}{}", mixture.name, i, path.extension().string());
      TESSERA_TRY(std::vector<float> samples, samples_of(source, options, mixture.notes));
      if (samples.size() != mixture.mix.size()) {
        return TESSERA_ERROR(
            kMismatch, source.string(),
            fmt::format("has {} samples, its mixture {}", samples.size(), mixture.mix.size()),
            "give sources as long as their mixture");
      }
      mixture.sources.push_back(std::move(samples));
    }
    mixtures.push_back(std::move(mixture));
  }
  return mixtures;
}

}  // namespace tessera
