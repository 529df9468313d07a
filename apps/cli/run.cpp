// tessera run: arrays through a network, nothing added.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/check.h"
#include "cli/command.h"
#include "cli/input_arrays.h"
#include "cli/model_options.h"
#include "cli/output_files.h"
#include "cli/progress.h"
#include "tessera/file.h"
#include "tessera/npy.h"
#include "tessera/session.h"

namespace tessera::cli {
namespace {

struct Options {
  ModelOptions model;
  BackendChoice backend;
  std::vector<std::string> inputs;   // path or NAME=path
  std::vector<std::string> outputs;  // path or NAME=path
  bool check = false;
  bool force = false;
};

// Files in the order of the ports. A bare path stands for the only port.
Result<std::vector<std::string>> assign_files(const std::vector<std::string>& words,
                                              const std::vector<Port>& ports,
                                              std::string_view option) {
  std::vector<std::string> names;
  names.reserve(ports.size());
  for (const Port& port : ports) names.push_back(port.name);
  const std::string known = fmt::format("{}", fmt::join(names, ", "));
  std::vector<std::string> files(ports.size());
  for (const std::string& word : words) {
    size_t at = 0;
    std::string path = word;
    while (at < ports.size() && !word.starts_with(ports[at].name + "=")) ++at;
    if (at < ports.size()) {
      path = word.substr(ports[at].name.size() + 1);
    } else if (ports.size() == 1) {
      at = 0;
    } else {
      return TESSERA_ERROR(kInvalidArgument, std::string(option),
                           fmt::format("'{}' names none of the network's ports", word),
                           fmt::format("write {} NAME=FILE with NAME one of: {}", option, known));
    }
    if (!files[at].empty()) {
      return TESSERA_ERROR(kInvalidArgument, std::string(option),
                           fmt::format("'{}' is given twice", ports[at].name),
                           "give one file for each");
    }
    files[at] = path;
  }
  return files;
}

// The length that makes a network of this input shape fit the array.
int64_t length_of(const NpyArray& array, const Shape& shape) {
  return static_cast<int64_t>(array.values.size()) / (shape.c * shape.h);
}

// [1, C, W] for signals, [1, C] for vectors, [1, C, H, W] for several devices.
std::vector<int64_t> file_dims(const Shape& shape) {
  if (shape.h > 1) return {1, shape.c, shape.h, shape.w};
  if (shape.w == 1) return {1, shape.c};
  return {1, shape.c, shape.w};
}

// An output as its model file lays it out, if that is known.
struct FileValue {
  std::vector<int64_t> dims;
  std::vector<float> values;
};
Result<FileValue> file_value(const Port& port, const IoLayout* layout, std::vector<float> values) {
  if (layout == nullptr) return FileValue{file_dims(port.shape), std::move(values)};
  FileValue file{layout->sizes(), std::vector<float>(values.size())};
  TESSERA_TRY_VOID(to_file_layout(*layout, values, file.values));
  return file;
}

// The arrays in the order of the inputs, and the network for their length.
struct Inputs {
  Runnable network;
  std::vector<std::string> files;
  std::vector<NpyArray> arrays;
};
Result<Inputs> read_inputs(const Options& options, Console& console) {
  Inputs inputs;
  TESSERA_TRY(inputs.network, load_runnable(options.model, ImportNotes::warnings, console));
  const std::vector<Port> ports = signature_of(inputs.network.model.graph).inputs;
  TESSERA_TRY(inputs.files, assign_files(options.inputs, ports, "--input"));
  for (size_t i = 0; i < ports.size(); ++i) {
    if (inputs.files[i].empty()) {
      return TESSERA_ERROR(kInvalidArgument, "--input",
                           fmt::format("the network's input '{}' is not given", ports[i].name),
                           "add --input NAME=FILE for it");
    }
    TESSERA_TRY(NpyArray array, read_npy(inputs.files[i]));
    inputs.arrays.push_back(std::move(array));
  }
  // The input whose time the network's length is decides it; others (caches) have their own.
  if (options.model.length_samples) return inputs;
  const auto port =
      static_cast<size_t>(std::find_if(ports.begin(), ports.end(),
                                       [&](const Port& p) {
                                         return p.shape.w == inputs.network.model.length_samples;
                                       }) -
                          ports.begin());
  if (port == ports.size()) return inputs;
  const int64_t length = length_of(inputs.arrays[port], ports[port].shape);
  if (length == inputs.network.model.length_samples) return inputs;
  ModelOptions other = options.model;
  other.length_samples = length;
  auto network = load_runnable(other, ImportNotes::none, console);
  if (!network) {
    Error error = network.error();
    if (error.code == ErrorCode::kInvalidArgument) error.subject = inputs.files[port];
    return error;
  }
  inputs.network = std::move(*network);
  return inputs;
}

Result<Document> run(const Options& options, Console& console) {
  TESSERA_TRY(Inputs given, read_inputs(options, console));
  const ImportedModel& model = given.network.model;
  const Graph& graph = model.graph;
  const Signature signature = signature_of(graph);
  TESSERA_TRY(const auto output_files,
              assign_files(options.outputs, signature.outputs, "--output"));
  TESSERA_TRY_VOID(
      check_outputs(output_files, file_names({options.model.path}, {given.files}), options.force));
  std::vector<std::vector<float>> inputs;
  for (size_t i = 0; i < given.arrays.size(); ++i) {
    TESSERA_TRY(auto values, values_for(signature.inputs[i], layout_of(model.inputs, i),
                                        std::move(given.arrays[i]), given.files[i], console));
    inputs.push_back(std::move(values));
  }

  TESSERA_TRY(const auto backend, open_backend(options.backend));
  TESSERA_TRY(Session session, given.network.open(*backend));
  std::vector<std::vector<float>> outputs;
  {
    const Progress progress(console, "running");
    TESSERA_TRY(outputs, session.run(std::vector<ConstValues>(inputs.begin(), inputs.end())));
  }
  Document document{{"model", options.model.path},
                    {"backend", options.backend.name},
                    {"seconds", session.timing().run_seconds},
                    {"load_seconds", session.timing().load_seconds},
                    {"outputs", Document::array()}};
  std::vector<AtomicFile> written;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Port& port = signature.outputs[i];
    TESSERA_TRY(const FileValue file, file_value(port, layout_of(model.outputs, i), outputs[i]));
    Document entry{{"name", port.name}, {"dims", file.dims}};
    if (!output_files[i].empty()) {
      TESSERA_TRY(AtomicFile sealed,
                  write_sealed(output_files[i], format_npy(file.dims, file.values),
                               {.force = options.force}));
      written.push_back(std::move(sealed));
      entry["path"] = output_files[i];
    }
    console.print("{} {}: {}\n", port.name, dims_to_string(file.dims),
                  output_files[i].empty() ? "not written" : output_files[i]);
    document["outputs"].push_back(std::move(entry));
  }
  for (AtomicFile& file : written) TESSERA_TRY_VOID(file.commit());
  console.print("{} backend: {:.3f} ms\n", options.backend.name,
                session.timing().run_seconds * 1e3);
  if (options.check) {
    TESSERA_TRY(const Difference difference,
                compare_with_reference(graph, inputs, outputs, options.model.path, console));
    document["max_abs_difference"] = difference.max_abs;
    console.print("largest difference from the reference backend: {:.3g} at a peak of {:.3g}\n",
                  difference.max_abs, difference.peak);
  }
  return document;
}

}  // namespace

Action define_run(CommandLine& app) {
  auto options = std::make_shared<Options>();
  add_model_options(app, options->model, true);
  app.add_option("--input", options->inputs,
                 "An array for the network's input; NAME=FILE where there are several. Dimensions "
                 "of 1 may be there or not")
      ->required()
      ->type_name("FILE.npy")
      ->allow_extra_args(false);
  app.add_option("--output", options->outputs, "Where to write an output; NAME=FILE for several")
      ->type_name("FILE.npy")
      ->allow_extra_args(false);
  add_backend_options(app, options->backend);
  add_check_option(app, options->check);
  app.add_flag("--force", options->force, "Replace output files that exist");
  app.footer(
      "Examples:\n"
      "  tessera run net.pth --input wave.npy --output voices.npy\n"
      "  tessera run net.onnx --input wave.npy --backend reference\n"
      "  tessera run net.pth --input wave.npy --check      compare with the reference backend");
  return [options](Console& console) { return run(*options, console); };
}

}  // namespace tessera::cli
