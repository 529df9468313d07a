// tessera tune: choices made by measuring. `norms`: what freezing norms costs and saves, one norm
// after the other.
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/counted.h"
#include "calibrate/calibration_data.h"
#include "cli/calibration_options.h"
#include "cli/command.h"
#include "cli/model_options.h"
#include "cli/output_files.h"
#include "cli/plan_options.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/target_options.h"
#include "graph/voices.h"
#include "report/curve_drawing.h"
#include "tessera/compiler/tune.h"
#include "tessera/file.h"
#include "tessera/metrics.h"
#include "tessera/session.h"

namespace tessera::cli {
namespace {

struct NormsArguments {
  ModelOptions model;
  std::string target = "hailo8";
  FrozenNormsOptions search;
  CalibrationChoice calibration;
  std::string mixtures;
  std::string drawing;
  int threads = 0;
  bool force = false;
};

using Constants = std::map<std::string, NormConstants>;

// SI-SNR improvement of a network, some of its norms frozen, over mixtures of any lengths.
class Scorer {
 public:
  Scorer(const ImportedModel& model, const Constants& constants, std::vector<Mixture> mixtures,
         Backend& backend)
      : model_(model), constants_(constants), mixtures_(std::move(mixtures)), backend_(backend) {}

  Result<double> improvement_db(const std::set<std::string>& frozen) const {
    double sum = 0;
    for (const Mixture& mixture : mixtures_) {
      TESSERA_TRY(Graph graph,
                  model_.network->instantiate(static_cast<int64_t>(mixture.mix.size())));
      TESSERA_TRY(graph, with_frozen_norms(std::move(graph), constants_, frozen));
      TESSERA_TRY(Session session, Session::create(graph, backend_));
      TESSERA_TRY(const auto outputs, session.run({ConstValues(mixture.mix)}));
      TESSERA_TRY(const VoiceLayout voices, voice_layout(graph));
      if (static_cast<size_t>(voices.count) != mixture.sources.size() ||
          static_cast<size_t>(voices.samples) != mixture.mix.size()) {
        return TESSERA_ERROR(
            kMismatch, mixture.name,
            fmt::format("{} of {} come out for {} of {}", counted(voices.count, "voice"),
                        counted(voices.samples, "sample"),
                        counted(mixture.sources.size(), "source"), mixture.mix.size()),
            "give mixtures that the network separates into sources of their own length");
      }
      std::vector<std::vector<float>> estimates;
      for (const std::span<const float> voice : voices_in(voices, outputs))
        estimates.emplace_back(voice.begin(), voice.end());
      TESSERA_TRY(const SeparationScore score,
                  score_separation(estimates, mixture.sources, mixture.mix));
      sum += score.mean_si_snr_improvement_db.value();
    }
    return sum / static_cast<double>(mixtures_.size());
  }

 private:
  const ImportedModel& model_;
  const Constants& constants_;
  std::vector<Mixture> mixtures_;
  Backend& backend_;
};

// A point of the curve and, where mixtures were given, how well it separates.
struct FrozenNormRow {
  std::string mode;
  FrozenNormsPoint point;
  std::optional<double> improvement_db;
  double loss_db = 0;  // measured on the mixtures, else estimated from the SNR
};

Result<std::vector<FrozenNormRow>> rows_of(const FrozenNormsCurve& curve, const Scorer* scorer) {
  std::vector<FrozenNormRow> rows;
  for (const FrozenNormsPoint& point : curve.points) {
    rows.push_back({rows.empty() ? "exact" : "budget", point, std::nullopt, point.loss_db});
  }
  if (curve.all.frozen != rows.back().point.frozen) {
    rows.push_back({"", curve.all, std::nullopt, curve.all.loss_db});
  }
  if (rows.size() > 1) rows.back().mode = "frozen";
  if (scorer == nullptr) return rows;
  for (FrozenNormRow& row : rows) {
    TESSERA_TRY(row.improvement_db, scorer->improvement_db(row.point.frozen));
    row.loss_db = *rows[0].improvement_db - *row.improvement_db;
  }
  return rows;
}

std::string snr_text(double snr_db) {
  return std::isfinite(snr_db) ? fmt::format("{:.1f}", snr_db) : "";
}

void print_rows(const std::vector<FrozenNormRow>& rows, Console& console) {
  Table table;
  table.add_column("--norm");
  table.add_columns({"frozen", "segments", "calls", "ms, estimated", "SNR dB", "estimated loss dB"},
                    Table::Align::right);
  const bool scored = rows[0].improvement_db.has_value();
  if (scored) {
    table.add_columns({"SI-SNRi dB", "loss dB"}, Table::Align::right);
  }
  for (const FrozenNormRow& row : rows) {
    const FrozenNormsPoint& point = row.point;
    std::vector<std::string> cells{row.mode,
                                   fmt::to_string(point.frozen.size()),
                                   fmt::to_string(point.segments),
                                   grouped(point.calls),
                                   fmt::format("{:.2f}", point.seconds * 1e3),
                                   snr_text(point.snr_db),
                                   fmt::format("{:.3f}", point.loss_db)};
    if (scored) {
      cells.push_back(fmt::format("{:.3f}", *row.improvement_db));
      cells.push_back(fmt::format("{:.3f}", row.loss_db));
    }
    table.add_row(std::move(cells));
  }
  console.print("{}", table.to_string());
}

Document document_of(const std::vector<FrozenNormRow>& rows) {
  Document points = Document::array();
  for (const FrozenNormRow& row : rows) {
    const FrozenNormsPoint& point = row.point;
    Document entry{{"mode", row.mode},
                   {"frozen", point.frozen},
                   {"segments", point.segments},
                   {"calls", point.calls},
                   {"chip_ms_estimated", point.seconds * 1e3},
                   {"estimated_loss_db", point.loss_db}};
    if (std::isfinite(point.snr_db)) entry["snr_db"] = point.snr_db;
    if (row.improvement_db) {
      entry["si_snr_improvement_db"] = *row.improvement_db;
      entry["loss_db"] = row.loss_db;
    }
    points.push_back(std::move(entry));
  }
  return points;
}

Result<void> draw(const NormsArguments& options, const std::vector<FrozenNormRow>& rows) {
  Curve curve;
  curve.title =
      fmt::format("{}: norms frozen, on {}",
                  std::filesystem::path(options.model.path).filename().string(), options.target);
  curve.x_axis = "ms on the chip and its link, estimated";
  curve.y_axis = rows[0].improvement_db ? "dB of SI-SNR lost, measured"
                                        : "dB of SI-SNR lost, estimated from the outputs' SNR";
  for (const FrozenNormRow& row : rows) {
    curve.points.push_back(
        {row.point.seconds * 1e3, std::fmax(0, row.loss_db),
         row.mode == "budget" ? fmt::to_string(row.point.frozen.size()) : row.mode,
         row.mode != "frozen"});
  }
  return write_file_atomically(options.drawing, draw_curve(curve), {.force = options.force});
}

// None where none are asked for.
Result<std::vector<Mixture>> mixtures_for(const NormsArguments& options, const ImportedModel& model,
                                          Console& console) {
  if (options.mixtures.empty()) return std::vector<Mixture>();
  if (model.n_src == 0) {
    return TESSERA_ERROR(kUnsupported, "--mixtures", "the network is not a known separator",
                         "leave it out: the loss is estimated from the outputs' SNR");
  }
  TESSERA_TRY(auto mixtures,
              read_mixtures(options.mixtures, model.n_src,
                            {.sample_rate = model.sample_rate.value_or(0),
                             .allow_truncated = options.calibration.config.allow_truncated}));
  for (const Mixture& mixture : mixtures) {
    for (const std::string& note : mixture.notes) console.note(note);
  }
  return mixtures;
}

Result<Document> run_norms(const NormsArguments& options, Console& console) {
  TESSERA_TRY_VOID(
      check_outputs({{options.drawing, OutputFormat::svg}},
                    file_names({options.model.path, options.target}, {options.calibration.files}),
                    options.force));
  TESSERA_TRY(const Target target, load_target(options.target));
  TESSERA_TRY(const ImportedModel model, load_model(options.model, ImportNotes::warnings, console));
  if (freezable_norms(model.graph).empty()) {
    console.note(
        "the network has no norm to freeze: none is over the whole sequence, or only the first");
  }
  TESSERA_TRY(std::vector<Mixture> mixtures, mixtures_for(options, model, console));
  TESSERA_TRY(const CalibrationData data,
              read_calibration_data(model, options.calibration.calibration()));
  for (const Note& note : data.notes) console.note(printable(note.text));
  TESSERA_TRY(const Graph windowed, model.network->instantiate(data.length));
  TESSERA_TRY(const auto backend, open_backend({.threads = options.threads}));
  NormCalibration statistics;
  FrozenNormsCurve curve;
  Constants constants;
  {
    const Progress progress(console, "freezing");
    TESSERA_TRY_VOID(statistics.observe(windowed, *backend, data.windows));
    constants = statistics.constants();
    TESSERA_TRY(curve, measure_frozen_norms(model.graph, windowed, target, constants, data.windows,
                                            options.search, *backend));
  }
  std::optional<Scorer> scorer;
  if (!mixtures.empty()) scorer.emplace(model, constants, std::move(mixtures), *backend);
  TESSERA_TRY(const std::vector<FrozenNormRow> rows, rows_of(curve, scorer ? &*scorer : nullptr));
  print_rows(rows, console);
  Document document{{"model", options.model.path},
                    {"target", target.name},
                    {"freezable", freezable_norms(model.graph)},
                    {"points", document_of(rows)}};
  if (!options.drawing.empty()) {
    TESSERA_TRY_VOID(draw(options, rows));
    console.print("drawn in {}\n", options.drawing);
    document["drawing"] = options.drawing;
  }
  return document;
}

}  // namespace

Action define_tune(CommandLine& tune) {
  CommandLine& app =
      *tune.add_subcommand("norms", "What freezing norms costs in dB and saves in time");
  auto options = std::make_shared<NormsArguments>();
  add_model_options(app, options->model, true);
  add_target_option(app, options->target);
  add_plan_options(app, options->search.plan);
  add_calibration_options(app, options->calibration,
                          "A recording, a folder of recordings or an array of what the network "
                          "will hear (repeatable)");
  app.get_option("--calib")->required();
  app.add_option("--mixtures", options->mixtures,
                 "Score every row on these: NAME_mix.wav with NAME_s1.wav, NAME_s2.wav ... each")
      ->type_name("DIR");
  app.add_option("--svg", options->drawing, "Also draw the curve: dB lost against estimated time")
      ->type_name("FILE.svg");
  app.add_flag("--force", options->force, "Overwrite the drawing");
  app.add_option("--threads", options->threads, "0: as many as the process may use")
      ->type_name("N")
      ->capture_default_str();
  app.footer(
      "A norm over the whole sequence makes the host wait for every tile; one whose statistics "
      "are\n"
      "frozen to what recordings had does not. Each row freezes the norm that saves most "
      "estimated\n"
      "time for the error it adds; the last freezes all. The first norm stays exact: it takes the\n"
      "level of the recording out. 'estimated loss' is what the SNR costs a separator of 15 dB.\n\n"
      "Examples:\n"
      "  tessera tune norms model.pth --calib recordings --svg curve.svg\n"
      "  tessera tune norms model.pth --calib recordings --mixtures held_out --json\n");
  return [options](Console& console) { return run_norms(*options, console); };
}

}  // namespace tessera::cli
