// tessera export: a network as an ONNX file, in float or, of a quantised package, in integers.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/counted.h"
#include "cli/command.h"
#include "cli/hints.h"
#include "cli/model_options.h"
#include "cli/output_files.h"
#include "cli/table.h"
#include "tessera/backend.h"
#include "tessera/compiler/export.h"
#include "tessera/file.h"

namespace tessera::cli {
namespace {

struct ExportArguments {
  ModelOptions model;
  std::string output;
  std::string integers;  // a form, or none
  bool force = false;
};

Result<Document> export_model(const ExportArguments& options, Console& console) {
  TESSERA_TRY_VOID(check_outputs({{options.output, OutputFormat::onnx}},
                                 file_names({options.model.path}), options.force));
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

// One file of the network or of a piece of it.
struct IntegerFile {
  std::filesystem::path path;
  const Graph& graph;
};

// The whole network into a file, or each piece into a folder.
std::vector<IntegerFile> integer_files(const Plan& plan, const std::filesystem::path& output) {
  if (extension_of(output) == ".onnx") return {{output, plan.graph}};
  std::vector<IntegerFile> files;
  for (const ChipSegment& segment : plan.segments) {
    for (const Piece& piece : segment.pieces)
      files.push_back({output / (piece.name + ".onnx"), piece.graph});
  }
  return files;
}

Result<Document> export_in_integers(const ExportArguments& options, Console& console) {
  if (extension_of(options.output) != ".onnx")
    TESSERA_TRY_VOID(check_folder_name(options.output, "files of pieces"));
  TESSERA_TRY(const LoadedNetwork network,
              load_network(options.model, ImportNotes::warnings, console));
  if (!network.encodings) {
    return TESSERA_ERROR(kInvalidArgument, options.model.path,
                         network.package ? "holds no integers" : "is no package",
                         quantize_hint(network.package ? "MODEL" : options.model.path));
  }
  const IntegerForm form =
      options.integers == to_string(IntegerForm::qdq) ? IntegerForm::qdq : IntegerForm::qlinear;
  const std::vector<IntegerFile> files = integer_files(*network.plan, options.output);
  std::vector<std::string> names;
  std::vector<OutputFile> checked;
  for (const IntegerFile& file : files) {
    if (file.path.has_parent_path()) TESSERA_TRY_VOID(ensure_directory(file.path.parent_path()));
    names.push_back(file.path.string());
    checked.push_back({file.path.string(), OutputFormat::onnx});
  }
  TESSERA_TRY_VOID(check_outputs(checked, file_names({options.model.path}), options.force));
  int64_t total = 0;
  std::vector<AtomicFile> written;
  for (const IntegerFile& file : files) {
    TESSERA_TRY(const auto bytes, export_integers(file.graph, *network.encodings, form));
    TESSERA_TRY(AtomicFile sealed, write_sealed(file.path, bytes, {.force = options.force}));
    written.push_back(std::move(sealed));
    total += static_cast<int64_t>(bytes.size());
  }
  for (AtomicFile& file : written) TESSERA_TRY_VOID(file.commit());
  console.print("{}: {} in integers ({}), {}\n", options.output, counted(files.size(), "file"),
                to_string(form), bytes_text(total));
  return Document{{"model", options.model.path}, {"output", options.output},
                  {"integers", to_string(form)}, {"length", network.model.length_samples},
                  {"files", std::move(names)},   {"bytes", total}};
}

}  // namespace

Action define_export(CommandLine& app) {
  auto options = std::make_shared<ExportArguments>();
  add_model_options(app, options->model, true);
  add_sensor_options(app, options->model);
  app.add_option("-o,--output", options->output,
                 "The ONNX file to write; with --integers also a folder, for a file per piece")
      ->required()
      ->type_name("FILE.onnx");
  app.add_option("--integers", options->integers,
                 "Of a quantised package: qdq, float ops between QuantizeLinear and "
                 "DequantizeLinear as compilers read them; qlinear, integer ops that any runtime "
                 "computes to the same codes")
      ->one_of({"qdq", "qlinear"});
  app.add_flag("--force", options->force, "Replace files that exist");
  app.footer(
      "The file is opset 17 with static shapes, passes the ONNX checker, and has a name in "
      ".onnx.\n\n"
      "Examples:\n"
      "  tessera export net.pth -o net.onnx\n"
      "  tessera export net.pth -o net.onnx --length 16000\n"
      "  tessera export net.tess --integers qdq -o pieces");
  return [options](Console& console) {
    return options->integers.empty() ? export_model(*options, console)
                                     : export_in_integers(*options, console);
  };
}

}  // namespace tessera::cli
