// tessera verify: the stitched run of a package or a plan beside the imported network, stage by
// stage, in float or in integers.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/counted.h"
#include "cli/command.h"
#include "cli/comparison_text.h"
#include "cli/equivalence_report.h"
#include "cli/hints.h"
#include "cli/input_arrays.h"
#include "cli/integer_report.h"
#include "cli/model_options.h"
#include "cli/plan_options.h"
#include "cli/progress.h"
#include "cli/rewrite_signal.h"
#include "cli/table.h"
#include "cli/target_options.h"
#include "cli/verify_part.h"
#include "cli/verify_report.h"
#include "evidence/documents.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/compiler/verify.h"
#include "tessera/session.h"

namespace tessera::cli {
namespace {

struct VerifyArguments {
  ModelOptions model;
  BackendChoice backend;
  ReferenceChoice reference;
  std::string target = "hailo8";
  PlanOptions plan;
  std::string signal;  // .npy or a recording
  std::string other_model;
  std::vector<std::string> references;  // true voices
  RecordingOptions recordings;
  WindowChoice windows;
  VerifyOptions verify;
  std::string part;  // of a Conv-TasNet; empty: the whole network
  bool all = false;
  // Which options were given.
  bool target_is_chosen = false;
  bool tiles_are_chosen = false;
  bool blocks_are_chosen = false;
  std::optional<double> min_snr_db;
};

// Calibration never saw noise, whose codes serve it worse than what they are made for.
constexpr double kMinSnrDb = 20;
constexpr double kMinSnrOnNoiseDb = 10;
// Of sensor networks, whose outputs in integers are judged by their cosine.
constexpr double kMinSensorSnrDb = 14;
constexpr double kLeastCosineOnNoise = 0.9;
constexpr int64_t kMostWindows = 16;

// What is verified.
struct Case {
  LoadedNetwork network;
  Graph imported;              // with the package's constants where it froze norms
  std::optional<Graph> exact;  // without these, where there are any
  Plan plan;
  std::vector<std::vector<float>> inputs;
  std::vector<std::vector<float>> windows;  // of one input, the first one included
  std::vector<std::vector<float>> voices;   // VerifyArguments::references
};

// NOLINTNEXTLINE(bugprone-exception-escape): a document that is moved from allocates nothing
struct Verified {
  std::string backend;
  std::string_view arithmetic;
  std::vector<ConstValues> inputs;
  VerifyReport report;
  Document document;
};

Result<Plan> plan_of(const LoadedNetwork& loaded, const VerifyArguments& options) {
  if (loaded.plan) return *loaded.plan;
  TESSERA_TRY(const Target target, load_target(options.target));
  Graph legal = loaded.model.graph;
  TESSERA_TRY(const RewriteLog log, rewrite(legal));
  if (!log.not_legal.empty()) {
    return TESSERA_ERROR(kUnsupported, options.model.path, log.not_legal,
                         rule_reasons_hint(options.model.path));
  }
  return make_plan(legal, target, options.plan);
}

// A package runs on what it was built for.
Result<void> check_target(const LoadedNetwork& loaded, const VerifyArguments& options) {
  if (!loaded.package || !options.target_is_chosen) return {};
  TESSERA_TRY(const Target target, load_target(options.target));
  const std::string& built_for = loaded.package->manifest().target;
  if (target.name == built_for) return {};
  return TESSERA_ERROR(
      kMismatch, options.model.path,
      fmt::format("was built for {}, not for {}", printable(built_for), target.name),
      fmt::format("build it again with --target {}", options.target));
}

// What a package claims is what its model gives: otherwise what runs is not what is verified.
Result<void> check_whole(const Package& package, const VerifyArguments& options, Console& console) {
  const Progress progress(console, "checking the package");
  TESSERA_TRY(const PackagedNetwork network, package.network());
  Result<CheckedPackage> checked = check_package(package, network, options.backend.threads);
  if (checked) return {};
  Error error = std::move(checked).error();
  error.subject = fmt::format("{}: {}", options.model.path, error.subject);
  return error;
}

Result<Case> read_case(const VerifyArguments& options, Console& console) {
  TESSERA_TRY(LoadedNetwork loaded, load_network(options.model, ImportNotes::warnings, console));
  TESSERA_TRY_VOID(check_target(loaded, options));
  if (loaded.package) TESSERA_TRY_VOID(check_whole(*loaded.package, options, console));
  Case made;
  if (!options.signal.empty()) {
    ImportedModel model = loaded.model;
    const ModelAtLength at_length = [&](int64_t length) -> Result<ImportedModel> {
      ModelOptions other = options.model;
      other.length_samples = length;
      TESSERA_TRY(loaded, load_network(other, ImportNotes::none, console));
      return loaded.model;
    };
    WindowChoice choice = options.windows;
    choice.length_is_told = loaded.package.has_value() || options.model.length_samples.has_value();
    TESSERA_TRY(auto windows, read_network_windows(options.signal, model, options.recordings,
                                                   at_length, choice, kMostWindows, console));
    if (windows[0].size() == 1) {
      for (const auto& window : windows) made.windows.push_back(window[0]);
    }
    made.inputs = std::move(windows[0]);
  }
  made.imported = loaded.model.graph;
  if (!options.other_model.empty()) {
    ModelOptions other = options.model;
    other.path = options.other_model;
    other.length_samples = loaded.model.length_samples;
    TESSERA_TRY(ImportOptions import, import_options(other));
    // What stands in front of the package's network stands in front of its model, too.
    if (loaded.package && !is_package(other.path) && import.sensor.empty())
      import.sensor = loaded.model.sensor;
    TESSERA_TRY(ImportedModel model, tessera::load_model(other.path, import));
    tell_import_notes(model.notes, ImportNotes::warnings, console);
    made.imported = std::move(model.graph);
  }
  if (loaded.package && loaded.package->manifest().options.norm != "exact") {
    TESSERA_TRY(Graph approximated, loaded.package->approximated(made.imported));
    made.exact = std::exchange(made.imported, std::move(approximated));
  }
  for (const std::string& path : options.references) {
    TESSERA_TRY(std::vector<float> voice,
                read_signal(path, loaded.model, options.recordings, console));
    made.voices.push_back(std::move(voice));
  }
  const Progress progress(console, "planning");
  TESSERA_TRY(made.plan, plan_of(loaded, options));
  made.network = std::move(loaded);
  if (made.inputs.empty()) {
    for (NodeId id : made.imported.inputs())
      made.inputs.push_back(verification_signal(made.imported.node(id).shape));
  }
  return made;
}

// One input of several channels or devices, or one that is known to be a sensor's.
bool is_sensor_network(const VerifyArguments& options, const Case& made) {
  const ImportedModel& model = made.network.model;
  if (model.n_src > 0 || made.imported.inputs().size() != 1) return false;
  const Shape& input = made.imported.node(made.imported.inputs()[0]).shape;
  return input.c > 1 || input.h > 1 || !model.sensor.empty() || is_window_file(options.signal);
}

// Every form of it beside the imported network, in the document and for people.
Result<EquivalenceReport> add_equivalence(const VerifyArguments& options, const Case& verified_case,
                                          Verified& verified, Console& console) {
  EquivalenceOptions choice;
  if (options.signal.empty()) choice.least_integer_cosine = kLeastCosineOnNoise;
  std::span<const std::vector<float>> windows = verified_case.windows;
  if (windows.empty()) windows = verified_case.inputs;
  const LoadedNetwork& network = verified_case.network;
  choice.devices = network.model.sensor.devices;
  TESSERA_TRY(EquivalenceReport report,
              measure_equivalence(verified_case.imported, verified_case.plan,
                                  network.encodings ? &*network.encodings : nullptr, windows,
                                  options.backend.threads, choice));
  print_equivalence(report, console);
  verified.document["equivalence"] = documents::of(report);
  return report;
}

// The verdict with everything that was found, kept where it is bad.
Result<Document> concluded(Document document, const Result<void>& verdict, std::string_view good,
                           Console& console) {
  if (!verdict) {
    console.keep(std::move(document));
    return verdict.error();
  }
  console.print("{}\n", good);
  return document;
}

// What the frozen norms cost that were asked for: told, and no reason to fail.
Result<void> tell_cost(const Case& verified_case, Backend& reference, Verified& verified,
                       Console& console) {
  if (!verified_case.exact) return {};
  TESSERA_TRY(Session exact, Session::create(*verified_case.exact, reference));
  TESSERA_TRY(const auto outputs, exact.run(verified.inputs));
  verified.document["approximation"] = Document::array();
  for (size_t i = 0; i < outputs.size(); ++i) {
    const ValueDifference apart = difference(outputs[i], verified.report.expected_output_values[i]);
    console.print(
        "frozen norms, as asked for when it was built, keep {} dB of '{}' over what they change\n",
        decibels(apart.snr_db), printable(verified.report.outputs[i].name));
    verified.document["approximation"].push_back({{"output", verified.report.outputs[i].name},
                                                  {"snr_db", documents::number(apart.snr_db)},
                                                  {"max_abs", documents::number(apart.max_abs)}});
  }
  return {};
}

Result<Document> run_integers(const VerifyArguments& options, const Case& verified_case,
                              const Devices& devices, const Verified& verified, Console& console) {
  BitExactReport codes;
  {
    const Progress progress(console, "comparing codes");
    TESSERA_TRY(codes, check_bit_exact(verified_case.plan, *verified_case.network.encodings,
                                       devices, verified.inputs));
  }
  TESSERA_TRY(IntegerCost cost, integer_cost(verified.report, verified_case.voices));
  // Rows of a sensor's network are no voices: nothing is separated.
  if (is_sensor_network(options, verified_case)) cost.si_snr_db.reset();
  print_integer_report(verified.report, codes, cost, options.all, console);
  Document document = verified.document;
  add_integers(document, verified.report, codes, cost, options.verify);
  return concluded(std::move(document),
                   integer_verdict(verified.report, codes, options.verify, options.model.path),
                   "the same codes at every border", console);
}

Result<Document> run_verify(VerifyArguments options, Console& console) {
  TESSERA_TRY(const Case verified_case, read_case(options, console));
  const bool of_sensors = is_sensor_network(options, verified_case);
  const double min_snr_db = of_sensors ? kMinSensorSnrDb : kMinSnrDb;
  options.verify.min_snr_db =
      options.min_snr_db.value_or(options.signal.empty() ? kMinSnrOnNoiseDb : min_snr_db);
  Verified verified;
  std::string reference_name;
  TESSERA_TRY(
      const NetworkBackends by,
      open_network_backends(options.backend, verified_case.network, options.model.path, console));
  const Devices devices = verified_case.network.with_artifacts(by.devices());
  options.backend.name = by.chip_name();
  verified.backend = by.chip_name();
  verified.arithmetic = to_string(by.chip().arithmetic());
  const bool integers =
      verified_case.network.encodings && by.chip().arithmetic() == Arithmetic::integer;
  if (integers) options.verify.encodings = &*verified_case.network.encodings;
  TESSERA_TRY(const auto reference, open_reference(options.reference, verified_case.imported,
                                                   options.backend, reference_name, console));
  verified.inputs.assign(verified_case.inputs.begin(), verified_case.inputs.end());
  {
    const Progress progress(console, "verifying");
    TESSERA_TRY(verified.report, verify_plan(verified_case.imported, verified_case.plan, devices,
                                             *reference, verified.inputs, options.verify));
  }
  const VerifyReport& report = verified.report;
  if (!integers) print_report(report, options.all, console);
  verified.document = {
      {"model", options.model.path}, {"target", verified_case.plan.recipe.target},
      {"backend", verified.backend}, {"arithmetic", verified.arithmetic},
      {"reference", reference_name}, {"signal", options.signal.empty() ? "noise" : options.signal}};
  verified.document.update(documents::of(report, options.verify));
  verified.document["stitched_ms"] = report.stitched_seconds * 1e3;
  console.print("{} compared in {}, {}, {}; stitched on {} ({}): {:.1f} ms, judged by {}\n",
                counted(report.stages.size() + report.outputs.size(), "value"),
                counted(report.segments, "segment"), counted(report.pieces, "piece"),
                grouped(report.chip_calls, "call"), verified.backend, verified.arithmetic,
                report.stitched_seconds * 1e3, reference_name);
  if (by.host_name() != by.chip_name()) {
    verified.document["host_backend"] = by.host_name();
    console.print("host steps on {}{}\n", by.host_name(),
                  report.intermediates_backend.empty()
                      ? ""
                      : ", and the pieces that show values inside segments");
  }
  TESSERA_TRY_VOID(tell_cost(verified_case, *reference, verified, console));
  if (of_sensors) {
    TESSERA_TRY(const EquivalenceReport equivalence,
                add_equivalence(options, verified_case, verified, console));
    if (Result<void> verdict = verdict_of(equivalence, options.model.path);
        !verdict && report.passed)
      return concluded(std::move(verified.document), verdict, "", console);
  }
  if (integers) return run_integers(options, verified_case, devices, verified, console);
  return concluded(std::move(verified.document), verdict_of(report, options.model.path),
                   "the same network at every stage", console);
}

Result<Document> run_part(const VerifyArguments& options, Console& console) {
  PartArguments part{.part = options.part,
                     .model = options.model,
                     .backend = options.backend,
                     .reference = options.reference,
                     .target = options.target,
                     .audio = options.signal,
                     .references = options.references,
                     .recordings = options.recordings,
                     .length = std::nullopt,
                     .tile_frames = std::nullopt,
                     .block_channels = std::nullopt,
                     .verify = options.verify};
  if (part.backend.name == kAutoBackend) part.backend.name = default_backend(Arithmetic::float32);
  part.length = std::exchange(part.model.length_samples, std::nullopt);
  if (options.tiles_are_chosen) part.tile_frames = options.plan.tile_frames;
  if (options.blocks_are_chosen) part.block_channels = options.plan.block_channels;
  return verify_part(part, console);
}

}  // namespace

Action define_verify(CommandLine& app) {
  auto options = std::make_shared<VerifyArguments>();
  add_model_options(app, options->model, true);
  add_sensor_options(app, options->model);
  auto* model = app.add_option("--model", options->other_model,
                               "Compare with this model file instead of the one in the package")
                    ->type_name("FILE");
  auto* input =
      app.add_option("--input", options->signal,
                     "A window to verify with: an array, or one for each input; a file of "
                     "sensor windows")
          ->type_name("FILE.npy|FILE.npz|FILE.csv|FILE.json|FILE.ts");
  add_window_options(app, options->windows);
  app.add_option("--audio", options->signal, "A recording to verify with; default: noise")
      ->type_name("FILE.wav")
      ->excludes(input);
  app.add_option(
         "--part", options->part,
         "Only decoder (what each source's decoder is verified_case -> samples), masker (encoder's "
         "output -> masks) or chain (samples -> samples) of a model file, in known cases")
      ->one_of({"decoder", "masker", "chain"})
      ->excludes(input)
      ->excludes(model);
  add_target_option(app, options->target);
  const Option* target = app.get_option("--target");
  add_plan_options(app, options->plan);
  const Option* tiles = app.get_option("--tile-frames");
  const Option* blocks = app.get_option("--block-channels");
  add_network_backend_options(app, options->backend);
  add_device_options(app, options->backend);
  add_reference_option(app, options->reference);
  add_tolerance_options(app, options->verify);
  app.add_flag("--intermediates,!--no-intermediates", options->verify.intermediates,
               "Also compare values inside segments, shown by pieces made a second time (default)");
  app.add_option("--min-snr", options->min_snr_db,
                 "In integers: dB of the outputs' energy over that of their difference to float "
                 "below which it fails; default: 20, of sensor networks 14, and 10 on noise")
      ->within(-200, 200)
      ->type_name("DB");
  app.add_option("--reference", options->references,
                 "With --audio, in integers or of the chain: a true voice (once for each); tells "
                 "the SI-SNR")
      ->type_name("FILE.wav")
      ->allow_extra_args(false);
  add_recording_options(app, options->recordings);
  app.add_flag("--all", options->all, "A row for every value compared, not only for the stages");
  app.footer(
      "A package is verified as built; a model file is planned first, as 'tessera plan' would "
      "with\n"
      "the same options, which a package ignores. Exits with an error if any stage differs.\n"
      "Cases of --part (length x tile): decoder and masker 2000x256, 1024x256, 2000x512 frames;\n"
      "chain 16000x256, 16000x512, 8192x256 samples; channel blocks of 64. --length, "
      "--tile-frames\n"
      "and --block-channels make one case instead.\n\n"
      "Examples:\n"
      "  tessera verify net.tess --audio mix.wav\n"
      "  tessera verify motion.tess --input windows.ts    # cosine, MSE and a checklist, too\n"
      "  tessera verify net.tess --model net.pth    # the network it should have come from\n"
      "  tessera verify net.pth --target hailo8 --tile-frames 256 --block-channels 64 --all\n"
      "  tessera verify net.pth --part chain --audio mix.wav");
  return [options, target, tiles, blocks](Console& console) {
    options->target_is_chosen = target->count() > 0;
    options->tiles_are_chosen = tiles->count() > 0;
    options->blocks_are_chosen = blocks->count() > 0;
    return options->part.empty() ? run_verify(*options, console) : run_part(*options, console);
  };
}

}  // namespace tessera::cli
