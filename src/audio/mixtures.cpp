#include "tessera/mixtures.h"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "tessera/audio.h"
#include "tessera/mono_input.h"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = "_mix";

Result<std::vector<float>> samples_of(const fs::path& path, int sample_rate) {
  TESSERA_TRY(const AudioBuffer audio, read_audio(path));
  TESSERA_TRY(MonoInput mono,
              to_mono_input(audio, sample_rate > 0 ? sample_rate : audio.sample_rate,
                            ChannelPolicy{}, path.string()));
  return std::move(mono.samples);
}

Result<std::vector<fs::path>> mixes_of(const fs::path& folder) {
  std::vector<fs::path> mixes;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const fs::path& path = at->path();
    const std::string extension = path.extension().string();
    const bool sound = extension == ".wav" || extension == ".flac" || extension == ".ogg";
    if (sound && path.stem().string().ends_with(kMark)) mixes.push_back(path);
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

Result<std::vector<Mixture>> read_mixtures(const fs::path& folder, int n_src, int sample_rate) {
  TESSERA_TRY(const std::vector<fs::path> mixes, mixes_of(folder));
  std::vector<Mixture> mixtures;
  for (const fs::path& path : mixes) {
    Mixture mixture;
    mixture.name = path.stem().string();
    mixture.name.resize(mixture.name.size() - kMark.size());
    TESSERA_TRY(mixture.mix, samples_of(path, sample_rate));
    for (int i = 1; i <= n_src; ++i) {
      const fs::path source =
          folder / fmt::format("{}_s{}{}", mixture.name, i, path.extension().string());
      TESSERA_TRY(std::vector<float> samples, samples_of(source, sample_rate));
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
