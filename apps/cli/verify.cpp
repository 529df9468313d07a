// tessera verify: the stitched run of a package or a plan beside the imported network, stage by
// stage.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/model_options.h"
#include "cli/plan_options.h"
#include "cli/progress.h"
#include "cli/rewrite_signal.h"
#include "cli/table.h"
#include "cli/target_options.h"
#include "cli/verify_report.h"
#include "tessera/rewrite.h"
#include "tessera/verify.h"

namespace tessera::cli {
namespace {

struct Options {
  ModelOptions model;
  BackendChoice backend;
  JudgeChoice judge;
  std::string target = "hailo8";
  PlanOptions plan;
  std::string signal;  // .npy or a recording
  std::string other_model;
  VerifyOptions verify;
  bool all = false;
};

// What is verified, and by what.
struct Case {
  Graph imported;
  Plan plan;
  std::vector<std::vector<float>> inputs;
};

Result<Plan> plan_of(const Runnable& given, const Options& options) {
  if (given.plan) return *given.plan;
  TESSERA_TRY(const Target target, load_target(options.target));
  Graph legal = given.model.graph;
  TESSERA_TRY(const RewriteLog log, rewrite(legal));
  if (!log.not_legal.empty()) {
    return TESSERA_ERROR(kUnsupported, options.model.path, log.not_legal,
                         "'tessera rewrite --show' tells what each rule did");
  }
  return make_plan(legal, target, options.plan);
}

Result<Case> read_case(const Options& options, Console& console) {
  TESSERA_TRY(Runnable given, load_runnable(options.model, ImportNotes::warnings, console));
  if (given.package && given.package->manifest().options.norm != "exact") {
    console.warning("the package was built with frozen norms: an approximation, which differs");
  }
  Case made;
  if (!options.signal.empty()) {
    TESSERA_TRY(std::vector<float> signal, read_signal(options.signal, given.model, console));
    const Shape& shape = given.model.graph.node(given.model.graph.inputs()[0]).shape;
    const auto size = static_cast<int64_t>(signal.size());
    if (size % (shape.c * shape.h) != 0) {
      return TESSERA_ERROR(
          kInvalidArgument, options.signal,
          fmt::format("{} values do not fit the network's input {}", size, to_string(shape)),
          "give an array of the input's channels");
    }
    if (size != shape.size()) TESSERA_TRY_VOID(given.set_length(size / (shape.c * shape.h)));
    made.inputs.push_back(std::move(signal));
  }
  made.imported = given.model.graph;
  if (!options.other_model.empty()) {
    ModelOptions other = options.model;
    other.path = options.other_model;
    other.length_samples = given.model.length_samples;
    TESSERA_TRY(ImportedModel model, load_model(other, ImportNotes::warnings, console));
    made.imported = std::move(model.graph);
  }
  const Progress progress(console, "planning");
  TESSERA_TRY(made.plan, plan_of(given, options));
  if (made.inputs.empty()) {
    for (NodeId id : made.imported.inputs())
      made.inputs.push_back(verification_signal(made.imported.node(id).shape));
  }
  return made;
}

Result<Document> run(const Options& options, Console& console) {
  TESSERA_TRY(const Case given, read_case(options, console));
  std::string judged_by;
  TESSERA_TRY(const auto backend, open_backend(options.backend));
  TESSERA_TRY(const auto judge,
              open_judge(options.judge, given.imported, options.backend, judged_by, console));
  const std::vector<ConstValues> inputs(given.inputs.begin(), given.inputs.end());
  VerifyReport report;
  {
    const Progress progress(console, "verifying");
    TESSERA_TRY(report,
                verify_plan(given.imported, given.plan, *backend, *judge, inputs, options.verify));
  }
  print_report(report, options.all, console);
  console.print(
      "{} values compared in {} segments, {} pieces, {} calls; stitched on {}: {:.1f} ms, judged "
      "by {}\n",
      report.stages.size() + report.outputs.size(), report.segments, report.pieces,
      grouped(report.chip_calls), options.backend.name, report.stitched_seconds * 1e3, judged_by);
  Document document{{"model", options.model.path},
                    {"target", given.plan.recipe.target},
                    {"backend", options.backend.name},
                    {"judge", judged_by},
                    {"signal", options.signal.empty() ? "noise" : options.signal}};
  document.update(report_document(report, options.verify));
  document["stitched_ms"] = report.stitched_seconds * 1e3;
  if (const auto verdict = verdict_of(report, options.model.path); !verdict) {
    console.keep(std::move(document));
    return verdict.error();
  }
  console.print("the same network at every stage\n");
  return document;
}

}  // namespace

Action define_verify(CLI::App& app) {
  auto options = std::make_shared<Options>();
  add_model_options(app, options->model, true);
  app.add_option("--model", options->other_model,
                 "Judge by this model file instead of the one inside the package")
      ->type_name("FILE");
  auto* input =
      app.add_option("--input", options->signal, "An array to verify with")->type_name("FILE.npy");
  app.add_option("--audio", options->signal, "A recording to verify with; default: noise")
      ->type_name("FILE.wav")
      ->excludes(input);
  add_target_option(app, options->target);
  add_plan_options(app, options->plan);
  add_backend_options(app, options->backend);
  add_judge_option(app, options->judge);
  add_tolerance_options(app, options->verify);
  app.add_flag("--inner,!--no-inner", options->verify.inner_values,
               "Also compare values inside segments, shown by pieces made a second time (default)");
  app.add_flag("--all", options->all, "A row for every value compared, not only for the stages");
  app.footer(
      "A package is verified as built; a model file is planned first, as 'tessera plan' would "
      "with\n"
      "the same options, which a package ignores. Exits with an error if any stage differs.\n\n"
      "Examples:\n"
      "  tessera verify m.tess --backend torch --audio mix.wav\n"
      "  tessera verify m.tess --model net.pth            the network it should have come from\n"
      "  tessera verify net.pth --target hailo8 --tile-frames 256 --block-channels 64 --all");
  return [options](Console& console) { return run(*options, console); };
}

}  // namespace tessera::cli
