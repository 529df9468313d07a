// tessera run: arrays through a network, nothing added.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/check.h"
#include "cli/command.h"
#include "cli/model_options.h"
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

std::vector<int64_t> without_ones(std::vector<int64_t> dims) {
  std::erase(dims, 1);
  return dims;
}

// The length that makes a network of this input shape fit the array.
int64_t length_of(const NpyArray& array, const Shape& shape) {
  return static_cast<int64_t>(array.values.size()) / (shape.c * shape.h);
}

// Values in the graph's order. An array written [time, channels] is turned and said so.
Result<std::vector<float>> values_for(const Port& port, NpyArray array, const std::string& path,
                                      Console& console) {
  const auto dims = without_ones(array.dims);
  const Shape& shape = port.shape;
  const bool turned = shape.h == 1 && shape.c > 1 && shape.w > 1 && shape.c != shape.w &&
                      dims == std::vector<int64_t>{shape.w, shape.c};
  if (!turned) {
    const auto fits = check_input_dims(port, array.dims);
    if (!fits) {
      Error error = fits.error();
      error.subject = path;
      return error;
    }
    return std::move(array.values);
  }
  console.note(
      fmt::format("{}: {} was read as [time, channels]", path, dims_to_string(array.dims)));
  std::vector<float> values(array.values.size());
  for (int64_t w = 0; w < shape.w; ++w) {
    for (int64_t c = 0; c < shape.c; ++c) {
      values[static_cast<size_t>(c * shape.w + w)] =
          array.values[static_cast<size_t>(w * shape.c + c)];
    }
  }
  return values;
}

// [1, C, W] for signals, [1, C] for vectors, [1, C, H, W] for several devices.
std::vector<int64_t> file_dims(const Shape& shape) {
  if (shape.h > 1) return {1, shape.c, shape.h, shape.w};
  if (shape.w == 1) return {1, shape.c};
  return {1, shape.c, shape.w};
}

Result<Document> run(const Options& options, Console& console) {
  TESSERA_TRY(const ImportedModel model, load_model(options.model, ImportNotes::warnings, console));
  Graph graph = model.graph;
  TESSERA_TRY(const auto input_files,
              assign_files(options.inputs, signature_of(graph).inputs, "--input"));
  std::vector<NpyArray> arrays;
  for (size_t i = 0; i < input_files.size(); ++i) {
    if (input_files[i].empty()) {
      return TESSERA_ERROR(
          kInvalidArgument, "--input",
          fmt::format("the network's input '{}' is not given", signature_of(graph).inputs[i].name),
          "add --input NAME=FILE for it");
    }
    TESSERA_TRY(NpyArray array, read_npy(input_files[i]));
    arrays.push_back(std::move(array));
  }
  // One input decides the length; with several the user does.
  if (arrays.size() == 1 && !options.model.length_samples) {
    const int64_t length = length_of(arrays[0], signature_of(graph).inputs[0].shape);
    if (length != model.length_samples) {
      TESSERA_TRY(graph, model.network->instantiate(length));
    }
  }
  const Signature signature = signature_of(graph);
  TESSERA_TRY(const auto output_files,
              assign_files(options.outputs, signature.outputs, "--output"));
  for (const std::string& path : output_files) {
    if (!path.empty()) TESSERA_TRY_VOID(check_writable(path, {.force = options.force}));
  }
  std::vector<std::vector<float>> inputs;
  for (size_t i = 0; i < arrays.size(); ++i) {
    TESSERA_TRY(auto values,
                values_for(signature.inputs[i], std::move(arrays[i]), input_files[i], console));
    inputs.push_back(std::move(values));
  }

  TESSERA_TRY(const auto backend, open_backend(options.backend));
  TESSERA_TRY(Session session, Session::create(graph, *backend));
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
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Port& port = signature.outputs[i];
    Document entry{{"name", port.name}, {"dims", file_dims(port.shape)}};
    std::string written = "not written";
    if (!output_files[i].empty()) {
      TESSERA_TRY_VOID(
          write_npy(output_files[i], file_dims(port.shape), outputs[i], {.force = options.force}));
      entry["path"] = output_files[i];
      written = output_files[i];
    }
    console.print("{} {}: {}\n", port.name, dims_to_string(file_dims(port.shape)), written);
    document["outputs"].push_back(std::move(entry));
  }
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

Action define_run(CLI::App& app) {
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
