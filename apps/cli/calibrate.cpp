// tessera calibrate: what a network will hear, chosen and kept; what its values do then.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/counted.h"
#include "calibrate/calibration_data.h"
#include "cli/calibration_options.h"
#include "cli/command.h"
#include "cli/hints.h"
#include "cli/interrupt.h"
#include "cli/model_options.h"
#include "cli/output_files.h"
#include "cli/progress.h"
#include "cli/recording_options.h"
#include "cli/table.h"
#include "evidence/documents.h"
#include "tessera/compiler/calibrate.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/file.h"

namespace tessera::cli {
namespace {

constexpr size_t kStatisticsRows = 12;

struct CalibrateArguments {
  ModelOptions model;
  BackendChoice backend;
  std::vector<std::string> calibration;
  CalibrationConfig config;
  std::string length_policy = "error";
  WindowChoice windows;
  std::string output;
  std::string statistics;
  bool all = false;
  bool force = false;
};

// The windows and the network that hears them.
struct Prepared {
  Graph legal;
  CalibrationData data;
  CalibrationData::Origin origin;
};

Result<Prepared> prepare(const CalibrateArguments& options, Console& console) {
  ModelOptions for_model = options.model;
  if (is_package(options.model.path)) for_model.length_samples.reset();
  TESSERA_TRY(const ImportedModel model, load_model(for_model, ImportNotes::warnings, console));
  const int64_t frames = options.model.length_samples.value_or(calibration_frames(model));
  Prepared prepared;
  TESSERA_TRY(prepared.legal, model.network->instantiate(frames));
  TESSERA_TRY(const RewriteLog log, rewrite(prepared.legal));
  if (!log.not_legal.empty()) {
    return TESSERA_ERROR(kUnsupported, options.model.path, log.not_legal,
                         rule_reasons_hint(options.model.path));
  }
  CalibrationConfig config = options.config;
  config.sources.assign(options.calibration.begin(), options.calibration.end());
  config.length = length_policy(options.length_policy);
  config.columns = options.windows.column_list();
  config.hop_frames = options.windows.hop_frames;
  TESSERA_TRY(prepared.data, read_calibration_data(model, config, frames));
  TESSERA_TRY(prepared.origin, calibration_origin(config));
  if (prepared.origin.recordings.empty()) prepared.origin.recordings = prepared.data.recordings;
  for (const Note& note : prepared.data.notes) {
    if (note.severity == NoteSeverity::warning) {
      console.warning(note.text);
    } else {
      console.note(note.text);
    }
  }
  return prepared;
}

Result<CheckpointedStatistics> gather(const CalibrateArguments& options, const Prepared& prepared,
                                      Console& console) {
  TESSERA_TRY(const auto backend, open_backend(options.backend));
  QuantizeOptions everything;
  everything.encoder_in_integers = true;
  everything.masks_in_integers = true;
  Progress progress(console, "calibrating");
  const Interrupt interrupt;
  return calibrate_resumably(prepared.legal, everything, *backend, prepared.data.windows,
                             {.path = options.output + ".state"}, [&](int64_t done, int64_t all) {
                               progress.set(static_cast<double>(done) / static_cast<double>(all));
                               return !interrupt.wanted();
                             });
}

struct StatisticsRow {
  std::string name;
  std::string op;
  ValueSummary summary;

  // How far the ends reach beyond nearly all values: what 8 bits waste.
  double tail() const {
    const double most = std::max(-summary.low_percentile, summary.high_percentile);
    return most > 0 ? std::max(-summary.low, summary.high) / most : 0;
  }
};

std::vector<StatisticsRow> rows_of(const Graph& legal, const TensorStatistics& statistics) {
  std::vector<StatisticsRow> rows;
  for (NodeId id : legal.order()) {
    const Node& node = legal.node(id);
    const auto* channels = statistics.find(node.name);
    if (channels != nullptr) rows.push_back({node.name, op_name(node.op), summarize(*channels)});
  }
  return rows;
}

void print_rows(std::vector<StatisticsRow> rows, bool all, Console& console) {
  const size_t found = rows.size();
  if (!all && found > kStatisticsRows) {
    std::stable_sort(rows.begin(), rows.end(), [](const StatisticsRow& a, const StatisticsRow& b) {
      return a.tail() > b.tail();
    });
    rows.resize(kStatisticsRows);
    console.print("the {} of {} values with the longest tails (--all: every value)\n",
                  kStatisticsRows, found);
  }
  Table table;
  table.add_columns({"value", "op"});
  table.add_columns({"min", "0.1 %", "mean", "99.9 %", "max", "rms", "tail", "ch. ratio"},
                    Table::Align::right);
  for (const StatisticsRow& row : rows) {
    const ValueSummary& s = row.summary;
    std::vector<std::string> cells{printable(row.name), row.op};
    for (double number : {s.low, s.low_percentile, s.mean, s.high_percentile, s.high, s.rms,
                          row.tail(), s.channel_range_ratio})
      cells.push_back(fmt::format("{:.3g}", number));
    table.add_row(std::move(cells));
  }
  console.print("{}", table.to_string());
}

Document statistics_document(const std::vector<StatisticsRow>& rows) {
  Document values = Document::array();
  for (const StatisticsRow& row : rows) {
    Document value{{"name", row.name}, {"op", row.op}};
    value.update(documents::of(row.summary));
    value["tail"] = row.tail();
    values.push_back(std::move(value));
  }
  return values;
}

Result<Document> run_calibrate(const CalibrateArguments& options, Console& console) {
  TESSERA_TRY_VOID(
      check_outputs({{options.output, OutputFormat::npz}, {options.statistics, OutputFormat::json}},
                    file_names({options.model.path}, {options.calibration}), options.force));
  const auto begin = std::chrono::steady_clock::now();
  TESSERA_TRY(const Prepared prepared, prepare(options, console));
  TESSERA_TRY(const CheckpointedStatistics run, gather(options, prepared, console));
  for (const Note& note : run.notes) console.warning(note.text);
  std::string shapes;
  Document inputs = Document::array();
  for (const IoLayout& input : prepared.data.inputs) {
    shapes += (shapes.empty() ? "" : ", ") + to_string(input.shape);
    inputs.push_back(
        {{"name", input.name}, {"shape", {input.shape.c, input.shape.h, input.shape.w}}});
  }
  const auto windows = static_cast<int64_t>(prepared.data.windows.size());
  const std::vector<StatisticsRow> rows = rows_of(prepared.legal, run.statistics);
  Document document{{"model", options.model.path},
                    {"calibration", options.output},
                    {"windows", windows},
                    {"resumed", run.resumed},
                    {"inputs", std::move(inputs)},
                    {"seed", options.config.seed},
                    {"values", statistics_document(rows)}};
  if (prepared.data.inputs.size() == 1) document["input"] = document["inputs"][0]["shape"];
  // Both files, or none.
  std::optional<AtomicFile> statistics;
  if (!options.statistics.empty()) {
    TESSERA_TRY(statistics,
                write_sealed(options.statistics, json_text(document), {.force = options.force}));
  }
  TESSERA_TRY_VOID(write_calibration_windows(options.output, prepared.data.windows,
                                             prepared.data.inputs, prepared.origin,
                                             {.force = options.force}));
  if (statistics) TESSERA_TRY_VOID(statistics->commit());
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  document["seconds"] = seconds;
  print_rows(rows, options.all, console);
  console.print("{}: {} of {}{}, {:.1f} s\n", options.output, counted(windows, "window"), shapes,
                run.resumed > 0 ? fmt::format(", {} of them from an earlier run", run.resumed) : "",
                seconds);
  return document;
}

}  // namespace

Action define_calibrate(CommandLine& app) {
  auto options = std::make_shared<CalibrateArguments>();
  add_model_options(app, options->model, false);
  add_sensor_options(app, options->model);
  app.add_option("--length", options->model.length_samples,
                 "Frames of a window; default: a second, or the network's one length, which is "
                 "what 'tessera build' takes")
      ->positive()
      ->type_name("T");
  app.add_option("--calib", options->calibration,
                 "Recordings, folders of them, or windows (.npy, or .npz with an array for each "
                 "input; of sensors .csv, .json, .ts) of what the network will hear (repeatable)")
      ->required()
      ->type_name("PATH")
      ->allow_extra_args(false);
  app.add_option("--windows", options->config.count, "Windows to choose; fewer where there is less")
      ->within(1, 100000)
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--seed", options->config.seed, "Seed of the choice")
      ->type_name("N")
      ->capture_default_str();
  add_length_policy_option(app, options->length_policy);
  add_truncation_option(app, options->config.allow_truncated);
  add_array_option(app, options->config.array);
  add_window_options(app, options->windows);
  add_backend_options(app, options->backend);
  app.add_option("-o,--output", options->output, "Where to write the windows")
      ->required()
      ->type_name("FILE.npz");
  app.add_option("--stats", options->statistics, "Where to write what every value does")
      ->type_name("FILE.json");
  app.add_flag("--all", options->all, "A row for every value, in the order of the network");
  app.add_flag("--force", options->force, "Replace files that exist");
  app.footer(
      "Chooses windows of what the network will hear (silence is left out) and runs the network "
      "on\nthem. 'tessera build --calib FILE.npz' then makes the package that it would make of "
      "the\nrecordings. tail: how far the ends reach beyond 99.8 % of the values; ch. ratio: the "
      "widest\nchannel over the middle one. Interrupted, the same command goes on where it was "
      "(statistics\nlie in FILE.npz.state until then).\n\n"
      "Examples:\n"
      "  tessera calibrate net.pth --calib recordings -o calib.npz --stats stats.json\n"
      "  tessera calibrate net.pth --calib recordings --windows 128 --seed 7 -o calib.npz\n"
      "  tessera build net.pth --quantize int8 --calib calib.npz -o net.tess");
  return [options](Console& console) { return run_calibrate(*options, console); };
}

}  // namespace tessera::cli
