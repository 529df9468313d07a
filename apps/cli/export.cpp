// tessera export: a network as an ONNX or TensorFlow Lite file, in float or, of a quantised
// package, in integers.
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

bool is_tflite(const std::filesystem::path& path) {
  return extension_of(path) == file_extension(IntegerForm::tflite);
}

// The file's name says which form is written.
OutputFormat format_of(const std::filesystem::path& path) {
  return is_tflite(path) ? OutputFormat::tflite : OutputFormat::onnx;
}

Result<void> write_model(const ImportedModel& model, const ExportArguments& options) {
  std::map<std::string, std::string> metadata = model.metadata;
  if (model.sample_rate) metadata["sample_rate"] = fmt::format("{}", *model.sample_rate);
  const WriteOptions write{.force = options.force};
  if (!is_tflite(options.output))
    return export_onnx(model.graph, options.output, {model.inputs, model.outputs, metadata}, write);
  TESSERA_TRY(const auto bytes, export_tflite(model.graph, {metadata}));
  return write_file_atomically(options.output, bytes, write);
}

Result<Document> export_model(const ExportArguments& options, Console& console) {
  TESSERA_TRY_VOID(check_outputs({{options.output, format_of(options.output)}},
                                 file_names({options.model.path}), options.force));
  TESSERA_TRY(const ImportedModel model, load_model(options.model, ImportNotes::warnings, console));
  TESSERA_TRY_VOID(write_model(model, options));

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
  console.print("{}: {}, {}, for inputs of exactly {} samples or frames\n", options.output,
                is_tflite(options.output) ? "TensorFlow Lite" : "opset 17", bytes_text(bytes),
                grouped(model.length_samples));
  return document;
}

// One file of the network or of a piece of it.
struct IntegerFile {
  std::filesystem::path path;
  const Graph& graph;
};

// The whole network into a file, or each piece into a folder.
std::vector<IntegerFile> integer_files(const Plan& plan, const std::filesystem::path& output,
                                       std::string_view extension) {
  if (extension_of(output) == extension) return {{output, plan.graph}};
  std::vector<IntegerFile> files;
  for (const ChipSegment& segment : plan.segments) {
    for (const Piece& piece : segment.pieces)
      files.push_back({output / (piece.name + std::string(extension)), piece.graph});
  }
  return files;
}

// Errors: kInvalidArgument for a name of another form's files.
Result<void> check_integer_output(const ExportArguments& options, IntegerForm form) {
  const std::string extension = extension_of(options.output);
  if (extension == file_extension(form)) return {};
  for (const IntegerForm other : {IntegerForm::qdq, IntegerForm::tflite}) {
    if (extension != file_extension(other)) continue;
    return TESSERA_ERROR(
        kInvalidArgument, options.output,
        fmt::format("is not the name of a file in the form {}", options.integers),
        fmt::format(
            "name it {}, or ask for --integers {}",
            std::filesystem::path(options.output).replace_extension(file_extension(form)).string(),
            to_string(other)));
  }
  return check_folder_name(options.output, "files of pieces");
}

IntegerForm form_named(std::string_view name) {
  for (const IntegerForm form : {IntegerForm::qdq, IntegerForm::tflite}) {
    if (name == to_string(form)) return form;
  }
  return IntegerForm::qlinear;
}

Result<Document> export_in_integers(const ExportArguments& options, Console& console) {
  const IntegerForm form = form_named(options.integers);
  TESSERA_TRY_VOID(check_integer_output(options, form));
  TESSERA_TRY(const LoadedNetwork network,
              load_network(options.model, ImportNotes::warnings, console));
  if (!network.encodings) {
    return TESSERA_ERROR(kInvalidArgument, options.model.path,
                         network.package ? "holds no integers" : "is no package",
                         quantize_hint(network.package ? "MODEL" : options.model.path));
  }
  const std::vector<IntegerFile> files =
      integer_files(*network.plan, options.output, file_extension(form));
  std::vector<std::string> names;
  std::vector<OutputFile> checked;
  for (const IntegerFile& file : files) {
    if (file.path.has_parent_path()) TESSERA_TRY_VOID(ensure_directory(file.path.parent_path()));
    names.push_back(file.path.string());
    checked.push_back({file.path.string(), format_of(file.path)});
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
                 "The file to write, ONNX or TensorFlow Lite by its name; with --integers also a "
                 "folder, for a file per piece")
      ->required()
      ->type_name("FILE.onnx|FILE.tflite");
  app.add_option("--integers", options->integers,
                 "Of a quantised package: qdq, float ops between QuantizeLinear and "
                 "DequantizeLinear as compilers read them; qlinear, integer ops that any runtime "
                 "computes to the same codes; tflite, TensorFlow Lite in int8 and int16, of "
                 "packages for targets of that arithmetic")
      ->one_of({"qdq", "qlinear", "tflite"});
  app.add_flag("--force", options->force, "Replace files that exist");
  app.footer(
      "An ONNX file is opset 17 with static shapes and passes the ONNX checker. A TensorFlow Lite "
      "file has static shapes too, and values [1, H, W, C]: audio goes in as [1, 1, samples, "
      "1].\n\n"
      "Examples:\n"
      "  tessera export net.pth -o net.onnx\n"
      "  tessera export net.pth -o net.onnx --length 16000\n"
      "  tessera export net.pth -o net.tflite\n"
      "  tessera export net.tess --integers qdq -o pieces");
  return [options](Console& console) {
    return options->integers.empty() ? export_model(*options, console)
                                     : export_in_integers(*options, console);
  };
}

}  // namespace tessera::cli
