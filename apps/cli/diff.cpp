// tessera diff: a network of ours against what Hailo's parser made of it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

#include "base/counted.h"
#include "cli/command.h"
#include "cli/hn_file.h"
#include "cli/model_options.h"
#include "cli/table.h"
#include "tessera/package.h"
#include "vendor/hailo/hn/hn_diff.h"
#include "vendor/hailo/hn/hn_graph.h"

namespace tessera::cli {
namespace {

constexpr size_t kShownNames = 12;
constexpr std::string_view kPieces = "pieces/";

struct DiffOptions {
  ModelOptions model;
  std::string piece;
  std::string parsed;
  std::string weights;
  bool all = false;
};

// Names of the float pieces: "seg00_0".
std::vector<std::string> pieces_of(const Package& package) {
  std::vector<std::string> pieces;
  for (const std::string& name : package.names()) {
    if (!name.starts_with(kPieces) || !name.ends_with(".onnx")) continue;
    const std::string piece = name.substr(kPieces.size(), name.size() - kPieces.size() - 5);
    if (piece.find('/') == piece.npos) pieces.push_back(piece);
  }
  return pieces;
}

Result<ImportedModel> open_piece(const DiffOptions& options) {
  TESSERA_TRY(const Package package, Package::open(options.model.path));
  const std::vector<std::string> pieces = pieces_of(package);
  if (options.piece.empty() && pieces.size() != 1) {
    return TESSERA_ERROR(
        kInvalidArgument, options.model.path,
        fmt::format("holds {}: say which was parsed", counted(pieces.size(), "piece")),
        fmt::format("--piece {}", pieces.empty() ? "NAME" : pieces.front()));
  }
  const std::string piece = options.piece.empty() ? pieces.front() : options.piece;
  TESSERA_TRY(const auto bytes, package.read(fmt::format("{}{}.onnx", kPieces, piece)));
  auto files = std::make_shared<ModelFiles>();
  (*files)[piece + ".onnx"] = {bytes.begin(), bytes.end()};
  return import_model(std::move(files), piece + ".onnx");
}

Result<ImportedModel> open_ours(const DiffOptions& options, Console& console) {
  if (is_package(options.model.path)) return open_piece(options);
  if (!options.piece.empty()) {
    return TESSERA_ERROR(kInvalidArgument, options.model.path, "is no package: it has no pieces",
                         "leave --piece out");
  }
  return load_model(options.model, ImportNotes::none, console);
}

std::string names_text(const std::vector<std::string>& names) {
  const size_t shown = std::min(names.size(), kShownNames);
  std::string text = fmt::format(
      "{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
  return printable_line(text);
}

void print_layers(const HnDiff& diff, bool all, Console& console) {
  Table table;
  table.add_columns({"layer", "type", "of nodes", "what", "ours", "the parser's"});
  for (const HnMatch& match : diff.layers) {
    const std::string nodes = names_text(match.nodes);
    if (match.differences.empty() && all) {
      table.add_row({printable_line(match.layer), printable_line(match.type), nodes, "same",
                     match.weights_compared
                         ? fmt::format("weights within {:.1e}", match.weight_difference)
                         : "",
                     ""});
    }
    for (const HnDifference& one : match.differences) {
      table.add_row({printable_line(match.layer), printable_line(match.type), nodes, one.what,
                     printable_line(one.ours), printable_line(one.theirs)});
    }
  }
  if (table.rows() > 0) console.print("\n{}", table.to_string());
}

void print_diff(const DiffOptions& options, const HnFile& file, const HnDiff& diff,
                Console& console) {
  console.print("{} against {}: {}; {} of {} that our nodes became {}{}\n",
                printable(options.parsed), printable(options.model.path),
                diff.same() ? "the same" : "DIFFERENT", diff.different_layers(),
                counted(diff.layers.size(), "layer"),
                diff.different_layers() == 1 ? "differs" : "differ",
                file.weights ? "" : "; weights not compared: there are none (--weights)");
  const auto line = [&](const char* key, size_t count, const std::string& names) {
    if (count > 0) console.print("  {:<10}{}: {}\n", key, count, names);
  };
  line("vanished", diff.vanished.size(), names_text(diff.vanished));
  line("added", diff.added.size(), names_text(diff.added));
  std::vector<std::string> split, fused;
  for (const HnSplit& one : diff.split) {
    split.push_back(fmt::format("{} into {}", one.node, one.layers.size()));
  }
  for (const HnMatch& match : diff.layers) {
    if (match.nodes.size() > 1)
      fused.push_back(fmt::format("{} of {}", match.layer, match.nodes.size()));
  }
  line("split", split.size(), names_text(split));
  line("fused", fused.size(), names_text(fused));
  print_layers(diff, options.all, console);
}

Document diff_document(const DiffOptions& options, const HnFile& file, const HnDiff& diff) {
  Document layers = Document::array(), split = Document::array();
  for (const HnMatch& match : diff.layers) {
    Document differences = Document::array();
    for (const HnDifference& one : match.differences) {
      differences.push_back({{"what", one.what}, {"ours", one.ours}, {"parsers", one.theirs}});
    }
    layers.push_back({{"layer", match.layer},
                      {"type", match.type},
                      {"nodes", match.nodes},
                      {"differences", std::move(differences)},
                      {"weights_compared", match.weights_compared},
                      {"weight_difference", match.weight_difference}});
  }
  for (const HnSplit& one : diff.split) {
    split.push_back({{"node", one.node}, {"layers", one.layers}});
  }
  return {{"model", options.model.path},
          {"parsed", options.parsed},
          {"network", file.hn.name},
          {"same", diff.same()},
          {"weights_given", file.weights.has_value()},
          {"layers", std::move(layers)},
          {"vanished", diff.vanished},
          {"added", diff.added},
          {"split", std::move(split)}};
}

Result<Document> run_diff(const DiffOptions& options, Console& console) {
  TESSERA_TRY(const ImportedModel ours, open_ours(options, console));
  TESSERA_TRY(const HnFile file, open_hn(options.parsed, options.weights));
  const HnWeights* weights = file.weights ? &*file.weights : nullptr;
  auto diff = diff_hn(ours.graph, file.hn, weights);
  if (!diff) {
    Error error = std::move(diff).error();
    error.subject = fmt::format("{}: {}", options.parsed, error.subject);
    return error;
  }
  print_diff(options, file, *diff, console);
  Document document = diff_document(options, file, *diff);
  if (diff->same()) return document;
  console.keep(std::move(document));
  return TESSERA_ERROR(
      kMismatch, options.parsed,
      fmt::format("the parser's network differs from {} in {}, and {} of its nodes vanished",
                  options.model.path, counted(diff->different_layers(), "layer"),
                  diff->vanished.size()),
      "each difference is named above");
}

}  // namespace

Action define_diff(CommandLine& app) {
  auto options = std::make_shared<DiffOptions>();
  add_model_options(app, options->model, true);
  add_sensor_options(app, options->model);
  app.add_option("PARSED", options->parsed, "What the parser made of it: a HAR, or an HN by itself")
      ->required()
      ->type_name("FILE.har|FILE.hn");
  app.add_option("--piece", options->piece, "Of a package: the piece that was parsed")
      ->type_name("NAME");
  app.add_option("--weights", options->weights,
                 "The parser's weights; default: those inside the HAR")
      ->type_name("FILE.npz");
  app.add_flag("--all", options->all, "Also layers that do not differ");
  app.footer(
      "Layers are matched by the names of nodes that the parser keeps. A difference is a kernel,\n"
      "stride, dilation, padding, shape, layout, activation or weight that is another, or a node\n"
      "that no layer names. Layers that it added, fused or split are told, and are none.\n\n"
      "Examples:\n"
      "  tessera diff small.onnx small.har\n"
      "  tessera diff small.onnx small.hn --weights small.npz --all");
  return [options](Console& console) { return run_diff(*options, console); };
}

}  // namespace tessera::cli
