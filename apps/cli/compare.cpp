// tessera compare: two networks value by value.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "base/counted.h"
#include "cli/backend_words.h"
#include "cli/command.h"
#include "cli/compared_models.h"
#include "cli/comparison_text.h"
#include "cli/output_files.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "evidence/documents.h"
#include "report/comparison_drawing.h"
#include "tessera/file.h"

namespace tessera::cli {
namespace {

constexpr size_t kWorstRows = 15;
// What one step may lose beside what was lost before without being flagged. From an exact value any
// rounding is a long way down: that is no fall.
constexpr double kFlaggedFallDb = 10;
constexpr double kFlaggedSnrDb = 60;
constexpr double kNearlyExactDb = 80;

struct CompareArguments {
  ComparedModelOptions a;
  ComparedModelOptions b;
  ComparedInputs inputs;
  BackendChoice both;  // of networks that choose none
  std::string drawing;
  bool all = false;
  bool force = false;
};

bool flagged(const ValueComparison& value) {
  const double snr = value.difference.snr_db;
  return value.snr_drop_db >= kFlaggedFallDb && snr < kFlaggedSnrDb &&
         snr + value.snr_drop_db < kNearlyExactDb;
}

void add_value_row(Table& table, const ValueComparison& value) {
  table.add_row({compared_name(value.name, value.how), value.op,
                 fmt::format("{}", fmt::join(value.roles, ", ")), value.coding,
                 decibels(value.difference.snr_db),
                 value.snr_drop_db >= 0.05 ? fmt::format("{:.1f}", value.snr_drop_db) : "",
                 fmt::format("{:.6f}", value.cosine),
                 fmt::format("{:.3g}", value.difference.max_abs),
                 fmt::format("{:.3g}", value.difference.peak), flagged(value) ? "falls" : ""});
}

void print_report(const ComparisonReport& report, bool all, Console& console) {
  Table table;
  table.add_columns({"value", "op", "role", "B"});
  table.add_columns({"SNR dB", "falls by", "cosine", "max abs", "peak"}, Table::Align::right);
  table.add_column("");
  const std::vector<size_t> worst = report.worst_first();
  if (all) {
    for (const ValueComparison& value : report.values) add_value_row(table, value);
  } else {
    if (worst.size() > kWorstRows)
      console.print("the {} worst of {} values (--all: every value, in order)\n", kWorstRows,
                    worst.size());
    for (size_t i = 0; i < std::min(kWorstRows, worst.size()); ++i)
      add_value_row(table, report.values[worst[i]]);
  }
  table.add_rule();
  for (const ValueComparison& value : report.outputs) add_value_row(table, value);
  console.print("{}", table.to_string());
}

Document value_document(const ValueComparison& value) {
  Document document = documents::of(value);
  document["flagged"] = flagged(value);
  return document;
}

// What is chosen for both, where a network chooses nothing else.
ComparedModelOptions with_backend(ComparedModelOptions model, const BackendChoice& both) {
  if (model.backend == kAutoBackend) model.backend = both.name;
  model.host = both.host;
  model.allow_fallback = both.allow_fallback;
  return model;
}

Result<Document> run_compare(const CompareArguments& options, Console& console) {
  TESSERA_TRY_VOID(check_outputs(
      {{options.drawing, OutputFormat::svg}},
      file_names({options.a.path, options.b.path, options.inputs.signal}), options.force));
  TESSERA_TRY(const ComparedModels models,
              open_compared_models(with_backend(options.a, options.both),
                                   with_backend(options.b, options.both), options.inputs,
                                   options.both.threads, console));
  const std::vector<ConstValues> inputs(models.inputs.begin(), models.inputs.end());
  ComparisonReport report;
  {
    const Progress progress(console, "comparing");
    TESSERA_TRY(report, compare_values(models.a.network(), models.b.network(), inputs));
  }
  if (report.values.empty())
    console.warning("no inner value of one is known to be one of the other: only outputs compared");
  print_report(report, options.all, console);
  console.print("{} matched by {}; {} only in A, {} only in B; A on {} ({}), B on {} ({})\n",
                counted(report.values.size(), "value"), report.matched_by, report.a_only.size(),
                report.b_only.size(), models.a.by.chip_name(), models.a.arithmetic(),
                models.b.by.chip_name(), models.b.arithmetic());
  if (!options.drawing.empty()) {
    TESSERA_TRY_VOID(write_file_atomically(
        options.drawing,
        draw_comparison(report, fmt::format("{} against {}", options.b.path, options.a.path)),
        {.force = options.force}));
    console.print("drawn in {}\n", options.drawing);
  }
  Document document{{"a", options.a.path},
                    {"b", options.b.path},
                    {"backend_a", models.a.by.chip_name()},
                    {"backend_b", models.b.by.chip_name()},
                    {"arithmetic_a", models.a.arithmetic()},
                    {"arithmetic_b", models.b.arithmetic()},
                    {"signal", options.inputs.signal.empty() ? "noise" : options.inputs.signal},
                    {"matched_by", report.matched_by},
                    {"values", Document::array()},
                    {"outputs", Document::array()}};
  for (const ValueComparison& value : report.values)
    document["values"].push_back(value_document(value));
  for (const ValueComparison& value : report.outputs)
    document["outputs"].push_back(value_document(value));
  document["a_only"] = documents::of(report.a_only);
  document["b_only"] = documents::of(report.b_only);
  return document;
}

}  // namespace

Action define_compare(CommandLine& app) {
  auto options = std::make_shared<CompareArguments>();
  app.add_option("A", options->a.path, "A network: a model file or a package")
      ->required()
      ->type_name("FILE");
  app.add_option("B", options->b.path, "Another that should do the same")
      ->required()
      ->type_name("FILE");
  app.add_option("--model-arg", options->inputs.model_args,
                 "An argument of the constructor of model files (repeatable)")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  add_sensor_options(app, options->inputs.sensor);
  app.add_option(
         "--input", options->inputs.signal,
         "What both hear: an array, a recording or a file of sensor windows; default: noise")
      ->type_name("FILE.npy|FILE.npz|FILE.wav|FILE.csv|FILE.json|FILE.ts");
  add_window_options(app, options->inputs.windows);
  add_recording_options(app, options->inputs.recordings);
  app.add_option("--length", options->inputs.length,
                 "Input length of the noise; default: the one that a file fixes, or a package's "
                 "own, else 4 s")
      ->type_name("T");
  app.add_option("--backend-a", options->a.backend, "What evaluates A; auto: as --backend says")
      ->one_of(backends_or_auto())
      ->capture_default_str();
  app.add_option("--backend-b", options->b.backend, "What evaluates B")
      ->one_of(backends_or_auto())
      ->capture_default_str();
  add_network_backend_options(app, options->both);
  add_device_options(app, options->both);
  app.add_option("--svg", options->drawing, "Draw the SNR of every value along the network")
      ->type_name("FILE.svg");
  app.add_flag("--all", options->all, "Every value in the order of the network, not the worst");
  app.add_flag("--force", options->force, "Replace the drawing if it exists");
  app.footer(
      "SNR is the energy of A's value over that of the difference. 'falls by' is what a value\n"
      "loses against the worst of the values it is made from: where it is large, something\n"
      "happens. A package is evaluated whole, not piece by piece ('tessera verify' does that); on "
      "a\n"
      "chip its compiled pieces run, and what stays inside of them is not compared.\n\n"
      "Examples:\n"
      "  tessera compare net.pth net.tess --input mix.wav --svg compare.svg\n"
      "  tessera compare float.tess int8.tess --input mix.wav --all\n"
      "  tessera compare net.pth net.onnx --backend-b reference");
  return [options](Console& console) { return run_compare(*options, console); };
}

}  // namespace tessera::cli
