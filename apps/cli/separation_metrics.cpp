#include "cli/separation_metrics.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/output_files.h"
#include "cli/runtime_metrics.h"
#include "tessera/audio.h"
#include "tessera/metrics.h"

namespace tessera::cli {

void add_measure_options(CommandLine& app, MeasureOptions& options) {
  add_metrics_option(app, options.metrics);
  app.add_option("--reference", options.references,
                 "With --metrics, of one recording: a true voice (once for each); tells the SI-SNR")
      ->type_name("FILE.wav")
      ->allow_extra_args(false);
}

Result<void> check_measuring(const MeasureOptions& options, const std::string& model,
                             size_t recordings, bool force) {
  if (!options.references.empty() && options.metrics.empty()) {
    return TESSERA_ERROR(kInvalidArgument, "--reference", "is for what --metrics writes",
                         "give --metrics FILE.json, too, or use 'tessera score'");
  }
  if (!options.references.empty() && recordings != 1) {
    return TESSERA_ERROR(kInvalidArgument, "--reference",
                         fmt::format("gives the voices of one recording, not of {}", recordings),
                         "separate one recording, or use 'tessera score'");
  }
  return check_outputs({{options.metrics, OutputFormat::json}},
                       file_names({model}, {options.references}), force);
}

void measure(const Separation& separated, RuntimeMetrics& metrics) {
  metrics.add_run(separated.timing.network_seconds, separated.pieces);
  metrics.load_seconds += separated.timing.load_seconds;
  metrics.audio_seconds += static_cast<double>(separated.frames) / separated.sample_rate;
  if (separated.difference) {
    metrics.parity_max_abs =
        std::max(metrics.parity_max_abs.value_or(0), separated.difference->max_abs);
  } else if (separated.equal_codes) {
    metrics.parity_max_abs = 0;
  }
}

Result<void> score_voices(const MeasureOptions& options, const RecordingOptions& recordings,
                          int sample_rate, std::span<const std::vector<float>> voices,
                          RuntimeMetrics& metrics) {
  if (options.references.empty()) return {};
  TESSERA_TRY(const AudioReadOptions reading, recordings.reading());
  std::vector<std::vector<float>> references;
  for (const std::string& path : options.references) {
    TESSERA_TRY(const AudioBuffer audio, read_audio(path, reading));
    TESSERA_TRY(MonoInput mono, to_mono_input(audio, sample_rate, {}, path));
    references.push_back(std::move(mono.samples));
  }
  TESSERA_TRY(const SeparationScore score, score_separation(voices, references));
  for (const SourceScore& source : score.sources) metrics.si_snr_db.push_back(source.si_snr_db);
  return {};
}

}  // namespace tessera::cli
