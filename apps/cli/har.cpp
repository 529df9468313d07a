// tessera har: what Hailo's tools pass from step to step.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <memory>

#include "base/counted.h"
#include "cli/command.h"
#include "cli/har_export.h"
#include "cli/hef_report.h"
#include "cli/output_format.h"
#include "cli/table.h"
#include "tessera/file.h"
#include "vendor/hailo/har/har.h"
#include "vendor/hailo/hn/hn_graph.h"

namespace tessera::cli {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxHarBytes = uint64_t{4} << 30;
constexpr size_t kShownArrays = 12;
constexpr size_t kShownRefusals = 3;
constexpr size_t kShownScriptBytes = 4000;

struct HarOptions {
  std::string path;
  std::string folder = ".";
  bool layers = false;
  bool force = false;
};

Result<HarArchive> open_har(const std::string& path) {
  TESSERA_TRY(const auto bytes, read_file(path, kMaxHarBytes));
  auto archive = read_har_archive(bytes);
  if (archive) return archive;
  Error error = std::move(archive).error();
  error.subject = error.subject.empty() ? path : fmt::format("{}: {}", path, error.subject);
  return error;
}

// --- text -----------------------------------------------------------------------------------

void line(Console& console, std::string_view key, const std::string& value) {
  if (!value.empty()) console.print("{:<13}{}\n", key, printable_line(value));
}

std::string types_text(const Hn& hn) {
  std::vector<std::string> parts;
  for (const auto& [type, count] : hn.layers_by_type()) {
    parts.push_back(fmt::format("{} {}", count, type));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

// Whether all of it can be said in the ops of a graph.
std::string graph_text(const Hn& hn) {
  const auto outline = outline_hn(hn);
  if (!outline) return outline.error().to_string();
  if (outline->refused.empty()) return "every layer";
  std::vector<std::string> refused;
  for (const HnRefusal& refusal : outline->refused) {
    if (refused.size() < kShownRefusals) {
      refused.push_back(fmt::format("{} ({}): {}", refusal.layer, refusal.type, refusal.why));
    }
  }
  return fmt::format("all but {}: {}{}", counted(outline->refused.size(), "layer"),
                     fmt::join(refused, "; "),
                     outline->refused.size() > refused.size() ? "; ..." : "");
}

void print_network(const HarNetwork& network, Console& console) {
  const std::string key =
      network.state == HarState::parsed ? "network" : fmt::format("  {}", to_string(network.state));
  if (!network.hn) {
    line(console, key, fmt::format("{} cannot be read: {}", network.member, network.unreadable));
    return;
  }
  double macs = 0;
  for (const HnLayer& layer : network.hn->layers) macs += layer.macs;
  line(console, key,
       fmt::format("{}: {}, {:.3f} G MACs ({})", network.hn->name,
                   counted(network.hn->layers.size(), "layer"), macs / 1e9, network.member));
  if (network.state != HarState::parsed) return;
  line(console, "  layers", types_text(*network.hn));
  line(console, "  as a graph", graph_text(*network.hn));
}

void print_weights(const HarWeights& weights, Console& console) {
  std::string text =
      fmt::format("{}: {}", weights.member, bytes_text(static_cast<int64_t>(weights.bytes)));
  if (!weights.arrays.empty()) text += ", " + counted(weights.arrays.size(), "array");
  if (!weights.not_listed.empty()) text += ", not listed: " + weights.not_listed;
  line(console, "weights", text);
  for (size_t i = 0; i < std::min(kShownArrays, weights.arrays.size()); ++i) {
    const HarArray& array = weights.arrays[i];
    line(console, "",
         fmt::format("  {} {} {}", array.name, dims_to_string(array.dims), array.dtype));
  }
  if (weights.arrays.size() > kShownArrays) {
    line(console, "",
         fmt::format("  and {} more (--json: all)", weights.arrays.size() - kShownArrays));
  }
}

void print_script(const HarScript& script, Console& console) {
  line(console, script.automatic ? "decisions" : "script",
       fmt::format("{}: {}", script.member, counted(script.text.size(), "byte")));
  if (script.automatic) return;
  console.print("{}{}\n", printable(script.text.substr(0, kShownScriptBytes)),
                script.text.size() > kShownScriptBytes ? "..." : "");
}

void print_layers(const Hn& hn, Console& console) {
  Table table;
  table.add_columns({"layer", "type", "C,H,W", "kernel", "strides", "padding", "activation",
                     "precision", "nodes"});
  for (const HnLayer& layer : hn.layers) {
    table.add_row(
        {printable_line(layer.name), printable_line(layer.type), to_string(layer.shape()),
         layer.params.kernel_shape.empty() ? "" : dims_to_string(layer.params.kernel_shape),
         layer.params.strides.empty() ? "" : dims_to_string(layer.params.strides),
         printable_line(layer.params.padding), printable_line(layer.params.activation),
         printable_line(layer.precision_mode),
         printable_line(fmt::format("{}", fmt::join(layer.original_names, ", ")))});
  }
  console.print("\n{}", table.to_string());
}

void print_har(const HarOptions& options, const HarArchive& archive, const Har& har,
               Console& console) {
  uint64_t bytes = 0;
  for (const HarMember& member : archive.members) bytes += member.bytes.size();
  console.print("{}: {} HAR, {}; {} in {}{}\n", printable(options.path),
                archive.damage.empty() ? "intact" : "DAMAGED", to_string(har.state),
                bytes_text(static_cast<int64_t>(bytes)), counted(archive.members.size(), "member"),
                archive.compressed ? ", compressed" : "");
  for (const Damage& damage : archive.damage.listed()) {
    line(console, "  damage", fmt::format("byte {}: {}", damage.offset, damage.what));
  }
  for (const HarNetwork& network : har.networks) print_network(network, console);
  for (const HarWeights& weights : har.weights) print_weights(weights, console);
  line(console, "others", fmt::format("{}", fmt::join(har.others, ", ")));
  for (const HarScript& script : har.scripts) print_script(script, console);
  for (const HarCompiled& compiled : har.compiled) {
    console.print("\n");
    if (compiled.hef) {
      print_hef(compiled.member, *compiled.hef, {}, console);
    } else {
      line(console, compiled.member, compiled.unreadable);
    }
  }
  if (options.layers && har.network() != nullptr) print_layers(*har.network(), console);
}

// --- document -------------------------------------------------------------------------------

Document layer_document(const HnLayer& layer) {
  return {{"name", layer.name},
          {"type", layer.type},
          {"inputs", layer.inputs},
          {"shape", {layer.shape().c, layer.shape().h, layer.shape().w}},
          {"original_names", layer.original_names},
          {"kernel_shape", layer.params.kernel_shape},
          {"strides", layer.params.strides},
          {"dilations", layer.params.dilations},
          {"padding", layer.params.padding},
          {"groups", layer.params.groups},
          {"activation", layer.params.activation},
          {"precision_mode", layer.precision_mode},
          {"bias_mode", layer.bias_mode},
          {"weights", layer.weights},
          {"macs", layer.macs}};
}

Document network_document(const HarNetwork& network) {
  Document document{{"member", network.member}, {"state", to_string(network.state)}};
  if (!network.hn) {
    document["unreadable"] = network.unreadable;
    return document;
  }
  document["name"] = network.hn->name;
  document["layers_by_type"] = network.hn->layers_by_type();
  document["layers"] = Document::array();
  for (const HnLayer& layer : network.hn->layers) {
    document["layers"].push_back(layer_document(layer));
  }
  if (const auto outline = outline_hn(*network.hn)) {
    document["not_in_a_graph"] = Document::array();
    for (const HnRefusal& refusal : outline->refused) {
      document["not_in_a_graph"].push_back(
          {{"layer", refusal.layer}, {"type", refusal.type}, {"why", refusal.why}});
    }
  }
  return document;
}

Document weights_document(const HarWeights& weights) {
  Document arrays = Document::array();
  for (const HarArray& array : weights.arrays) {
    arrays.push_back({{"name", array.name}, {"dims", array.dims}, {"dtype", array.dtype}});
  }
  Document document{
      {"member", weights.member}, {"bytes", weights.bytes}, {"arrays", std::move(arrays)}};
  if (!weights.not_listed.empty()) document["not_listed"] = weights.not_listed;
  return document;
}

Document har_document(const HarArchive& archive, const Har& har) {
  Document members = Document::array(), networks = Document::array(), weights = Document::array();
  Document scripts = Document::array(), compiled = Document::array();
  for (const HarMember& member : archive.members) {
    members.push_back({{"name", member.name},
                       {"bytes", member.bytes.size()},
                       {"stated_bytes", member.stated_bytes}});
  }
  for (const HarNetwork& network : har.networks) networks.push_back(network_document(network));
  for (const HarWeights& one : har.weights) weights.push_back(weights_document(one));
  for (const HarScript& script : har.scripts) {
    scripts.push_back(
        {{"member", script.member}, {"automatic", script.automatic}, {"text", script.text}});
  }
  for (const HarCompiled& one : har.compiled) {
    Document document{{"member", one.member}};
    if (one.hef) {
      document.update(hef_document(*one.hef));
    } else {
      document["unreadable"] = one.unreadable;
    }
    compiled.push_back(std::move(document));
  }
  return {{"intact", archive.damage.empty()}, {"damage", damage_document(archive.damage)},
          {"compressed", archive.compressed}, {"state", to_string(har.state)},
          {"members", std::move(members)},    {"networks", std::move(networks)},
          {"weights", std::move(weights)},    {"scripts", std::move(scripts)},
          {"compiled", std::move(compiled)}};
}

// --- commands -------------------------------------------------------------------------------

Result<Document> inspect_har(const HarOptions& options, Console& console) {
  TESSERA_TRY(const HarArchive archive, open_har(options.path));
  const Har har = read_har(archive);
  print_har(options, archive, har, console);
  Document document{{"file", options.path}};
  document.update(har_document(archive, har));
  if (archive.damage.empty()) return document;
  console.keep(std::move(document));
  return damaged_file(options.path, archive.damage);
}

// All of it, or none: a name that leaves the folder was refused when the archive was read.
Result<Document> extract_har(const HarOptions& options, Console& console) {
  TESSERA_TRY_VOID(check_folder_name(options.folder, "members"));
  TESSERA_TRY(const HarArchive archive, open_har(options.path));
  if (!archive.damage.empty()) return damaged_file(options.path, archive.damage);
  std::vector<AtomicFile> sealed;
  Document files = Document::array();
  for (const HarMember& member : archive.members) {
    const fs::path path = fs::path(options.folder) / member.name;
    std::error_code ignored;
    if (fs::exists(path, ignored)) {
      TESSERA_TRY_VOID(check_writable(path, {.force = options.force}));
    }
  }
  for (const HarMember& member : archive.members) {
    const fs::path path = fs::path(options.folder) / member.name;
    TESSERA_TRY_VOID(ensure_directory(path.parent_path()));
    TESSERA_TRY(AtomicFile file, write_sealed(path, member.bytes, {.force = options.force}));
    sealed.push_back(std::move(file));
    files.push_back(path.string());
  }
  for (AtomicFile& file : sealed) TESSERA_TRY_VOID(file.commit());
  console.print("{} in {}\n", counted(sealed.size(), "file"), options.folder);
  return Document{{"file", options.path}, {"files", std::move(files)}};
}

}  // namespace

Action define_har(CommandLine& app) {
  auto options = std::make_shared<HarOptions>();
  auto exported = std::make_shared<HarExportOptions>();
  CommandLine* inspect = app.add_subcommand(
      "inspect",
      "The network's layers, its states, weights, scripts, and the compiled file inside");
  CommandLine* extract = app.add_subcommand("extract", "Write what a HAR holds into a folder");
  CommandLine* write =
      app.add_subcommand("export", "Write the parser's network as an ONNX file, with its weights");
  define_har_export(*write, *exported);
  for (CommandLine* sub : {inspect, extract}) {
    sub->add_option("FILE", options->path, "A file of the parser, optimiser or compiler")
        ->required()
        ->type_name("FILE.har");
  }
  inspect->add_flag("--layers", options->layers, "Also the table of the network's layers");
  inspect->footer(
      "Examples:\n"
      "  tessera har inspect net.har\n"
      "  tessera har inspect net.har --layers\n");
  extract->add_option("-o,--output", options->folder, "The folder")
      ->type_name("DIR")
      ->capture_default_str();
  extract->add_flag("--force", options->force, "Replace files that exist");
  extract->footer(
      "Examples:\n"
      "  tessera har extract net.har -o folder\n");
  app.footer(
      "Examples:\n"
      "  tessera har inspect net.har\n"
      "  tessera har extract net.har -o folder\n");
  return [options, exported, extract, write](Console& console) {
    if (write->parsed()) return export_har(*exported, console);
    return extract->parsed() ? extract_har(*options, console) : inspect_har(*options, console);
  };
}

}  // namespace tessera::cli
