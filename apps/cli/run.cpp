// tessera run: arrays through a network, nothing added.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/npy.h"
#include "cli/check.h"
#include "cli/command.h"
#include "cli/device_report.h"
#include "cli/input_arrays.h"
#include "cli/model_options.h"
#include "cli/output_files.h"
#include "cli/progress.h"
#include "cli/runtime_metrics.h"
#include "cli/table.h"
#include "tessera/file.h"
#include "tessera/separator.h"
#include "tessera/session.h"

namespace tessera::cli {
namespace {

struct RunArguments {
  ModelOptions model;
  BackendChoice backend;
  std::vector<std::string> inputs;   // path or NAME=path
  std::vector<std::string> outputs;  // path or NAME=path
  std::string metrics;
  WindowChoice windows;
  bool check = false;
  bool force = false;
};

// Files for inputs that nothing in the model reads are not opened; that is said.
std::vector<std::string> without_unread(const std::vector<std::string>& words,
                                        const ImportedModel& model, Console& console) {
  std::vector<std::string> read;
  for (const std::string& word : words) {
    const auto named =
        std::find_if(model.unread_inputs.begin(), model.unread_inputs.end(),
                     [&](const std::string& name) { return word.starts_with(name + "="); });
    if (named == model.unread_inputs.end()) {
      read.push_back(word);
    } else {
      console.note(fmt::format("{} is not used: nothing in the network reads its input '{}'",
                               word.substr(named->size() + 1), *named));
    }
  }
  return read;
}

// The windows, and the network for their length.
struct Inputs {
  LoadedNetwork network;
  WindowBatch batch;
};
Result<Inputs> read_inputs(const RunArguments& options, Console& console) {
  TESSERA_TRY(LoadedNetwork network, load_network(options.model, ImportNotes::warnings, console));
  const std::vector<std::string> words = without_unread(options.inputs, network.model, console);
  WindowChoice windows = options.windows;
  windows.length_is_told = network.package.has_value() || options.model.length_samples.has_value();
  TESSERA_TRY(std::vector<WindowArray> arrays,
              read_input_arrays(words, network.model, windows, console));
  ModelAtLength at_length;
  if (!options.model.length_samples) {
    at_length = [&](int64_t length) -> Result<ImportedModel> {
      ModelOptions other = options.model;
      other.length_samples = length;
      TESSERA_TRY(network, load_network(other, ImportNotes::none, console));
      return network.model;
    };
  }
  ImportedModel model = network.model;
  TESSERA_TRY(WindowBatch batch, read_windows(std::move(arrays), model, at_length));
  for (const Note& note : batch.notes()) console.note(note.text);
  return Inputs{std::move(network), std::move(batch)};
}

// --input and its files, as the options name them.
std::vector<std::string> input_files(const RunArguments& options, const Signature& signature) {
  std::vector<std::string> files = options.inputs;
  if (const auto assigned = assign_files(options.inputs, signature.inputs, "--input"))
    files.insert(files.end(), assigned->begin(), assigned->end());
  return files;
}

Result<WindowOutputs> run_all(Session& session, const Inputs& inputs, const std::string& what,
                              Console& console, RuntimeMetrics* metrics = nullptr) {
  Progress progress(console, what);
  return run_windows(session, inputs.batch, inputs.network.model.outputs,
                     [&](int64_t done, int64_t all) {
                       if (metrics != nullptr)
                         metrics->add_run(session.timing().run_seconds, session.devices());
                       progress.set(static_cast<double>(done) / static_cast<double>(all));
                       return true;
                     });
}

// Of all windows; 0 where a window is no wave of a known rate.
double audio_seconds(const Inputs& inputs) {
  const Signature signature = signature_of(inputs.network.graph());
  const auto rate = inputs.network.model.sample_rate;
  if (!rate || signature.inputs.size() != 1) return 0;
  const Shape& shape = signature.inputs[0].shape;
  if (shape.c != 1 || shape.h != 1) return 0;
  return static_cast<double>(shape.w * inputs.batch.windows()) / *rate;
}

// What --check found out of the largest difference; none where it was not asked for.
std::optional<double> parity_of(const Document& document) {
  if (document.contains("max_abs_difference")) return document["max_abs_difference"].get<double>();
  if (document.contains("equal_codes")) return 0.0;  // every code is the reference's
  return std::nullopt;
}

// Writes what has a file, all or nothing; tells of every output.
Result<Document> write_outputs(const RunArguments& options, const std::vector<std::string>& files,
                               const std::vector<StackedOutput>& outputs, Console& console) {
  Document told = Document::array();
  std::vector<AtomicFile> written;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const StackedOutput& output = outputs[i];
    Document entry{{"name", output.name}, {"dims", output.dims}};
    if (!files[i].empty()) {
      TESSERA_TRY(AtomicFile sealed, write_sealed(files[i], format_npy(output.dims, output.values),
                                                  {.force = options.force}));
      written.push_back(std::move(sealed));
      entry["path"] = files[i];
    }
    console.print("{} {}: {}\n", output.name, dims_to_string(output.dims),
                  files[i].empty() ? "not written" : files[i]);
    told.push_back(std::move(entry));
  }
  for (AtomicFile& file : written) TESSERA_TRY_VOID(file.commit());
  return told;
}

std::vector<std::vector<float>> values_of(std::vector<StackedOutput> outputs) {
  std::vector<std::vector<float>> values;
  for (StackedOutput& output : outputs) values.push_back(std::move(output.values));
  return values;
}

// All windows through the reference backend, too.
Result<void> check_floats(const RunArguments& options, const Inputs& inputs, WindowOutputs run,
                          Document& document, Console& console) {
  TESSERA_TRY(const auto backend, open_backend({.name = "reference", .threads = 0}));
  TESSERA_TRY(Session session, Session::create(inputs.network.expected_graph(), *backend));
  TESSERA_TRY(WindowOutputs expected,
              run_all(session, inputs, options.model.path + " on the reference backend", console));
  TESSERA_TRY(const OutputDifference difference,
              compare_outputs(values_of(std::move(expected.outputs)),
                              values_of(std::move(run.outputs)), options.model.path));
  document["max_abs_difference"] = difference.max_abs;
  console.print("largest difference from the reference backend: {:.3g} at a peak of {:.3g}\n",
                difference.max_abs, difference.peak);
  return {};
}

// All windows again, every code beside that of the integer reference.
Result<void> check_bit_exact(const RunArguments& options, const Inputs& inputs,
                             const Devices& devices, Document& document, Console& console) {
  int64_t equal = 0;
  Progress progress(console, options.model.path + ", checked by plain loops");
  for (int64_t n = 0; n < inputs.batch.windows(); ++n) {
    TESSERA_TRY(const auto window, inputs.batch.window(n));
    TESSERA_TRY(const int64_t codes,
                compare_codes_with_reference(*inputs.network.plan, *inputs.network.encodings,
                                             devices, window, options.model.path));
    equal += codes;
    progress.set(static_cast<double>(n + 1) / static_cast<double>(inputs.batch.windows()));
  }
  document["equal_codes"] = equal;
  console.print("{} codes, each that of the integer reference\n", grouped(equal));
  return {};
}

Result<Document> compute_outputs(const RunArguments& options, Console& console) {
  TESSERA_TRY(const Inputs inputs, read_inputs(options, console));
  const Signature signature = signature_of(inputs.network.model.graph);
  TESSERA_TRY(const auto output_files,
              assign_files(options.outputs, signature.outputs, "--output"));
  std::vector<OutputFile> checked;
  for (const std::string& file : output_files) checked.push_back({file, OutputFormat::npy});
  checked.push_back({options.metrics, OutputFormat::json});
  TESSERA_TRY_VOID(check_outputs(
      checked, file_names({options.model.path}, {input_files(options, signature)}), options.force));
  TESSERA_TRY(const NetworkBackends by,
              open_network_backends(options.backend, inputs.network, options.model.path, console));
  const Devices devices = inputs.network.with_artifacts(by.devices());
  TESSERA_TRY(Session session, inputs.network.session(devices, EncodingsUse::ignore));
  RuntimeMetrics metrics;
  ReadingsMonitor monitor([&] { return by.chip().readings(); });
  TESSERA_TRY(WindowOutputs run, run_all(session, inputs, "running", console, &metrics));
  metrics.readings = monitor.stop();
  metrics.load_seconds = session.timing().load_seconds;
  metrics.audio_seconds = audio_seconds(inputs);
  const Arithmetic arithmetic = by.chip().arithmetic();
  Document document{{"model", options.model.path},
                    {"backend", by.chip_name()},
                    {"arithmetic", to_string(arithmetic)},
                    {"windows", inputs.batch.windows()},
                    {"seconds", run.seconds},
                    {"load_seconds", session.timing().load_seconds}};
  TESSERA_TRY(document["outputs"], write_outputs(options, output_files, run.outputs, console));
  console.print(
      "{} backend, {} arithmetic: {:.3f} ms{}\n", by.chip_name(), to_string(arithmetic),
      run.seconds * 1e3,
      inputs.batch.windows() > 1 ? fmt::format(" for {} windows", inputs.batch.windows()) : "");
  report_devices({session.devices(), by.chip_name(), by.host_name(), by.chip().readings()},
                 document, console);
  if (options.check) {
    const bool integer = arithmetic == Arithmetic::integer;
    TESSERA_TRY_VOID(integer ? check_bit_exact(options, inputs, devices, document, console)
                             : check_floats(options, inputs, std::move(run), document, console));
  }
  metrics.parity_max_abs = parity_of(document);
  TESSERA_TRY_VOID(write_metrics(options.metrics,
                                 {options.model.path, by.chip_name(), by.host_name(), arithmetic},
                                 metrics, options.force, console));
  return document;
}

}  // namespace

Action define_run(CommandLine& app) {
  auto options = std::make_shared<RunArguments>();
  add_model_options(app, options->model, true);
  add_sensor_options(app, options->model);
  app.add_option("--input", options->inputs,
                 "An array for the network's input, one window or a stack of them; NAME=FILE where "
                 "there are several inputs, or one .npz with an array for each. Dimensions of 1 "
                 "may be there or not. Windows of sensors also as .csv, .json or .ts")
      ->required()
      ->type_name("FILE.npy|FILE.npz|FILE.csv|FILE.json|FILE.ts")
      ->allow_extra_args(false);
  add_window_options(app, options->windows);
  app.add_option("--output", options->outputs, "Where to write an output; NAME=FILE for several")
      ->type_name("FILE.npy")
      ->allow_extra_args(false);
  add_network_backend_options(app, options->backend);
  add_device_options(app, options->backend);
  add_check_option(app, options->check);
  add_metrics_option(app, options->metrics);
  app.add_flag("--force", options->force, "Replace output files that exist");
  app.footer(
      "A window lies as the model's file says, or as [channels, time] or [time, channels]. A "
      "stack\n"
      "has one axis more in front, or counts windows in its batch: [N, time, channels] for an\n"
      "input [1, time, channels]. Its windows run one after the other, and the outputs are "
      "stacked\n"
      "in the same way.\n\n"
      "Examples:\n"
      "  tessera run net.pth --input wave.npy --output voices.npy\n"
      "  tessera run tcn.onnx --input windows.npy --output scores.npy  # [N, T, C] -> [N, "
      "classes]\n"
      "  tessera run stream.onnx --input x=x.npy --input past=past.npy --output y=y.npy \\\n"
      "    --output next=next.npy\n"
      "  tessera run net.onnx --input wave.npy --backend reference\n"
      "  tessera run net.pth --input wave.npy --check    # compare with the reference backend");
  return [options](Console& console) { return compute_outputs(*options, console); };
}

}  // namespace tessera::cli
