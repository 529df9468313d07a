// tessera inspect: what a network is, without running it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/counted.h"
#include "cli/command.h"
#include "cli/model_options.h"
#include "cli/output_files.h"
#include "cli/table.h"
#include "evidence/documents.h"
#include "report/network_drawing.h"
#include "report/node_caption.h"
#include "tessera/backend.h"
#include "tessera/compiler/analysis.h"
#include "tessera/compiler/graph.h"
#include "tessera/file.h"
#include "tessera/package.h"

namespace tessera::cli {
namespace {

struct InspectArguments {
  ModelOptions model;
  std::string drawing;
  bool text = false;
  bool force = false;
};

// From the strided convolution that makes frames to what the first decoder reads.
std::optional<Dependence> dependence_in_frames(const Graph& graph) {
  NodeId encoder = kNoNode;
  for (const NodeId id : graph.order()) {
    const auto* conv = graph.get_if<Conv>(id);
    if (encoder == kNoNode && conv != nullptr && conv->stride.w > 1) encoder = id;
    if (graph.get_if<ConvTranspose>(id) != nullptr && encoder != kNoNode) {
      return dependence(graph, encoder, graph.node(id).inputs[0]);
    }
  }
  return std::nullopt;
}

std::string field_text(const Dependence& seen, std::string_view unit, std::optional<int> rate) {
  if (!seen.any) return "nothing of the input";
  std::string text = seen.local ? fmt::format("{} {}", grouped(seen.field()), unit) : "";
  if (rate && seen.local)
    text += fmt::format(" ({:.0f} ms)", 1e3 * static_cast<double>(seen.field()) / *rate);
  if (seen.whole_sequence) {
    text = text.empty()
               ? "the whole recording"
               : fmt::format("the whole recording, by its norms; {} by convolutions", text);
  } else if (seen.unbounded_past) {
    text += ", and all of the past by its norms";
  }
  return text;
}

std::string causality_text(const Dependence& seen, std::string_view unit) {
  if (seen.causal()) return "yes";
  if (seen.whole_sequence) return "no: its norms or pooling take in the whole recording";
  if (seen.repeats_ends) return "no: it mirrors or repeats the ends of the recording";
  return fmt::format("no: it looks {} {} ahead", grouped(seen.look_ahead()), unit);
}

// One row per node.
void print_layers(const Graph& graph, const Costs& cost, Console& console) {
  Table table;
  table.add_columns({"layer", "op", "shape"});
  table.add_columns({"parameters", "MACs"}, Table::Align::right);
  for (const NodeCost& row : cost.nodes) {
    const Node& node = graph.node(row.id);
    table.add_row({node.name, caption_of(graph, row.id).title, to_string(node.shape),
                   row.parameters > 0 ? grouped(row.parameters) : "",
                   row.macs > 0 ? grouped(row.macs) : ""});
  }
  table.add_rule();
  table.add_row({"total", "", "", grouped(cost.parameters), grouped(cost.macs)});
  console.print("{}\n", table.to_string());
}

void print_summary(const InspectArguments& options, const ImportedModel& model, const Costs& cost,
                   const Dependence& seen, const std::optional<Dependence>& frames,
                   Console& console) {
  const bool audio = model.n_src > 0 || model.sample_rate.has_value();
  const std::string_view unit = audio ? "samples" : "frames";
  const auto line = [&](std::string_view key, const std::string& value) {
    console.print("{:<17}{}\n", key, value);
  };
  line("file", options.model.path);
  line("kind", model.family);
  if (model.n_src > 0) line("voices", fmt::format("{}", model.n_src));
  if (model.sample_rate) line("sampling rate", fmt::format("{} Hz", *model.sample_rate));
  std::string length = fmt::format("{} {}", grouped(model.length_samples), unit);
  if (model.sample_rate) {
    length +=
        fmt::format(" ({:.2f} s)", static_cast<double>(model.length_samples) / *model.sample_rate);
  }
  line("for a length of",
       fmt::format("{}; shortest {}", length, grouped(model.network->min_length())));
  line("parameters",
       fmt::format("{} ({})", grouped(cost.parameters), bytes_text(cost.weight_bytes)));
  std::string macs = grouped(cost.macs);
  if (model.sample_rate) {
    const double seconds = static_cast<double>(model.length_samples) / *model.sample_rate;
    macs += fmt::format(" ({:.3f} G per second of audio)",
                        static_cast<double>(cost.macs) / seconds / 1e9);
  }
  line("MACs", macs);
  line("activations", fmt::format("{} at most at once", bytes_text(cost.peak_activation_bytes)));
  line("receptive field", field_text(seen, unit, model.sample_rate));
  if (frames) line("", fmt::format("{} from encoder to mask", field_text(*frames, "frames", {})));
  line("causal", causality_text(seen, unit));
  for (const auto& [key, value] : model.metadata) {
    if (key != "sample_rate") line(key, value);  // told above
  }
}

// How a quantised package computes, and from what that was chosen.
void print_integers(const CalibrationReport& report, Console& console) {
  const CalibrationReport::Arithmetic& arithmetic = report.arithmetic;
  console.print("{:<17}{}: {} in 8 bits, {} in 16, {} in float; {} with weights of 8 bits\n",
                "arithmetic", printable(arithmetic.asked), counted(arithmetic.in_8_bits, "value"),
                arithmetic.in_16_bits, arithmetic.in_float,
                counted(arithmetic.convolutions, "convolution"));
  console.print("{:<17}{} of {} ({}); outputs {:.1f} dB SNR vs float, {:.1f} at least\n",
                "calibrated on", counted(report.source.windows, "window"),
                printable(fmt::format("{}", fmt::join(report.source.files, ", "))),
                printable(report.method.range_estimator), arithmetic.snr_db,
                arithmetic.lowest_snr_db);
}

// What the network was built into, where it lies in a package.
Result<Document> package_document(const std::string& path, Console& console) {
  TESSERA_TRY(const Package package, Package::open(path));
  const PackageManifest& manifest = package.manifest();
  const auto pieces =
      std::count_if(manifest.entries.begin(), manifest.entries.end(),
                    [](const PackageEntry& entry) { return entry.kind == "piece"; });
  console.print("{:<17}{} for {}, {} norms, built by Tessera {}\n", "package",
                counted(pieces, "piece"), printable(manifest.target), manifest.options.norm,
                printable(manifest.tessera));
  Document document{{"hash", package.hash()},
                    {"target", manifest.target},
                    {"norm", manifest.options.norm},
                    {"pieces", pieces},
                    {"tessera", manifest.tessera}};
  TESSERA_TRY(const auto report, calibration_report(package));
  if (report) {
    print_integers(*report, console);
    document["integers"] = documents::of(*report);
  }
  return document;
}

Result<Document> inspect(const InspectArguments& options, Console& console) {
  TESSERA_TRY_VOID(check_outputs({{options.drawing, OutputFormat::svg}},
                                 file_names({options.model.path}), options.force));
  TESSERA_TRY(const ImportedModel model, load_model(options.model, ImportNotes::all, console));
  const Graph& graph = model.graph;
  const Costs cost = costs(graph);
  const Dependence seen = dependence(graph, graph.inputs()[0], graph.outputs()[0].node);
  const auto frames = dependence_in_frames(graph);
  const Signature signature = signature_of(graph);

  Document document{{"model", options.model.path},
                    {"family", model.family},
                    {"sources", model.n_src},
                    {"sample_rate", nullptr},
                    {"length", model.length_samples},
                    {"min_length", model.network->min_length()},
                    {"inputs", Document::array()},
                    {"outputs", Document::array()},
                    {"parameters", cost.parameters},
                    {"weight_bytes", cost.weight_bytes},
                    {"macs", cost.macs},
                    {"peak_activation_bytes", cost.peak_activation_bytes},
                    {"dependence", documents::of(seen)}};
  if (model.sample_rate) document["sample_rate"] = *model.sample_rate;
  for (const Port& port : signature.inputs) document["inputs"].push_back(documents::of(port));
  for (const Port& port : signature.outputs) document["outputs"].push_back(documents::of(port));
  if (frames) document["dependence_in_frames"] = documents::of(*frames);
  document["metadata"] = model.metadata;
  if (options.text) {
    document["text"] = print_graph(graph, {.weights = false});
    console.print("{}", document["text"].get<std::string>());
  } else {
    print_layers(graph, cost, console);
    document["layers"] = documents::layers(graph, cost);
    print_summary(options, model, cost, seen, frames, console);
  }
  if (is_package(options.model.path)) {
    TESSERA_TRY(document["package"], package_document(options.model.path, console));
  }

  if (!options.drawing.empty()) {
    const std::string title = fmt::format(
        "{}: {} parameters", std::filesystem::path(options.model.path).filename().string(),
        grouped(cost.parameters));
    TESSERA_TRY_VOID(write_file_atomically(options.drawing, draw_network(graph, title),
                                           {.force = options.force}));
    document["drawing"] = options.drawing;
    console.print("{:<17}{}\n", "drawn in", options.drawing);
  }
  return document;
}

}  // namespace

Action define_inspect(CommandLine& app) {
  auto options = std::make_shared<InspectArguments>();
  add_model_options(app, options->model, true);
  add_sensor_options(app, options->model);
  app.add_option("--graph", options->drawing, "Also draw the network into this SVG file")
      ->type_name("FILE.svg");
  app.add_flag("--text", options->text,
               "Print the graph's text form (docs/graph_text.md) without its weights' values");
  app.add_flag("--force", options->force, "Replace the drawing if it exists");
  app.footer(
      "Examples:\n"
      "  tessera inspect net.pth\n"
      "  tessera inspect net.onnx --length 16000 --graph net.svg\n"
      "  tessera inspect weights.pth --model-arg mask_act=relu");
  return [options](Console& console) { return inspect(*options, console); };
}

}  // namespace tessera::cli
