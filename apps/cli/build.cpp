// tessera build: a network's file in, a package out.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/counted.h"
#include "cli/calibration_options.h"
#include "cli/command.h"
#include "cli/hints.h"
#include "cli/model_options.h"
#include "cli/output_files.h"
#include "cli/output_format.h"
#include "cli/plan_options.h"
#include "cli/stage_display.h"
#include "cli/table.h"
#include "cli/target_options.h"
#include "cli/vela_session.h"
#include "cli/vendor_options.h"
#include "compile/vela_build.h"
#include "compile/vendor_build.h"
#include "evidence/documents.h"
#include "tessera/build.h"
#include "tessera/file.h"

namespace tessera::cli {
namespace {

constexpr const char* kAnyRangeEstimator = "auto";
constexpr const char* kBuiltinCompiler = "builtin";
constexpr const char* kVela = "vela";

struct BuildArguments {
  ModelOptions model;
  std::string target = "hailo8";
  std::string norm{to_string(NormMode::exact)};
  BuildOptions build;
  CalibrationChoice calibration;
  std::string quantize = "none";
  std::string range_estimator = kAnyRangeEstimator;
  std::string output;
  BuildStage last = BuildStage::save;
  std::string dump_folder;
  std::string compiler = kBuiltinCompiler;
  VendorChoice vendor;
  int attempts = 1;
};

constexpr double kMixedLossDb = 0.05;

Result<void> refuse_a_package(const BuildArguments& options) {
  if (!is_package(options.model.path)) return {};
  return TESSERA_ERROR(kInvalidArgument, options.model.path, "is a package already",
                       extract_hint(options.model.path));
}

// The dB of an option's value "word=0.05dB"; of "word" alone, those that it has by default. Errors:
// kInvalidArgument.
Result<double> loss_db(const std::string& option, const std::string& text, double by_default) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos) return by_default;
  std::string number = text.substr(equals + 1);
  if (number.ends_with("dB")) number.resize(number.size() - 2);
  double loss = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), loss);
  if (error != std::errc() || end != number.data() + number.size() || !(loss > 0 && loss < 100)) {
    return TESSERA_ERROR(kInvalidArgument, option, fmt::format("'{}' names no loss in dB", text),
                         fmt::format("write it like {}={}dB", text.substr(0, equals), by_default));
  }
  return loss;
}

// Errors: kInvalidArgument.
Result<void> choose_norms(const BuildArguments& options, BuildOptions& choice) {
  if (options.norm == to_string(NormMode::exact)) return {};
  if (options.norm == to_string(NormMode::frozen)) {
    choice.norm = NormMode::frozen;
    return {};
  }
  TESSERA_TRY(const double loss, loss_db("--norm", options.norm, choice.norm_loss_db));
  choice.norm = NormMode::budget;
  choice.norm_loss_db = loss;
  return {};
}

constexpr RangeEstimator kRangeEstimators[] = {RangeEstimator::min_max, RangeEstimator::percentile,
                                               RangeEstimator::mse, RangeEstimator::entropy};

std::vector<std::string> range_estimator_words() {
  std::vector<std::string> words{kAnyRangeEstimator};
  for (const RangeEstimator one : kRangeEstimators) words.emplace_back(to_string(one));
  return words;
}

// None: the build chooses.
std::optional<RangeEstimator> range_estimator_of(const std::string& word) {
  for (const RangeEstimator one : kRangeEstimators) {
    if (word == to_string(one)) return one;
  }
  return std::nullopt;
}

// Errors: kInvalidArgument.
Result<std::optional<IntegerOptions>> integer_options(const BuildArguments& options) {
  const std::optional<RangeEstimator> estimator = range_estimator_of(options.range_estimator);
  if (options.quantize == "none") {
    if (!estimator) return std::optional<IntegerOptions>();
    return TESSERA_ERROR(kInvalidArgument, "--range-estimator", "is only for integers",
                         "leave it out, or add --quantize int8");
  }
  IntegerOptions integers;
  integers.range_estimator = estimator;
  integers.quantize.int16 = options.quantize == "int16";
  if (options.quantize.starts_with("mixed")) {
    TESSERA_TRY(integers.mixed_loss_db, loss_db("--quantize", options.quantize, kMixedLossDb));
  }
  return std::optional(std::move(integers));
}

// Errors: kInvalidArgument.
Result<void> choose_calibration(const BuildArguments& options, BuildOptions& choice) {
  choice.calibration = options.calibration.calibration();
  const bool calibrates = choice.norm != NormMode::exact || choice.integers;
  const bool compiles = options.compiler != kBuiltinCompiler;
  if (calibrates || compiles || options.calibration.files.empty()) return {};
  return TESSERA_ERROR(kInvalidArgument, "--calib",
                       "exact norms without integers take no calibration",
                       "leave it out, or add --quantize int8 or --norm frozen");
}

std::string duration_text(const Built& built) {
  const PackageModel& model = built.package.manifest().model;
  const double estimated = built.cost.seconds();
  std::string text = fmt::format("about {:.3g} s on the chip and its link", estimated);
  if (model.sample_rate) {
    const double seconds = static_cast<double>(model.length_samples) / *model.sample_rate;
    text += fmt::format(", {:.3g} of real time", estimated / seconds);
  }
  return text;
}

Document document_of(const BuildArguments& options, const Built& built,
                     const StageDisplay& stages) {
  Document document{{"model", options.model.path},
                    {"package", options.output},
                    {"norm", options.norm},
                    {"quantize", options.quantize}};
  document.update(documents::of(built));
  document["stages"] = stages.document();
  return document;
}

bool stops_early(const BuildArguments& options) {
  return options.last != BuildStage::save;
}

Result<void> check_output_options(const BuildArguments& options) {
  if (!options.dump_folder.empty())
    TESSERA_TRY_VOID(check_folder_name(options.dump_folder, "results of stages"));
  if (stops_early(options)) return {};
  if (options.output.empty()) {
    return TESSERA_ERROR(kInvalidArgument, "--output", "no package is named",
                         "add -o FILE.tess, or --stop-after STAGE to write none");
  }
  return check_outputs(
      {{options.output, OutputFormat::package}},
      file_names({options.model.path, options.target}, {options.calibration.files}),
      options.build.force);
}

// Errors: kInvalidArgument; those of load_target.
Result<BuildOptions> build_options(const BuildArguments& options) {
  BuildOptions choice = options.build;
  TESSERA_TRY(const Target target, load_target(options.target));
  TESSERA_TRY(choice.import, import_options(options.model));
  TESSERA_TRY(choice.integers, integer_options(options));
  TESSERA_TRY_VOID(choose_norms(options, choice));
  TESSERA_TRY_VOID(choose_calibration(options, choice));
  choice.target = target.file;
  choice.target_settings = target.settings;
  choice.dump_folder = options.dump_folder;
  if (!stops_early(options)) choice.output = options.output;
  return choice;
}

void tell(const std::vector<Note>& notes, Console& console) {
  for (const Note& note : notes) {
    const std::string text = printable(note.text);
    note.severity == NoteSeverity::warning ? console.warning(text) : console.note(text);
  }
}

void tell_dump(const BuildArguments& options, Document& document, Console& console) {
  if (options.dump_folder.empty()) return;
  console.print("what the stages made is in {}\n", options.dump_folder);
  document["dump_folder"] = options.dump_folder;
}

Result<Document> build_in_part(const BuildArguments& options, const BuildOptions& choice,
                               StageDisplay& stages, Console& console) {
  TESSERA_TRY(const std::vector<Note> notes,
              build_until(options.model.path, choice, options.last, stages.observer()));
  tell(notes, console);
  console.print("stopped after {}: no package is written\n", to_string(options.last));
  Document document{{"model", options.model.path},
                    {"stopped_after", to_string(options.last)},
                    {"stages", stages.document()}};
  tell_dump(options, document, console);
  return document;
}

// The pieces go through the vendor's compiler before anything is written.
Result<Document> build_on_vendor(const BuildArguments& options, BuildOptions choice,
                                 StageDisplay& stages, Console& console) {
  if (options.calibration.files.empty()) {
    return TESSERA_ERROR(kInvalidArgument, "--compiler", "needs what the network will hear",
                         "give --calib FILE: recordings, or arrays as .npz");
  }
  TESSERA_TRY_VOID(check_writable(options.output, {.force = choice.force}));
  TESSERA_TRY(const Target target, read_target(choice.target));
  VendorSession session(options.vendor, options.output, target.name, console);
  VendorBuildOptions how;
  how.attempts = options.attempts;
  TESSERA_TRY(how.compile, session.options());
  how.build = std::move(choice);
  how.build.output.clear();
  const WindowsOf windows = [&](const Package& package) {
    return windows_of(package, options.calibration.calibration(), console);
  };
  TESSERA_TRY(const VendorBuilt made,
              build_by_vendor(options.model.path, how, windows, stages.observer()));
  tell(made.built.notes, console);
  print_pieces(made.compiled, console);
  if (made.attempts.size() > 1) print_attempts(made.attempts, console);
  Document document = document_of(options, made.built, stages);
  document["compiler"] = how.compile.version;
  document["compiled_pieces"] = pieces_document(made.compiled);
  document["compiled_files"] = files_document(made.compiled);
  document["attempts"] = attempts_document(made.attempts);
  const bool none = made.compiled.package.empty();
  if (!none) {
    TESSERA_TRY_VOID(
        write_file_atomically(options.output, made.compiled.package, {.force = how.build.force}));
    console.print("{}: {} of {} compiled by {}\n", options.output,
                  static_cast<int64_t>(made.compiled.pieces.size()) - made.compiled.refused(),
                  counted(made.compiled.pieces.size(), "piece"),
                  printable_line(how.compile.version));
  }
  const Result<void> verdict = verdict_of(made.compiled, none ? "" : options.output);
  if (verdict) return document;
  console.keep(std::move(document));
  return verdict.error();
}

// The pieces go through Vela before anything is written.
Result<Document> build_on_vela(const BuildArguments& options, BuildOptions choice,
                               StageDisplay& stages, Console& console) {
  if (!choice.integers) {
    return TESSERA_ERROR(kInvalidArgument, "--compiler", "vela compiles networks of integers",
                         "add --quantize int8 (or int16, mixed) and --calib FILE");
  }
  TESSERA_TRY_VOID(check_writable(options.output, {.force = choice.force}));
  TESSERA_TRY(const Target target, load_target(options.target));
  VelaSession session(options.vendor, options.output, console);
  VelaBuildOptions how;
  how.attempts = options.attempts;
  TESSERA_TRY(how.compile, session.options(target));
  how.build = std::move(choice);
  how.build.output.clear();
  TESSERA_TRY(const VelaBuilt made, build_with_vela(options.model.path, how, stages.observer()));
  tell(made.built.notes, console);
  print_pieces(made.compiled, console);
  print_attempts(made.attempts, console);
  Document document = document_of(options, made.built, stages);
  document["compiler"] = fmt::format("vela {}", how.compile.version);
  document["compiled_pieces"] = pieces_document(made.compiled);
  document["attempts"] = attempts_document(made.attempts);
  const bool none = made.compiled.package.empty();
  if (!none) {
    TESSERA_TRY_VOID(
        write_file_atomically(options.output, made.compiled.package, {.force = how.build.force}));
    console.print("{}: {} of {} compiled by vela {}\n", options.output,
                  static_cast<int64_t>(made.compiled.pieces.size()) - made.compiled.refused(),
                  counted(made.compiled.pieces.size(), "piece"),
                  printable_line(how.compile.version));
  }
  const Result<void> verdict = verdict_of(made.compiled, none ? "" : options.output);
  if (verdict) return document;
  console.keep(std::move(document));
  return verdict.error();
}

Result<Document> build_package(const BuildArguments& options, Console& console) {
  TESSERA_TRY_VOID(refuse_a_package(options));
  TESSERA_TRY_VOID(check_output_options(options));
  TESSERA_TRY(BuildOptions choice, build_options(options));
  StageDisplay stages(console);
  choice.progress = stages.progress();
  if (stops_early(options)) return build_in_part(options, choice, stages, console);
  if (options.compiler == kVela) return build_on_vela(options, std::move(choice), stages, console);
  if (options.compiler != kBuiltinCompiler)
    return build_on_vendor(options, std::move(choice), stages, console);
  TESSERA_TRY(const Built built, build(options.model.path, choice, stages.observer()));
  tell(built.notes, console);
  if (!built.rewritten.exact) {
    console.warning("the package computes another network than the model: norms are frozen");
  }
  console.print("{}: {}, {}; {}\n", options.output,
                bytes_text(static_cast<int64_t>(built.package.bytes().size())),
                grouped(built.plan.cost.calls, "call"), duration_text(built));
  Document document = document_of(options, built, stages);
  tell_dump(options, document, console);
  return document;
}

std::vector<std::pair<std::string, BuildStage>> stage_words() {
  std::vector<std::pair<std::string, BuildStage>> words;
  for (int i = 0; i <= static_cast<int>(BuildStage::save); ++i) {
    const auto stage = static_cast<BuildStage>(i);
    words.emplace_back(to_string(stage), stage);
  }
  return words;
}

}  // namespace

Action define_build(CommandLine& app) {
  auto options = std::make_shared<BuildArguments>();
  add_model_options(app, options->model, true);
  add_sensor_options(app, options->model);
  add_target_option(app, options->target);
  add_plan_options(app, options->build.plan);
  app.add_option("--norm", options->norm,
                 "exact: the host takes the statistics of norms over the whole recording; frozen: "
                 "constants from --calib stand for them, another network; budget: constants for "
                 "those that save most time, at 0.2 dB of SI-SNR in all (budget=0.1dB: another "
                 "loss). The first norm always stays exact: it takes the level out")
      ->one_of({"exact", "frozen", "budget[=dB]"})
      ->capture_default_str();
  add_calibration_options(
      app, options->calibration,
      "With --quantize or --norm frozen|budget: a recording, a folder of recordings or windows "
      "(.npy, or .npz with an array for each input; of sensors .csv, .json, .ts) of what the "
      "network will hear (repeatable)");
  app.add_option("--quantize", options->quantize,
                 "Integers for the chip's part: int8, int16, or mixed: 16 bits where 8 cost more "
                 "than 0.05 dB of SI-SNR in all (mixed=0.1dB: another loss)")
      ->one_of({"none", "int8", "int16", "mixed[=dB]"})
      ->capture_default_str();
  app.add_option(
         "--range-estimator", options->range_estimator,
         "With --quantize: how ranges of 8 bits are taken from what calibration saw: all of "
         "it (min_max), all but the rarest ten thousandth (percentile), with the least "
         "squared error or divergence (mse, entropy); auto: min_max, unless percentile or "
         "mse keep 3 dB more on windows set apart")
      ->one_of(range_estimator_words())
      ->capture_default_str();
  app.add_option("--threads", options->build.threads,
                 "Threads of the verification; 0: as many as the process may use")
      ->type_name("N")
      ->capture_default_str();
  app.add_choice("--stop-after", options->last,
                 "Run the stages up to this one, and write no package", stage_words())
      ->default_str("save");
  app.add_option("--dump-dir", options->dump_folder,
                 "Also write what each stage made into this folder: import.graph, rewrite.graph, "
                 "plan.json ...")
      ->type_name("DIR");
  app.add_option("-o,--output", options->output,
                 "The package to write; not needed with --stop-after")
      ->type_name("FILE.tess");
  app.add_option(
         "--compiler", options->compiler,
         "builtin: placed by Tessera's model of the chip; dfc: Hailo's compiler, which must "
         "be installed, also makes a HAR and a HEF of every piece; vela: Arm's, which must be "
         "installed, also makes a compiled TensorFlow Lite file of every piece")
      ->one_of({kBuiltinCompiler, "dfc", kVela})
      ->capture_default_str();
  app.add_option("--attempts", options->attempts,
                 "With --compiler dfc or vela: how often at most what it refuses is planned anew: "
                 "cut smaller, in phases or blocks, or left to the host")
      ->within(1, 20)
      ->type_name("N")
      ->capture_default_str();
  add_vendor_options(app, options->vendor);
  app.add_flag("--force", options->build.force, "Replace files that exist");
  app.footer(
      "A build reads the network, rewrites it into what the chip can do, cuts it into pieces that\n"
      "fit, places these on the chip's clusters, and runs them stitched together against the\n"
      "network it was given: where they differ by more than rounding, nothing is written.\n\n"
      "Examples:\n"
      "  tessera build net.pth --target hailo8 -o net.tess\n"
      "  tessera build net.pth --length 16000 --layout stripes -o net.tess\n"
      "  tessera build net.pth --norm budget=0.1dB --calib recordings -o net.tess\n"
      "  tessera build net.pth --quantize int8 --calib recordings -o net.tess\n"
      "  tessera build net.pth --compiler dfc --attempts 4 --calib mix.wav -o chip.tess\n"
      "  tessera build net.pth --stop-after plan --dump-dir stages\n"
      "  tessera separate net.tess meeting.wav -o voices");
  return [options](Console& console) { return build_package(*options, console); };
}

}  // namespace tessera::cli
