// tessera score: separated voices against their references.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/output_files.h"
#include "cli/progress.h"
#include "cli/recording_options.h"
#include "cli/table.h"
#include "evidence/documents.h"
#include "report/spectrogram.h"
#include "tessera/audio.h"
#include "tessera/file.h"
#include "tessera/metrics.h"

namespace tessera::cli {
namespace {

struct ScoreArguments {
  std::vector<std::string> estimates;
  std::vector<std::string> references;
  std::string mixture;
  RecordingOptions recordings;
  std::string picture;
  bool force = false;
};

// The signals to compare, of one rate and one length.
struct Signals {
  int sample_rate = 0;
  std::vector<std::vector<float>> estimates;
  std::vector<std::vector<float>> references;
  std::vector<float> mixture;
};

// One channel of a file. A score compares sample by sample, so nothing is resampled or cut: the
// first file decides the rate and length of all.
Result<std::vector<float>> read_signal(const std::string& path, const RecordingOptions& options,
                                       Signals& signals, Console& console) {
  TESSERA_TRY(const ChannelPolicy policy, parse_channel_policy(options.channel));
  TESSERA_TRY(const AudioReadOptions reading, options.reading());
  TESSERA_TRY(const AudioBuffer audio, read_audio(path, reading));
  if (signals.sample_rate == 0) signals.sample_rate = audio.sample_rate;
  if (audio.sample_rate != signals.sample_rate) {
    return TESSERA_ERROR(kMismatch, path,
                         fmt::format("has {} samples a second, the first reference {}",
                                     audio.sample_rate, signals.sample_rate),
                         "bring both to one rate first");
  }
  TESSERA_TRY(MonoInput mono, to_mono_input(audio, audio.sample_rate, policy, path));
  for (const std::string& step : mono.steps) console.note(fmt::format("{}: {}", path, step));
  if (!signals.references.empty() && mono.samples.size() != signals.references.front().size()) {
    return TESSERA_ERROR(kMismatch, path,
                         fmt::format("has {} samples, the first reference {}", mono.samples.size(),
                                     signals.references.front().size()),
                         "cut or pad both to one length first");
  }
  return std::move(mono.samples);
}

Result<Signals> read_signals(const ScoreArguments& options, Console& console) {
  const RecordingOptions& recordings = options.recordings;
  Signals signals;
  for (const std::string& path : options.references) {
    TESSERA_TRY(std::vector<float> signal, read_signal(path, recordings, signals, console));
    signals.references.push_back(std::move(signal));
  }
  for (const std::string& path : options.estimates) {
    TESSERA_TRY(std::vector<float> signal, read_signal(path, recordings, signals, console));
    signals.estimates.push_back(std::move(signal));
  }
  if (!options.mixture.empty()) {
    TESSERA_TRY(signals.mixture, read_signal(options.mixture, recordings, signals, console));
  }
  return signals;
}

// The metrics name "estimate 2"; people know it by its path.
Error with_path(Error error, const ScoreArguments& options) {
  const auto replace = [&](std::string_view kind, const std::vector<std::string>& paths) {
    for (size_t i = 0; i < paths.size(); ++i) {
      if (error.subject == fmt::format("{} {}", kind, i + 1)) error.subject = paths[i];
    }
  };
  replace("estimate", options.estimates);
  replace("reference", options.references);
  if (error.subject == "mixture") error.subject = options.mixture;
  return error;
}

std::string score_text(std::optional<double> value, bool with_sign = false) {
  if (!value) return "";
  if (std::isinf(*value)) return *value > 0 ? "infinite" : "-infinite";
  return with_sign ? fmt::format("{:+.2f}", *value) : fmt::format("{:.2f}", *value);
}

std::string table_of(const SeparationScore& score, const ScoreArguments& options) {
  const bool improvement = score.mean_si_snr_improvement_db.has_value();
  Table table;
  table.add_columns({"reference", "estimate"});
  table.add_column("SI-SNR", Table::Align::right);
  if (improvement) table.add_column("better by", Table::Align::right);
  table.add_column("SDR", Table::Align::right);
  if (improvement) table.add_column("better by", Table::Align::right);
  table.add_column("SNR", Table::Align::right);
  const auto add = [&](std::string reference, std::string estimate, const SourceScore& s) {
    std::vector<std::string> cells = {std::move(reference), std::move(estimate),
                                      score_text(s.si_snr_db)};
    if (improvement) cells.push_back(score_text(s.si_snr_improvement_db, true));
    cells.push_back(score_text(s.sdr_db));
    if (improvement) cells.push_back(score_text(s.sdr_improvement_db, true));
    cells.push_back(score_text(s.snr_db));
    table.add_row(std::move(cells));
  };
  for (size_t r = 0; r < score.sources.size(); ++r) {
    const auto e = static_cast<size_t>(score.sources[r].estimate);
    add(options.references[r], options.estimates[e], score.sources[r]);
  }
  table.add_rule();
  add("mean", "",
      {0, score.mean_si_snr_db, score.mean_sdr_db, score.mean_snr_db,
       score.mean_si_snr_improvement_db, score.mean_sdr_improvement_db});
  return table.to_string();
}

Document document_of(const SeparationScore& score, const Signals& signals,
                     const ScoreArguments& options) {
  Document document = {{"sample_rate", signals.sample_rate},
                       {"samples", signals.references.front().size()}};
  document.update(documents::of(score));
  for (size_t r = 0; r < score.sources.size(); ++r) {
    Document& source = document["sources"][r];
    source["reference"] = options.references[r];
    source["estimate"] = options.estimates[static_cast<size_t>(score.sources[r].estimate)];
  }
  return document;
}

// SI-SNR and SDR do not see the sign of an estimate; who listens to it with others, or takes it
// from the mixture, does.
bool sign_is_turned(const SeparationScore& score, const Signals& signals, size_t reference) {
  const SourceScore& source = score.sources[reference];
  const std::vector<float>& truth = signals.references[reference];
  const std::vector<float>& estimate = signals.estimates[static_cast<size_t>(source.estimate)];
  const double product = std::inner_product(truth.begin(), truth.end(), estimate.begin(), 0.0);
  return product < 0 && source.si_snr_db > 0;
}

std::string file_name(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

// Each estimate beside the reference it was assigned to, the mixture above.
Result<void> write_picture(const SeparationScore& score, const Signals& signals,
                           const ScoreArguments& options) {
  const auto panel = [&](std::string title, const std::vector<float>& samples) {
    return SpectrogramPanel{std::move(title), samples, signals.sample_rate};
  };
  std::vector<SpectrogramPanel> estimates;
  std::vector<SpectrogramPanel> references;
  for (size_t r = 0; r < score.sources.size(); ++r) {
    const SourceScore& source = score.sources[r];
    const auto e = static_cast<size_t>(source.estimate);
    std::string title = fmt::format("estimate {}: {}, SI-SNR {:.1f} dB", e + 1,
                                    file_name(options.estimates[e]), source.si_snr_db);
    if (source.si_snr_improvement_db) {
      title += fmt::format(" ({:+.1f})", *source.si_snr_improvement_db);
    }
    estimates.push_back(panel(std::move(title), signals.estimates[e]));
    references.push_back(
        panel(fmt::format("reference {}: {}", r + 1, file_name(options.references[r])),
              signals.references[r]));
  }
  const SpectrogramFigure figure = separation_figure(
      "", panel("mixture: " + file_name(options.mixture), signals.mixture), estimates, references);
  return write_spectrogram_png(options.picture, figure, {.force = options.force});
}

Result<Document> run_score(const ScoreArguments& options, Console& console) {
  TESSERA_TRY_VOID(check_outputs(
      {{options.picture, OutputFormat::png}},
      file_names({options.mixture}, {options.estimates, options.references}), options.force));
  TESSERA_TRY(const Signals signals, read_signals(options, console));
  auto score = [&] {
    const Progress progress(console, "scoring");
    return score_separation(signals.estimates, signals.references, signals.mixture);
  }();
  if (!score) return with_path(std::move(score).error(), options);
  console.print(
      "{}\nAll in dB. Estimates are assigned to references for the largest mean SI-SNR.\n"
      "SDR is that of BSS-eval (512-tap filter), SNR the plain ratio.\n",
      table_of(*score, options));
  Document document = document_of(*score, signals, options);
  for (size_t r = 0; r < score->sources.size(); ++r) {
    const bool turned = sign_is_turned(*score, signals, r);
    document["sources"][r]["sign_turned"] = turned;
    if (!turned) continue;
    console.note(fmt::format("{} has the opposite sign of {}",
                             options.estimates[static_cast<size_t>(score->sources[r].estimate)],
                             options.references[r]));
  }
  if (!options.picture.empty()) {
    TESSERA_TRY_VOID(write_picture(*score, signals, options));
    console.print("Spectrograms are in {}\n", options.picture);
    document["picture"] = options.picture;
  }
  return document;
}

}  // namespace

Action define_score(CommandLine& app) {
  auto options = std::make_shared<ScoreArguments>();
  app.add_option("--estimate", options->estimates, "Separated voices, in any order")
      ->required()
      ->type_name("FILE...");
  app.add_option("--reference", options->references, "The true voices")
      ->required()
      ->type_name("FILE...");
  app.add_option("--mixture", options->mixture, "What was separated: adds the improvement over it")
      ->type_name("FILE");
  add_recording_options(app, options->recordings);
  app.add_option("--picture", options->picture, "Also draw spectrograms of all signals")
      ->type_name("FILE.png");
  app.add_flag("--force", options->force, "Replace the picture if it is there");
  app.footer(
      "Examples:\n"
      "  tessera score --estimate out/mix_s1.wav out/mix_s2.wav --reference s1.wav s2.wav\n"
      "  tessera score --estimate a.wav b.wav --reference s1.wav s2.wav --mixture mix.wav \\\n"
      "    --picture voices.png");
  return [options](Console& console) { return run_score(*options, console); };
}

}  // namespace tessera::cli
