#include "evaluate/item_scores.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "base/system_error.h"

namespace tessera {
namespace {

struct ItemSignals {
  AudioBuffer mixture;  // one channel
  std::vector<std::vector<float>> sources;
};

// Errors name the file.
Result<AudioBuffer> read_one_channel(const std::filesystem::path& path,
                                     const ItemReading& reading) {
  TESSERA_TRY(const AudioBuffer audio,
              read_audio(path, {.allow_truncated = reading.allow_truncated}));
  TESSERA_TRY(MonoInput mono,
              to_mono_input(audio, audio.sample_rate, reading.channels, path.string()));
  return AudioBuffer{audio.sample_rate, {std::move(mono.samples)}};
}

Result<ItemSignals> read_signals(const DataSetItem& item, const ItemReading& reading) {
  ItemSignals signals;
  TESSERA_TRY(signals.mixture, read_one_channel(item.mixture, reading));
  const AudioBuffer& mixture = signals.mixture;
  if (item.frames && *item.frames != mixture.frames()) {
    return TESSERA_ERROR(
        kMismatch, item.mixture.string(),
        fmt::format("has {} samples, the metadata says {}", mixture.frames(), *item.frames),
        "mend the table, or make the data set again");
  }
  for (const std::filesystem::path& path : item.sources) {
    TESSERA_TRY(AudioBuffer source, read_one_channel(path, reading));
    if (source.sample_rate != mixture.sample_rate) {
      return TESSERA_ERROR(
          kMismatch, path.string(),
          fmt::format("has {} Hz, its mixture {} Hz", source.sample_rate, mixture.sample_rate),
          "bring all files of a mixture to one rate");
    }
    if (source.frames() != mixture.frames()) {
      return TESSERA_ERROR(
          kMismatch, path.string(),
          fmt::format("has {} samples, its mixture {}", source.frames(), mixture.frames()),
          "give sources as long as their mixture");
    }
    signals.sources.push_back(std::move(source.channels[0]));
  }
  return signals;
}

// The metrics name "reference 2"; people know it by its path.
Error named_by_files(Error error, const DataSetItem& item) {
  for (size_t s = 0; s < item.sources.size(); ++s) {
    if (error.subject == fmt::format("reference {}", s + 1))
      error.subject = item.sources[s].string();
  }
  if (error.subject == "mixture") error.subject = item.mixture.string();
  if (error.subject.starts_with("estimate"))
    error.subject = fmt::format("{}: {}", item.mixture.string(), error.subject);
  return error;
}

}  // namespace

Result<std::string> stamp_of(const DataSetItem& item) {
  std::string stamp;
  const auto add = [&](const std::filesystem::path& path) -> Result<void> {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return system_error(errno, path.string(), "read");
    stamp += fmt::format("{}{}@{}.{:09}", stamp.empty() ? "" : " ", info.st_size,
                         info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
    return {};
  };
  TESSERA_TRY_VOID(add(item.mixture));
  for (const std::filesystem::path& source : item.sources) TESSERA_TRY_VOID(add(source));
  return stamp;
}

Result<ItemAudio> separate_item(const DataSetItem& item, const ItemReading& reading,
                                std::span<Separator> networks) {
  TESSERA_TRY(ItemSignals signals, read_signals(item, reading));
  ItemAudio audio;
  audio.sample_rate = signals.mixture.sample_rate;
  for (Separator& network : networks) {
    TESSERA_TRY(Separation separated, network.separate(signals.mixture, item.mixture.string()));
    audio.voices.push_back(std::move(separated.voices));
    for (Note& note : separated.notes) {
      if (note.severity == NoteSeverity::warning) audio.warnings.insert(std::move(note.text));
    }
  }
  audio.mixture = std::move(signals.mixture.channels[0]);
  audio.sources = std::move(signals.sources);
  return audio;
}

Result<ItemScores> score_item(const DataSetItem& item, const ItemReading& reading,
                              std::span<Separator> networks) {
  TESSERA_TRY(ItemAudio audio, separate_item(item, reading, networks));
  ItemScores scores{audio.sample_rate, static_cast<int64_t>(audio.mixture.size()), {}, {}};
  scores.warnings = std::move(audio.warnings);
  for (const std::vector<std::vector<float>>& voices : audio.voices) {
    Result<SeparationScore> score = score_separation(voices, audio.sources, audio.mixture);
    if (!score) return named_by_files(std::move(score).error(), item);
    scores.models.push_back(std::move(score).value());
  }
  return scores;
}

}  // namespace tessera
