// tessera bisect: where between a trained network and its package the quality goes.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/npy.h"
#include "cli/bisect_report.h"
#include "cli/command.h"
#include "cli/compared_models.h"
#include "cli/input_arrays.h"
#include "cli/interrupt.h"
#include "cli/output_files.h"
#include "cli/packaged_model.h"
#include "cli/progress.h"
#include "cli/rewrite_signal.h"
#include "evidence/documents.h"
#include "tessera/audio.h"
#include "tessera/compiler/bisect.h"
#include "tessera/file.h"

namespace tessera::cli {
namespace {

// Where a difference is laid for listening: half of full scale, by at most so many whole decibels.
constexpr double kDifferencePeak = 0.5;
constexpr double kMaxGainDb = 80;

struct BisectArguments {
  ComparedModelOptions a;
  ComparedModelOptions b;
  std::vector<std::string> model_args;
  std::string signal;
  std::vector<std::string> references;
  RecordingOptions recordings;
  ModelOptions sensor;  // --sensor and --devices alone
  WindowChoice windows;
  std::string folder;
  BisectOptions bisect;
  bool force = false;
};

struct BisectInputs {
  Graph original;
  PackagedNetwork package;
  std::string package_hash;
  std::vector<std::vector<float>> inputs;
};

// A warning where the package says that it was made from another file.
Result<void> compare_hashes(const BisectArguments& options, const Package& package,
                            Console& console) {
  if (is_package(options.a.path)) return {};
  std::error_code unknown;
  if (std::filesystem::is_fifo(options.a.path, unknown)) {
    return TESSERA_ERROR(kUnsupported, options.a.path, "is a pipe, which gives its bytes only once",
                         "save it to a file first");
  }
  TESSERA_TRY(const bool built_from_it, is_built_from(package, options.a.path));
  if (!built_from_it) {
    console.warning(
        fmt::format("{} was built from another file than {}: what that costs appears "
                    "as the cost of 'legal'",
                    options.b.path, options.a.path));
  }
  return {};
}

Result<BisectInputs> read_bisect_inputs(const BisectArguments& options, Console& console) {
  if (!is_package(options.b.path)) {
    return TESSERA_ERROR(kInvalidArgument, options.b.path, "is no package",
                         "bisect walks from a model to what 'tessera build' made of it");
  }
  TESSERA_TRY(const Package package, Package::open(options.b.path));
  TESSERA_TRY_VOID(compare_hashes(options, package, console));
  BisectInputs bisected;
  bisected.package_hash = package.hash();
  TESSERA_TRY(ImportedModel model, package.model());
  const auto at_length = [&](int64_t length) { return package.model(length); };
  WindowChoice windows = options.windows;
  windows.length_is_told = true;
  TESSERA_TRY(bisected.inputs, read_network_inputs(options.signal, model, options.recordings,
                                                   at_length, windows, console));
  const int64_t length = model.length_samples;
  TESSERA_TRY(bisected.package, package.network(length));
  ModelOptions of_a;
  if (!is_package(options.a.path)) {
    of_a = options.sensor;
    of_a.model_args = options.model_args;
  }
  of_a.path = options.a.path;
  of_a.length_samples = length;
  TESSERA_TRY(ImportedModel original, load_model(of_a, ImportNotes::warnings, console));
  bisected.original = std::move(original.graph);
  return bisected;
}

Result<std::vector<std::vector<float>>> read_references(const BisectArguments& options,
                                                        const ImportedModel& model,
                                                        Console& console) {
  std::vector<std::vector<float>> references;
  for (const std::string& path : options.references) {
    TESSERA_TRY(std::vector<float> samples, read_signal(path, model, options.recordings, console));
    references.push_back(std::move(samples));
  }
  return references;
}

// One row of a network's output: a source's samples.
struct VoiceDifference {
  std::string name;
  std::vector<float> difference;
};
std::vector<VoiceDifference> differences(const BisectReport& report, const Graph& graph) {
  std::vector<VoiceDifference> rows;
  for (size_t i = 0; i < report.original_outputs.size(); ++i) {
    const std::vector<float>& a = report.original_outputs[i];
    const std::vector<float>& b = report.package_outputs[i];
    const Shape& shape = graph.node(graph.outputs()[i].node).shape;
    const auto count = static_cast<size_t>(shape.c * shape.h);
    const size_t each = a.size() / count;
    for (size_t s = 0; s < count; ++s) {
      VoiceDifference row{
          fmt::format("difference_{}s{}", i > 0 ? fmt::format("o{}_", i + 1) : "", s + 1), {}};
      for (size_t t = s * each; t < (s + 1) * each; ++t) row.difference.push_back(a[t] - b[t]);
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

// Listenable: all sources with the same gain, a whole number of decibels.
double gain_for(const std::vector<VoiceDifference>& rows) {
  float peak = 0;
  for (const VoiceDifference& row : rows) {
    for (float x : row.difference) peak = std::max(peak, std::abs(x));
  }
  if (!(peak > 0)) return 0;
  return std::min(kMaxGainDb,
                  std::floor(20 * std::log10(kDifferencePeak / static_cast<double>(peak))));
}

Result<Document> write_differences(const BisectArguments& options, const BisectReport& report,
                                   const BisectInputs& bisected, Console& console) {
  const std::filesystem::path folder(options.folder);
  Document files = Document::array();
  const int rate = bisected.package.model.sample_rate.value_or(0);
  if (rate == 0) {
    for (size_t i = 0; i < report.original_outputs.size(); ++i) {
      std::vector<float> difference = report.original_outputs[i];
      for (size_t t = 0; t < difference.size(); ++t) difference[t] -= report.package_outputs[i][t];
      const Shape& shape = bisected.original.node(bisected.original.outputs()[i].node).shape;
      const std::filesystem::path path = folder / fmt::format("difference_{}.npy", i + 1);
      TESSERA_TRY_VOID(write_npy(path, std::vector<int64_t>{shape.c, shape.h, shape.w}, difference,
                                 {.force = true}));
      console.print("{}: A - B\n", path.string());
      files.push_back({{"path", path.string()}, {"gain_db", 0}});
    }
    return files;
  }
  std::vector<VoiceDifference> rows = differences(report, bisected.original);
  const double gain_db = gain_for(rows);
  const auto gain = static_cast<float>(std::pow(10.0, gain_db / 20));
  for (VoiceDifference& row : rows) {
    for (float& x : row.difference) x = std::isfinite(x) ? x * gain : 0.0F;
    const std::filesystem::path path = folder / (row.name + ".wav");
    TESSERA_TRY_VOID(write_audio(path, row.difference, rate, {.force = true}));
    console.print("{}: A - B, {:+.0f} dB\n", path.string(), gain_db);
    files.push_back({{"path", path.string()}, {"gain_db", gain_db}});
  }
  return files;
}

Result<Document> run_bisect(const BisectArguments& arguments, Console& console) {
  BisectArguments options = arguments;
  options.bisect.state = std::filesystem::path(options.folder) / "state.json";
  static constexpr std::string_view kFiles[] = {"state.json", "contributors.tsv", "report.json"};
  TESSERA_TRY_VOID(check_results_folder(options.folder, "a report and differences", kFiles,
                                        "state.json", options.force));
  TESSERA_TRY(const BisectInputs bisected, read_bisect_inputs(options, console));
  TESSERA_TRY(options.bisect.references, read_references(options, bisected.package.model, console));
  TESSERA_TRY_VOID(ensure_directory(options.folder));
  const std::vector<ConstValues> inputs(bisected.inputs.begin(), bisected.inputs.end());
  BisectReport report;
  {
    const Progress progress(console, "bisecting");
    const Interrupt interrupt;
    TESSERA_TRY(report, bisect(bisected.original, bisected.package, bisected.package_hash, inputs,
                               options.bisect,
                               [&](int64_t, const std::string&) { return !interrupt.wanted(); }));
  }
  for (const Note& note : report.notes) console.warning(note.text);
  print_bisect_report(report, console);
  const std::filesystem::path folder(options.folder);
  TESSERA_TRY_VOID(write_file_atomically(folder / "contributors.tsv", contributor_rows(report),
                                         {.force = true}));
  Document document{{"a", options.a.path},
                    {"b", options.b.path},
                    {"package_hash", bisected.package_hash},
                    {"signal", options.signal},
                    {"references", options.references}};
  document.update(documents::of(report));
  TESSERA_TRY(document["differences"], write_differences(options, report, bisected, console));
  TESSERA_TRY_VOID(
      write_file_atomically(folder / "report.json", json_text(document), {.force = true}));
  console.print(
      "{} measurements, {} of them from an earlier run; in {}: report.json, contributors.tsv\n",
      report.trials + report.resumed, report.resumed, options.folder);
  return document;
}

}  // namespace

Action define_bisect(CommandLine& app) {
  auto options = std::make_shared<BisectArguments>();
  app.add_option("A", options->a.path, "The trained network: a model file")
      ->required()
      ->type_name("FILE");
  app.add_option("B", options->b.path, "The package made from it")
      ->required()
      ->type_name("FILE.tess");
  app.add_option("--model-arg", options->model_args,
                 "An argument of the constructor of a model file (repeatable)")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  add_sensor_options(app, options->sensor);
  app.add_option("--input", options->signal,
                 "What both hear: a recording, an array or a file of sensor windows")
      ->required()
      ->type_name("FILE.wav|FILE.npy|FILE.npz|FILE.csv|FILE.json|FILE.ts");
  add_window_options(app, options->windows);
  app.add_option("--reference", options->references,
                 "The true sources: costs are told in SI-SNR against them, else in SNR over A")
      ->type_name("FILE...");
  add_recording_options(app, options->recordings);
  app.add_option("--contributors", options->bisect.contributors, "How many to find, at most")
      ->within(1, 1000)
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--least-share", options->bisect.least_share,
                 "Groups that cause less of the error than this are not taken apart")
      ->within(0.0, 1.0)
      ->capture_default_str();
  app.add_option("--threads", options->bisect.threads, "Threads; 0: as many as the process may use")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("-o,--output", options->folder, "Folder for the table and the difference")
      ->required()
      ->type_name("DIR");
  app.add_flag("--force", options->force, "Write into a folder that holds other files");
  app.footer(
      "Walks from A to what B computes: original, legal (rewritten), cut (piece by piece),\n"
      "quantised (rounded values and weights, in float), emulated (in integers). Then encodings\n"
      "are tried alone, by halves, the costliest first, until the contributors are single values "
      "or\n"
      "weights; each is also left out of an otherwise quantised network. The difference of the\n"
      "outputs is written to listen to. Interrupted, the same command goes on where it was.\n\n"
      "Examples:\n"
      "  tessera bisect net.pth net.tess --input mix.wav --reference s1.wav s2.wav -o bisect\n"
      "  tessera bisect encoder.onnx encoder.tess --input window.npy -o bisect");
  return [options](Console& console) { return run_bisect(*options, console); };
}

}  // namespace tessera::cli
