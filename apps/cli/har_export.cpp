#include "cli/har_export.h"

#include <fmt/format.h>

#include "base/counted.h"
#include "cli/hn_file.h"
#include "cli/output_files.h"
#include "tessera/compiler/export.h"
#include "vendor/hailo/hn/hn_graph.h"

namespace tessera::cli {

void define_har_export(CommandLine& sub, HarExportOptions& options) {
  sub.add_option("FILE", options.path, "A HAR, or an HN by itself")
      ->required()
      ->type_name("FILE.har|FILE.hn");
  sub.add_option("--weights", options.weights, "The weights; default: those inside the HAR")
      ->type_name("FILE.npz");
  sub.add_option("-o,--output", options.output, "The file to write")
      ->required()
      ->type_name("FILE.onnx");
  sub.add_flag("--force", options.force, "Replace the file if it exists");
  sub.footer(
      "What the parser made of a network then runs like any other, and 'tessera compare' holds it\n"
      "to the network that it was made of, value by value.\n\n"
      "Examples:\n"
      "  tessera har export net.har -o parsed.onnx\n"
      "  tessera har export small.hn --weights small.npz -o parsed.onnx");
}

Result<Document> export_har(const HarExportOptions& options, Console& console) {
  TESSERA_TRY_VOID(check_outputs({{options.output, OutputFormat::onnx}},
                                 file_names({options.path, options.weights}), options.force));
  TESSERA_TRY(const HnFile file, open_hn(options.path, options.weights));
  if (!file.weights) {
    return TESSERA_ERROR(kNotFound, options.path,
                         "has no weights that are read: a network without them cannot run",
                         "give them with --weights FILE.npz");
  }
  auto made = hn_to_graph(file.hn, *file.weights);
  if (!made) {
    Error error = std::move(made).error();
    error.subject = fmt::format("{}: {}", options.path, error.subject);
    return error;
  }
  TESSERA_TRY_VOID(export_onnx(made->graph, options.output, {}, {.force = options.force}));
  console.print("{}: {}\n", options.output, counted(file.hn.layers.size(), "layer"));
  return Document{
      {"file", options.path}, {"output", options.output}, {"layers", file.hn.layers.size()}};
}

}  // namespace tessera::cli
