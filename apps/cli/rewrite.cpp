// tessera rewrite: what the rules make of a network, what they did and why.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/model_options.h"
#include "cli/output_files.h"
#include "cli/progress.h"
#include "cli/rewrite_report.h"
#include "cli/rewrite_signal.h"
#include "evidence/documents.h"
#include "tessera/compiler/graph.h"
#include "tessera/file.h"
#include "verify/noise_inputs.h"

namespace tessera::cli {
namespace {

struct RewriteArguments {
  ModelOptions model;
  BackendChoice backend;
  RewriteOptions rewrite;
  std::vector<std::string> calibration;
  std::string signal;
  RecordingOptions recordings;
  std::string output;
  bool list = false;
  bool markdown = false;
  bool show = false;
  bool force = false;
};

bool asks_for_approximate(const RewriteOptions& options) {
  for (const ListedRule& listed : rewrite_rules()) {
    const auto named = [&](const std::vector<std::string>& names) {
      return std::find(names.begin(), names.end(), listed.rule->name) != names.end();
    };
    if (listed.rule->exactness == Exactness::approximate &&
        (named(options.only) || named(options.enable)))
      return true;
  }
  return false;
}

Result<Document> list_rules(const RewriteArguments& options, Console& console) {
  if (options.markdown) {
    console.print("{}", rewrite_rules_markdown());
  } else {
    print_rules(console);
  }
  return documents::rewrite_rules();
}

// A recording that nobody hears is a mistake in the command, not to be passed over.
Result<void> refuse_unused_recordings(const RewriteArguments& options) {
  if (asks_for_approximate(options.rewrite)) return {};
  for (const auto& [name, is_set] : {std::pair("--signal", !options.signal.empty()),
                                     std::pair("--calibrate", !options.calibration.empty())}) {
    if (is_set) {
      return TESSERA_ERROR(kInvalidArgument, name, "is only heard by approximate rules",
                           "name one with --enable ('tessera rewrite --list'), or leave it out");
    }
  }
  return {};
}

Result<Document> rewrite_model(const RewriteArguments& options, Console& console) {
  TESSERA_TRY_VOID(refuse_unused_recordings(options));
  TESSERA_TRY(ImportedModel model, load_model(options.model, ImportNotes::warnings, console));
  RewriteOptions choice = options.rewrite;
  RewriteSubject subject{options.model.path, "noise"};
  std::unique_ptr<Backend> backend;
  if (asks_for_approximate(choice)) {
    TESSERA_TRY(backend, open_backend(options.backend));
    const Progress progress(console, "calibrating");
    TESSERA_TRY(choice.parameters.calibrated,
                calibrate_norms(model, options.calibration, options.recordings, *backend, console));
    std::vector<float> signal;
    if (options.signal.empty()) {
      console.note("costs are measured on noise; --signal FILE measures them on a recording");
      signal = std::move(noise_inputs(model.graph).front());
    } else {
      subject.measured_on = options.signal;
      TESSERA_TRY(signal, read_signal(options.signal, model, options.recordings, console));
      const Shape& shape = model.graph.node(model.graph.inputs()[0]).shape;
      const int64_t length = static_cast<int64_t>(signal.size()) / (shape.c * shape.h);
      if (length != shape.w) {
        if (options.model.length_samples) {
          return TESSERA_ERROR(
              kInvalidArgument, options.signal,
              fmt::format("is {} samples long, --length asks for {}", length, shape.w),
              "leave out --length, or give a signal of that length");
        }
        TESSERA_TRY(model.graph, model.network->instantiate(length));
      }
    }
    choice.measure_cost = cost_meter(*backend, std::move(signal), choice.parameters.source);
  }
  Graph graph = std::move(model.graph);
  RewriteLog log;
  {
    const Progress progress(console, "rewriting");
    TESSERA_TRY(log, rewrite(graph, choice));
  }
  if (options.show) show_rewrite(console, log);
  print_rewrite(console, subject, log);
  Document document{{"model", subject.model}};
  document.update(documents::of(log));
  if (!log.exact) document["measured_on"] = subject.measured_on;
  if (!options.output.empty()) {
    TESSERA_TRY_VOID(
        write_file_atomically(options.output, print_graph(graph), {.force = options.force}));
    console.print("written to {}\n", options.output);
    document["path"] = options.output;
  }
  return document;
}

Result<Document> run_rewrite(const RewriteArguments& options, Console& console) {
  if (options.list) return list_rules(options, console);
  if (options.model.path.empty()) {
    return TESSERA_ERROR(kInvalidArgument, "MODEL", "no network is given",
                         "'tessera rewrite MODEL', or 'tessera rewrite --list' for the rules");
  }
  TESSERA_TRY_VOID(check_outputs(
      {{options.output, OutputFormat::graph_text}},
      file_names({options.model.path, options.signal}, {options.calibration}), options.force));
  return rewrite_model(options, console);
}

void add_rule_options(CommandLine& app, RewriteArguments& options) {
  const auto rules = [&](const char* name, std::vector<std::string>& names, const char* help) {
    app.add_option(name, names, help)
        ->type_name("RULE,...")
        ->delimiter(',')
        ->allow_extra_args(false);
  };
  rules("--only", options.rewrite.only, "Run these rules and no others");
  rules("--enable", options.rewrite.enable,
        "Run these rules too: approximate ones, or exact ones that a target may need");
  rules("--disable", options.rewrite.disable, "Do not run these rules");
  RewriteParameters& parameters = options.rewrite.parameters;
  app.add_option("--keep-blocks", parameters.keep_blocks, "truncate_blocks: blocks that stay")
      ->positive()
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--decoder-channels", parameters.decoder_channels,
                 "reduce_decoder: filters that stay")
      ->positive()
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--source", parameters.source, "keep_one_source: which one, from 0")
      ->not_negative()
      ->type_name("N")
      ->capture_default_str();
  app.add_option(
         "--calibrate", options.calibration,
         "freeze_global_norm: a recording or array to take the statistics from (repeatable)")
      ->type_name("FILE")
      ->allow_extra_args(false);
  app.add_option(
         "--signal", options.signal,
         "A recording or array on which the cost of approximate rules is measured; default: "
         "noise")
      ->type_name("FILE");
  add_recording_options(app, options.recordings);
}

}  // namespace

Action define_rewrite(CommandLine& app) {
  auto options = std::make_shared<RewriteArguments>();
  add_model_options(app, options->model, true);
  add_sensor_options(app, options->model);
  app.get_option("MODEL")->required(false);
  add_rule_options(app, *options);
  add_backend_options(app, options->backend);
  app.add_flag("--show", options->show, "Tell where each rule applied or declined, and why");
  auto* list = app.add_flag("--list", options->list, "Print the ordered list of rules instead");
  app.add_flag("--markdown", options->markdown, "With --list: as docs/rewrites.md")->needs(list);
  app.add_option("-o,--output", options->output, "Write the rewritten graph as text")
      ->type_name("FILE.graph");
  app.add_flag("--force", options->force, "Replace an output file that exists");
  app.footer(
      "Exact rules keep every output to float rounding. Approximate ones make another network: "
      "they\n"
      "run only when named, and their cost is measured.\n\n"
      "Examples:\n"
      "  tessera rewrite net.pth --show\n"
      "  tessera rewrite --list\n"
      "  tessera rewrite net.pth --enable lower_dilation_to_phases -o legal.graph\n"
      "  tessera rewrite net.pth --enable replace_prelu_with_relu --signal mix.wav");
  return [options](Console& console) { return run_rewrite(*options, console); };
}

}  // namespace tessera::cli
