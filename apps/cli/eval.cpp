// tessera eval: a network, or two side by side, scored on a data set.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/counted.h"
#include "base/stopwatch.h"
#include "cli/command.h"
#include "cli/evaluation_page.h"
#include "cli/evaluation_report.h"
#include "cli/interrupt.h"
#include "cli/machine.h"
#include "cli/model_options.h"
#include "cli/option_names.h"
#include "cli/output_files.h"
#include "cli/progress.h"
#include "cli/separating_options.h"
#include "evaluate/data_set.h"
#include "evaluate/evaluation.h"
#include "evidence/documents.h"
#include "tessera/file.h"

namespace tessera::cli {
namespace {

constexpr std::string_view kOutputs[] = {"evaluation.json", "items.tsv", "scores.svg",
                                         "report.html", "scores.jsonl"};

struct EvalArguments {
  SeparatingOptions separating;
  std::string against;
  std::string root;
  std::string metadata;
  DataSetLayout layout = DataSetLayout::automatic;
  MixtureKind mixture = MixtureKind::automatic;
  std::string folder;
  bool force = false;
};

Result<EvaluationOptions> evaluation_options(const EvalArguments& options) {
  TESSERA_TRY(SeparatorOptions separator, separator_options(options.separating));
  EvaluationOptions made;
  made.models.push_back({options.separating.model.path, separator});
  if (!options.against.empty()) {
    separator.model_args.clear();
    made.models.push_back({options.against, separator});
  }
  made.folder = options.folder;
  made.jobs = options.separating.jobs;
  made.force = options.force;
  made.allow_truncated = options.separating.recordings.allow_truncated;
  return made;
}

Result<Evaluation> evaluate(Evaluator& evaluator, const DataSet& data, Console& console) {
  Progress progress(console, fmt::format("scoring {}", counted(data.items.size(), "mixture")));
  const Interrupt interrupt;
  return evaluator.run(data, [&](int64_t done, int64_t all) {
    progress.set(static_cast<double>(done) / static_cast<double>(all));
    return !interrupt.wanted();
  });
}

// The same whenever and in whichever pieces it was computed.
Document document_of(const EvalArguments& options, const Evaluator& evaluator, const DataSet& data,
                     const std::vector<std::string>& models, const Evaluation& evaluation) {
  Document document{{"root", options.root}, {"layout", data.layout}};
  document["models"] = Document::array();
  for (size_t m = 0; m < models.size(); ++m) {
    const Separator& separator = evaluator.separator(m);
    document["models"].push_back({{"model", models[m]},
                                  {"backend", separator.backend()},
                                  {"arithmetic", to_string(separator.arithmetic())}});
  }
  document.update(documents::of(evaluation));
  return document;
}

// All are complete before the first gets its name.
Result<void> write_outputs(const EvalArguments& options, const Document& document,
                           const std::vector<std::string>& models, const Evaluation& evaluation,
                           const std::string& drawing) {
  const std::filesystem::path folder(options.folder);
  std::vector<AtomicFile> files;
  for (const auto& [name, text] : {std::pair(kOutputs[0], json_text(document)),
                                   std::pair(kOutputs[1], evaluation_rows(evaluation, models)),
                                   std::pair(kOutputs[2], drawing)}) {
    TESSERA_TRY(AtomicFile file, write_sealed(folder / name, text, {.force = true}));
    files.push_back(std::move(file));
  }
  for (AtomicFile& file : files) TESSERA_TRY_VOID(file.commit());
  return {};
}

Error failed_summary(const Evaluation& evaluation) {
  const auto first = std::find_if(evaluation.items.begin(), evaluation.items.end(),
                                  [](const EvaluatedItem& item) { return item.error.has_value(); });
  return {first->error->code,
          fmt::format("{} of {} {} not scored", evaluation.failed,
                      counted(evaluation.items.size(), "mixture"),
                      noun_for(evaluation.failed, "was", "were")),
          first->error->subject,
          "see the table of those that were not; the same command scores only what is missing",
          first->error->where};
}

Result<Document> run_eval(const EvalArguments& options, Console& console) {
  const Stopwatch watch;
  TESSERA_TRY_VOID(check_results_folder(options.folder, "scores, a table and a picture", kOutputs,
                                        "scores.jsonl", options.force));
  TESSERA_TRY(EvaluationOptions opening, evaluation_options(options));
  TESSERA_TRY(Evaluator evaluator, Evaluator::open(std::move(opening)));
  std::vector<std::string> models{options.separating.model.path};
  if (!options.against.empty()) models.push_back(options.against);
  for (size_t m = 0; m < models.size(); ++m)
    tell_import_notes(evaluator.separator(m).notes(), ImportNotes::warnings, console);
  TESSERA_TRY(const DataSet data, read_data_set({options.root, options.layout, options.metadata,
                                                 options.mixture, evaluator.voices()}));
  for (const Note& note : data.notes) console.note(in_flags(note.text));
  TESSERA_TRY(const Evaluation evaluation, evaluate(evaluator, data, console));
  for (const auto& [warning, mixtures] : evaluation.warnings)
    console.warning(fmt::format("{}: {}", counted(mixtures, "mixture"), in_flags(warning)));
  Document document = document_of(options, evaluator, data, models, evaluation);
  const std::string drawing = draw_evaluation(evaluation, models);
  TESSERA_TRY_VOID(write_outputs(options, document, models, evaluation, drawing));
  TESSERA_TRY_VOID(write_evaluation_page(options.folder, evaluator, evaluation, models, drawing));
  print_evaluation(evaluation, models, console);
  console.print(
      "{}: {} scored in {:.1f} s, {} known from an earlier run, {} failed; "
      "report.html, evaluation.json, items.tsv\n",
      options.folder, counted(evaluation.scored, "mixture"), watch.seconds(), evaluation.resumed,
      evaluation.failed);
  document["scored"] = evaluation.scored;
  document["resumed"] = evaluation.resumed;
  document["seconds"] = watch.seconds();
  if (evaluation.failed == 0) return document;
  console.keep(std::move(document));
  return failed_summary(evaluation);
}

}  // namespace

Action define_eval(CommandLine& app) {
  auto options = std::make_shared<EvalArguments>();
  add_model_options(app, options->separating.model, false);
  app.add_option("--root", options->root, "The data set: see below")->required()->type_name("DIR");
  app.add_choice("--layout", options->layout, "How the data set lies in its folder",
                 {{"auto", DataSetLayout::automatic},
                  {"libri", DataSetLayout::libri},
                  {"wham", DataSetLayout::wham},
                  {"folders", DataSetLayout::folders}})
      ->default_str("auto");
  app.add_choice("--mix", options->mixture,
                 "Of LibriMix and WHAM!: mix_clean, mix_both or mix_single; auto: the first of "
                 "these that is there",
                 {{"auto", MixtureKind::automatic},
                  {"clean", MixtureKind::clean},
                  {"both", MixtureKind::both},
                  {"single", MixtureKind::single}})
      ->default_str("auto");
  app.add_option("--metadata", options->metadata,
                 "A table of the mixtures and their sources, as LibriMix writes it; default: with "
                 "its layout, the one beside the data set")
      ->type_name("FILE.csv");
  app.add_option("--against", options->against,
                 "A second network, scored on the same mixtures and compared with the first")
      ->type_name("FILE");
  add_separating_options(app, options->separating);
  app.add_option("-o,--output", options->folder, "The folder for scores, table and picture")
      ->required()
      ->type_name("DIR");
  app.add_flag("--force", options->force, "Begin anew in a folder of another evaluation");
  app.footer(
      "A data set is a folder of mix_clean, mix_both, mix_single or mix, beside it s1, s2, ... "
      "with\n"
      "recordings of the same names, or a folder of NAME_mix.wav, NAME_s1.wav, NAME_s2.wav, ...\n"
      "Mixtures that cannot be scored are told in a table, the others are done; the exit code is "
      "then\n"
      "that of the first. Ended in any way, the same command goes on where it was.\n\n"
      "Examples:\n"
      "  tessera eval net.pth --root held_out -o scores\n"
      "  tessera eval net.pth --against float.tess --root held_out --jobs 2 -o scores");
  return [options](Console& console) { return run_eval(*options, console); };
}

}  // namespace tessera::cli
