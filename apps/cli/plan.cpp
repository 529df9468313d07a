// tessera plan: how a network would run on a chip and its host, with the cost expected.
#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>

#include "base/counted.h"
#include "cli/command.h"
#include "cli/hints.h"
#include "cli/model_options.h"
#include "cli/output_files.h"
#include "cli/plan_alternatives.h"
#include "cli/plan_options.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/target_options.h"
#include "evidence/documents.h"
#include "report/plan_drawing.h"
#include "tessera/compiler/plan.h"
#include "tessera/compiler/rewrite.h"
#include "tessera/file.h"

namespace tessera::cli {
namespace {

struct PlanArguments {
  ModelOptions model;
  BackendChoice backend;
  std::string target = "hailo8";
  PlanOptions plan;
  std::string drawing;
  bool host_steps = false;
  bool all = false;
  bool measure = true;
  bool force = false;
};

std::string milliseconds(double seconds) {
  return fmt::format("{:.2f}", seconds * 1e3);
}

std::string tile_text(const Tiling& tiling) {
  std::string text = fmt::to_string(tiling.tile_frames);
  return tiling.stripes > 1 ? fmt::format("{} x {}", tiling.stripes, text) : text;
}

void print_verdict(const Plan& plan, const Target& target, Console& console) {
  const Cost& cost = plan.cost;
  console.print("{} on {}: {}, {}, {} in, {} out, {}\n", to_string(plan.verdict), target.name,
                counted(plan.segments.size(), "segment"), grouped(cost.calls, "call"),
                grouped(cost.bytes_in, "byte"), grouped(cost.bytes_out, "byte"),
                counted(plan.contexts, "context"));
  console.print("estimated {} ms = compute {} + link {} + calls {} + contexts {}\n",
                milliseconds(cost.seconds()), milliseconds(cost.compute_s),
                milliseconds(cost.link_s), milliseconds(cost.call_s), milliseconds(cost.switch_s));
  console.print("{} MACs on the chip (halos included), {} on the host\n\n", grouped(cost.macs),
                grouped(plan.host_macs));
}

// The convolutions of a segment, by kind: "depthwise 3", "2 pointwise".
std::string work_of(const Plan& plan, const ChipSegment& segment) {
  std::map<std::string, int> kinds;
  for (NodeId id : segment.nodes) {
    const auto* conv = plan.graph.get_if<Conv>(id);
    if (conv == nullptr) continue;
    const int64_t taps = conv->weight.dim(2) * conv->weight.dim(3);
    const bool depthwise = conv->groups > 1 && conv->weight.dim(1) == 1;
    ++kinds[depthwise   ? fmt::format("depthwise {}", taps)
            : taps == 1 ? std::string("pointwise")
                        : fmt::format("conv {}", taps)];
  }
  std::string text;
  for (const auto& [kind, count] : kinds) {
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ",
                        count > 1 ? fmt::format("{} ", count) : "", kind);
  }
  return text.empty() ? "element by element" : text;
}

void print_segments(const Plan& plan, bool all, Console& console) {
  Table table;
  table.add_columns({"segment", "convolutions", "layout"});
  table.add_columns({"tile", "phases", "pieces", "calls", "bytes in", "bytes out", "ms"},
                    Table::Align::right);
  table.add_column("verdict");
  for (const ChipSegment& segment : plan.segments) {
    const Tiling& tiling = segment.tiling;
    table.add_row({segment.name, work_of(plan, segment), std::string(to_string(tiling.layout)),
                   tile_text(tiling), fmt::to_string(tiling.phases),
                   fmt::to_string(segment.pieces.size()), fmt::to_string(segment.calls.size()),
                   grouped(segment.cost.bytes_in), grouped(segment.cost.bytes_out),
                   milliseconds(segment.cost.seconds()), std::string(to_string(segment.verdict))});
  }
  if (!all) table.fold_equal_rows();
  console.print("{}\n", table.to_string());
}

void print_host_steps(const Plan& plan, bool all, Console& console) {
  Table table;
  table.add_columns({"on the host", "op", "why"});
  for (const Step& step : plan.steps) {
    const auto* host = std::get_if<HostStep>(&step);
    if (host == nullptr) continue;
    const Node& node = plan.graph.node(host->node);
    table.add_row({printable(node.name), op_name(node.op), host->reason});
  }
  if (!all) table.fold_equal_rows();
  console.print("{}\n", table.to_string());
}

void print_alternatives(const std::vector<Alternative>& list, double audio_s, Console& console) {
  Table table;
  table.add_columns({"way", "same network", "verdict"});
  table.add_columns({"calls", "contexts", "link bytes", "chip ms, estimated", "host ms, measured"},
                    Table::Align::right);
  if (audio_s > 0) table.add_column("real-time factor", Table::Align::right);
  for (const Alternative& way : list) {
    const bool chip = !way.verdict.empty();
    std::vector<std::string> row{way.name,
                                 way.exact ? "yes" : "no",
                                 chip ? way.verdict : "",
                                 chip ? grouped(way.calls) : "",
                                 chip ? grouped(way.contexts) : "",
                                 chip ? grouped(way.link_bytes) : "",
                                 chip ? milliseconds(way.chip_s) : "",
                                 way.host_s > 0 ? milliseconds(way.host_s) : ""};
    if (audio_s > 0) {
      row.push_back(way.host_s > 0 ? fmt::format("{:.4f}", way.seconds() / audio_s) : "");
    }
    table.add_row(std::move(row));
  }
  console.print("{}", table.to_string());
  for (const Alternative& way : list) {
    if (!way.obstacle.empty()) console.print("{}: {}\n", way.name, way.obstacle);
  }
}

// Is the chip worth it? Only where both were measured.
void print_conclusion(const Alternative& plan, const std::vector<Alternative>& ways,
                      Console& console) {
  for (const Alternative& way : ways) {
    if (!way.verdict.empty() || way.host_s <= 0 || plan.host_s <= 0) continue;
    const double ratio = plan.seconds() / way.seconds();
    if (ratio > 1) {
      console.print("{} is {:.1f} times as fast as this plan: the chip is not worth it here\n",
                    way.name, ratio);
    } else {
      console.print("this plan is {:.1f} times as fast as {}\n", 1 / ratio, way.name);
    }
  }
}

Document alternatives_document(const std::vector<Alternative>& list) {
  Document ways = Document::array();
  for (const Alternative& way : list) {
    Document entry{{"name", way.name}, {"exact", way.exact}};
    if (!way.verdict.empty()) {
      entry["verdict"] = way.verdict;
      entry["segments"] = way.segments;
      entry["calls"] = way.calls;
      entry["contexts_estimated"] = way.contexts;
      entry["link_bytes"] = way.link_bytes;
      entry["chip_ms_estimated"] = way.chip_s * 1e3;
    }
    if (way.host_s > 0) entry["host_ms_measured"] = way.host_s * 1e3;
    if (!way.obstacle.empty()) entry["obstacle"] = way.obstacle;
    ways.push_back(std::move(entry));
  }
  return ways;
}

Result<std::vector<Alternative>> compare_ways(const PlanArguments& options,
                                              const ImportedModel& model, const Graph& legal,
                                              const Plan& plan, const Target& target,
                                              Console& console) {
  std::vector<Alternative> ways{alternative_of("exact, cut (this plan)", plan, target)};
  TESSERA_TRY(std::vector<Alternative> others,
              other_plans(model, legal, plan, target, options.plan));
  Alternative alone;
  alone.name = "this processor alone";
  if (options.measure) {
    TESSERA_TRY(const auto backend, open_backend(options.backend));
    TESSERA_TRY(const Measured measured, measure_ways(model, plan, target, *backend, console));
    ways[0].host_s = measured.host_s;
    alone.host_s = measured.alone_s;
    alone.name += fmt::format(" ({})", options.backend.name);
    ways.push_back(alone);
  }
  ways.insert(ways.end(), others.begin(), others.end());
  return ways;
}

Result<Document> run_plan(const PlanArguments& options, Console& console) {
  TESSERA_TRY_VOID(check_outputs({{options.drawing, OutputFormat::svg}},
                                 file_names({options.model.path, options.target}), options.force));
  TESSERA_TRY(const Target target, load_target(options.target));
  TESSERA_TRY(const ImportedModel model, load_model(options.model, ImportNotes::warnings, console));
  Graph legal = model.graph;
  Plan plan;
  std::vector<Alternative> ways;
  {
    const Progress progress(console, "planning");
    TESSERA_TRY(const RewriteLog log, rewrite(legal));
    if (!log.not_legal.empty()) {
      return TESSERA_ERROR(kUnsupported, options.model.path, log.not_legal,
                           rule_reasons_hint(options.model.path));
    }
    TESSERA_TRY(plan, make_plan(legal, target, options.plan));
    TESSERA_TRY(ways, compare_ways(options, model, legal, plan, target, console));
  }
  for (const Note& note : plan.notes) console.note(printable(note.text));
  print_verdict(plan, target, console);
  print_segments(plan, options.all, console);
  // Who moved something to the chip wants to see whether it got there.
  if (options.host_steps || options.plan.encoder_on_chip || options.plan.masks_on_chip) {
    print_host_steps(plan, options.all, console);
  }
  const double audio_s = model.sample_rate ? static_cast<double>(model.length_samples) /
                                                 static_cast<double>(*model.sample_rate)
                                           : 0;
  print_alternatives(ways, audio_s, console);
  print_conclusion(ways.front(), ways, console);
  Document document{{"target", target.name}, {"length_samples", model.length_samples}};
  document.update(documents::of(plan));
  document["alternatives"] = alternatives_document(ways);
  if (!options.drawing.empty()) {
    const std::string title = std::filesystem::path(options.model.path).filename().string();
    TESSERA_TRY_VOID(
        write_file_atomically(options.drawing, draw_plan(plan, title), {.force = options.force}));
    console.print("drawn in {}\n", options.drawing);
    document["drawing"] = options.drawing;
  }
  return document;
}

}  // namespace

Action define_plan(CommandLine& app) {
  auto options = std::make_shared<PlanArguments>();
  add_model_options(app, options->model, true);
  add_sensor_options(app, options->model);
  add_target_option(app, options->target);
  add_plan_options(app, options->plan);
  app.add_option("--svg", options->drawing,
                 "Also draw the plan: network along x, time along y, one colour per segment")
      ->type_name("FILE.svg");
  app.add_flag("--host-steps", options->host_steps, "List what the host does, and why");
  app.add_flag("--all", options->all, "A row for every segment and host step, none folded");
  app.add_flag("--measure,!--no-measure", options->measure,
               "Time the host's steps and the whole network on this machine (default)");
  app.add_flag("--force", options->force, "Overwrite the drawing");
  add_backend_options(app, options->backend);
  app.footer(
      "The network is rewritten first (tessera rewrite --show). Times of the chip are estimates "
      "from\nthe target's cost figures (tessera target show), in which nothing overlaps; times of "
      "the host\nare measured here, on noise, with --backend. Rows that differ in their name only "
      "are one:\n'seg04 x 24' stands for it and 23 more.\n\n"
      "Examples:\n"
      "  tessera plan model.pth --target hailo8 --svg plan.svg\n"
      "  tessera plan model.pth --target hailo8l --length 16000 --layout row --tile-frames 256\n");
  return [options](Console& console) { return run_plan(*options, console); };
}

}  // namespace tessera::cli
