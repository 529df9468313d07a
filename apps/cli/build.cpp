// tessera build: a network's file in, a package out.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/calibration_options.h"
#include "cli/command.h"
#include "cli/hints.h"
#include "cli/model_options.h"
#include "cli/output_files.h"
#include "cli/plan_options.h"
#include "cli/stage_display.h"
#include "cli/table.h"
#include "cli/target_options.h"
#include "tessera/build.h"
#include "tessera/file.h"

namespace tessera::cli {
namespace {

struct Options {
  ModelOptions model;
  std::string target = "hailo8";
  std::string norm{to_string(NormMode::exact)};
  BuildOptions build;
  CalibrationChoice calibration;
  std::string quantize = "none";
  std::string observer = "auto";
  std::string output;
};

constexpr double kMixedLossDb = 0.05;

Result<void> refuse_a_package(const Options& options) {
  if (!is_package(options.model.path)) return {};
  return TESSERA_ERROR(kInvalidArgument, options.model.path, "is a package already",
                       extract_hint(options.model.path));
}

// An option's value of the form "word" or "word=0.05dB": the dB, or those that it has by default;
// none for another word. Errors: kInvalidArgument.
Result<std::optional<double>> loss_db(const std::string& option, const std::string& text,
                                      const std::string& word, double by_default) {
  if (text == word) return std::optional(by_default);
  if (!text.starts_with(word + "=")) return std::optional<double>();
  std::string number = text.substr(word.size() + 1);
  if (number.ends_with("dB")) number.resize(number.size() - 2);
  double loss = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), loss);
  if (error != std::errc() || end != number.data() + number.size() || !(loss > 0 && loss < 100)) {
    return TESSERA_ERROR(kInvalidArgument, option, fmt::format("'{}' names no loss in dB", text),
                         fmt::format("write it like {}={}dB", word, by_default));
  }
  return std::optional(loss);
}

// Errors: kInvalidArgument.
Result<void> choose_norms(const Options& options, BuildOptions& choice) {
  if (options.norm == to_string(NormMode::exact)) return {};
  if (options.norm == to_string(NormMode::frozen)) {
    choice.norm = NormMode::frozen;
    return {};
  }
  TESSERA_TRY(const auto loss,
              loss_db("--norm", options.norm, std::string(to_string(NormMode::budget)),
                      choice.norm_loss_db));
  if (!loss) {
    return TESSERA_ERROR(kInvalidArgument, "--norm", fmt::format("'{}' is not known", options.norm),
                         "exact, frozen, budget or budget=0.2dB");
  }
  choice.norm = NormMode::budget;
  choice.norm_loss_db = *loss;
  return {};
}

// None: the build chooses. Errors: kInvalidArgument.
Result<std::optional<Observer>> observer_option(const std::string& name) {
  if (name == "auto") return std::optional<Observer>();
  for (const Observer observer :
       {Observer::min_max, Observer::percentile, Observer::mse, Observer::entropy}) {
    if (name == to_string(observer)) return std::optional(observer);
  }
  return TESSERA_ERROR(kInvalidArgument, "--observer", fmt::format("'{}' is not known", name),
                       "auto, min_max, percentile, mse or entropy");
}

// Errors: kInvalidArgument.
Result<std::optional<IntegerOptions>> integer_options(const Options& options) {
  TESSERA_TRY(const auto observer, observer_option(options.observer));
  if (options.quantize == "none") {
    if (!observer) return std::optional<IntegerOptions>();
    return TESSERA_ERROR(kInvalidArgument, "--observer", "is only for integers",
                         "leave it out, or add --quantize int8");
  }
  IntegerOptions integers;
  integers.quantize.wide = options.quantize == "int16";
  TESSERA_TRY(const auto mixed, loss_db("--quantize", options.quantize, "mixed", kMixedLossDb));
  if (mixed) {
    integers.mixed_loss_db = *mixed;
  } else if (options.quantize != "int8" && !integers.quantize.wide) {
    return TESSERA_ERROR(kInvalidArgument, "--quantize",
                         fmt::format("'{}' is not known", options.quantize),
                         "none, int8, int16, mixed or mixed=0.05dB");
  }
  integers.observer = observer;
  return std::optional(std::move(integers));
}

// Errors: kInvalidArgument.
Result<void> choose_calibration(const Options& options, BuildOptions& choice) {
  choice.calibration = options.calibration.calibration();
  const bool calibrates = choice.norm != NormMode::exact || choice.integers;
  if (calibrates || options.calibration.files.empty()) return {};
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

Document frozen_norms_document(const Built& built) {
  if (!built.frozen_norms) return nullptr;
  const FrozenNormsPoint& point = *built.frozen_norms;
  return {{"names", point.frozen},
          {"loss_db", point.loss_db},
          {"snr_db", std::isfinite(point.snr_db) ? Document(point.snr_db) : Document(nullptr)}};
}

Document stream_bases_document(const Built& built) {
  Document streams = Document::array();
  for (const StreamBasisChoice& choice : built.stream_bases) {
    streams.push_back({{"stream", choice.stream},
                       {"channels", choice.channels},
                       {"values", choice.values},
                       {"gain_db", choice.gain_db}});
  }
  return streams;
}

Document document_of(const Options& options, const Built& built, const StageDisplay& stages) {
  const PackageManifest& manifest = built.package.manifest();
  const ParityEvidence& parity = manifest.parity.front();
  int64_t pieces = 0;
  for (const ChipSegment& segment : built.plan.segments) {
    pieces += static_cast<int64_t>(segment.pieces.size());
  }
  return {{"model", options.model.path},
          {"package", options.output},
          {"hash", built.package.hash()},
          {"bytes", built.package.bytes().size()},
          {"target", manifest.target},
          {"norm", options.norm},
          {"frozen_norms", frozen_norms_document(built)},
          {"quantize", options.quantize},
          {"stream_bases", stream_bases_document(built)},
          {"exact", built.rewritten.exact},
          {"length", manifest.model.length_samples},
          {"verdict", to_string(built.plan.verdict)},
          {"segments", built.plan.segments.size()},
          {"pieces", pieces},
          {"calls", built.plan.cost.calls},
          {"contexts", built.placement.contexts.size()},
          {"bytes_in", built.cost.bytes_in},
          {"bytes_out", built.cost.bytes_out},
          {"estimated_seconds", built.cost.seconds()},
          {"parity",
           {{"backend", parity.backend},
            {"max_abs", parity.max_abs},
            {"peak", parity.peak},
            {"tolerance", parity.tolerance},
            {"values", parity.values},
            {"codes", parity.codes}}},
          {"stages", stages.document()}};
}

Result<Document> build_package(const Options& options, Console& console) {
  TESSERA_TRY_VOID(refuse_a_package(options));
  TESSERA_TRY_VOID(
      check_outputs({{options.output, OutputFormat::package}},
                    file_names({options.model.path, options.target}, {options.calibration.files}),
                    options.build.force));
  TESSERA_TRY(const Target target, load_target(options.target));
  BuildOptions choice = options.build;
  TESSERA_TRY(choice.import, import_options(options.model));
  TESSERA_TRY(choice.integers, integer_options(options));
  TESSERA_TRY_VOID(choose_norms(options, choice));
  TESSERA_TRY_VOID(choose_calibration(options, choice));
  choice.target = target.file;
  choice.output = options.output;
  StageDisplay stages(console);
  choice.progress = stages.progress();
  TESSERA_TRY(const Built built, build(options.model.path, choice, stages.observer()));
  for (const Note& note : built.notes) {
    const std::string text = printable(note.text);
    note.severity == NoteSeverity::warning ? console.warning(text) : console.note(text);
  }
  if (!built.rewritten.exact) {
    console.warning("the package computes another network than the model: norms are frozen");
  }
  console.print("{}: {}, {} calls; {}\n", options.output,
                bytes_text(static_cast<int64_t>(built.package.bytes().size())),
                grouped(built.plan.cost.calls), duration_text(built));
  return document_of(options, built, stages);
}

}  // namespace

Action define_build(CommandLine& app) {
  auto options = std::make_shared<Options>();
  add_model_options(app, options->model, true);
  add_target_option(app, options->target);
  add_plan_options(app, options->build.plan);
  app.add_option("--norm", options->norm,
                 "exact: the host takes the statistics of norms over the whole recording; frozen: "
                 "constants from --calib stand for them, another network; budget: constants for "
                 "those that save most time, at 0.2 dB of SI-SNR in all (budget=0.1dB: another "
                 "loss). The first norm always stays exact: it takes the level out")
      ->type_name("exact|frozen|budget[=dB]")
      ->capture_default_str();
  add_calibration_options(
      app, options->calibration,
      "With --quantize or --norm frozen|budget: a recording, a folder of recordings or windows "
      "(.npy, or .npz with an array for each input) of what the network will hear (repeatable)");
  app.add_option("--quantize", options->quantize,
                 "Integers for the chip's part: int8, int16, or mixed: 16 bits where 8 cost more "
                 "than 0.05 dB of SI-SNR in all (mixed=0.1dB: another loss)")
      ->type_name("none|int8|int16|mixed[=dB]")
      ->capture_default_str();
  app.add_option(
         "--observer", options->observer,
         "With --quantize: how ranges of 8 bits are taken from what calibration saw: all of "
         "it (min_max), all but the rarest ten thousandth (percentile), with the least "
         "squared error or divergence (mse, entropy); auto: min_max, unless percentile or "
         "mse keep 3 dB more on windows set apart")
      ->type_name("auto|min_max|percentile|mse|entropy")
      ->capture_default_str();
  app.add_option("--threads", options->build.threads,
                 "Threads of the verification; 0: as many as the process may use")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("-o,--output", options->output, "The package to write")
      ->required()
      ->type_name("FILE.tess");
  app.add_flag("--force", options->build.force, "Replace the package if it exists");
  app.footer(
      "A build reads the network, rewrites it into what the chip can do, cuts it into pieces that\n"
      "fit, places these on the chip's clusters, and runs them stitched together against the\n"
      "network it was given: where they differ by more than rounding, nothing is written.\n\n"
      "Examples:\n"
      "  tessera build net.pth --target hailo8 -o net.tess\n"
      "  tessera build net.pth --length 16000 --layout stripes -o net.tess\n"
      "  tessera build net.pth --norm budget=0.1dB --calib recordings -o net.tess\n"
      "  tessera build net.pth --quantize int8 --calib recordings -o net.tess\n"
      "  tessera separate net.tess meeting.wav -o voices");
  return [options](Console& console) { return build_package(*options, console); };
}

}  // namespace tessera::cli
