// tessera export: a network as an ONNX file.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/model_options.h"
#include "cli/table.h"
#include "tessera/export.h"
#include "tessera/signature.h"

namespace tessera::cli {
namespace {

struct Options {
  ModelOptions model;
  std::string output;
  bool force = false;
};

Result<Document> export_model(const Options& options, Console& console) {
  TESSERA_TRY_VOID(check_writable(options.output, {.force = options.force}));
  TESSERA_TRY(const ImportedModel model, load_model(options.model, ImportNotes::warnings, console));
  ExportOptions onnx{model.inputs, model.outputs, model.metadata};
  if (model.sample_rate) onnx.metadata["sample_rate"] = fmt::format("{}", *model.sample_rate);
  TESSERA_TRY_VOID(export_onnx(model.graph, options.output, onnx, {.force = options.force}));

  std::error_code unknown;
  const auto bytes = static_cast<int64_t>(std::filesystem::file_size(options.output, unknown));
  Document document{{"model", options.model.path},
                    {"output", options.output},
                    {"bytes", bytes},
                    {"length", model.length_samples},
                    {"inputs", Document::array()},
                    {"outputs", Document::array()}};
  const Signature signature = signature_of(model.graph);
  for (const Port& port : signature.inputs) {
    document["inputs"].push_back({{"name", port.name}, {"shape", to_string(port.shape)}});
  }
  for (const Port& port : signature.outputs) {
    document["outputs"].push_back({{"name", port.name}, {"shape", to_string(port.shape)}});
  }
  console.print("{}: opset 17, {}, for inputs of exactly {} samples or frames\n", options.output,
                bytes_text(bytes), grouped(model.length_samples));
  return document;
}

}  // namespace

Action define_export(CLI::App& app) {
  auto options = std::make_shared<Options>();
  add_model_options(app, options->model, true);
  app.add_option("-o,--output", options->output, "The ONNX file to write")
      ->required()
      ->type_name("FILE.onnx");
  app.add_flag("--force", options->force, "Replace the file if it exists");
  app.footer(
      "The file is opset 17 with static shapes, and passes the ONNX checker.\n\n"
      "Examples:\n"
      "  tessera export net.pth -o net.onnx\n"
      "  tessera export net.pth -o net.onnx --length 16000");
  return [options](Console& console) { return export_model(*options, console); };
}

}  // namespace tessera::cli
