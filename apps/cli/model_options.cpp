#include "cli/model_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/machine.h"

namespace tessera::cli {

void add_model_options(CommandLine& app, ModelOptions& options, bool with_length) {
  app.add_option(
         "MODEL", options.path,
         "The network: .pth, .pt, .bin, .ckpt, .safetensors, .onnx, a folder of SpeechBrain's, "
         "or a package; content decides, not the name")
      ->required()
      ->type_name("FILE");
  app.add_option("--model-arg", options.model_args,
                 "An argument of the network's constructor by Asteroid's name, where the file does "
                 "not tell it (repeatable)")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  if (with_length) {
    app.add_option("--length", options.length_samples,
                   "Input length in samples or frames; default: the file's own, else 4 s")
        ->type_name("T");
  }
}

void add_sensor_options(CommandLine& app, ModelOptions& options) {
  app.add_option("--sensor", options.sensor_file,
                 "For networks of motion sensors: the z-score in front of the network, names of "
                 "channels and classes, frames of a window (docs/sensors.md)")
      ->type_name("FILE.json");
  app.add_option("--devices", options.devices,
                 "Sensors that are stacked, each through the same network: its input becomes "
                 "[1, C, H, T]")
      ->within(1, 64)
      ->type_name("H");
}

Result<SensorInput> ModelOptions::sensor() const {
  SensorInput sensor;
  if (!sensor_file.empty()) {
    TESSERA_TRY(sensor, read_sensor_input(sensor_file));
  }
  if (devices > 0) sensor.devices = devices;
  return sensor;
}

void tell_import_notes(std::span<const Note> all, ImportNotes notes, Console& console) {
  if (notes == ImportNotes::none) return;
  for (const Note& note : all) {
    if (note.severity == NoteSeverity::warning) {
      console.warning(note.text);
    } else if (notes == ImportNotes::all || console.json()) {
      console.note(note.text);
    }
  }
}

Result<ImportOptions> import_options(const ModelOptions& options) {
  ImportOptions import;
  import.length_samples = options.length_samples;
  for (const std::string& argument : options.model_args) {
    const size_t equals = argument.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return TESSERA_ERROR(kInvalidArgument, "--model-arg",
                           fmt::format("'{}' is not NAME=VALUE", argument),
                           "write it like --model-arg mask_act=relu");
    }
    import.model_args[argument.substr(0, equals)] = argument.substr(equals + 1);
  }
  TESSERA_TRY(import.sensor, options.sensor());
  return import;
}

Result<ImportedModel> load_model(const ModelOptions& options, ImportNotes notes, Console& console) {
  TESSERA_TRY(const ImportOptions import, import_options(options));
  TESSERA_TRY(ImportedModel model, tessera::load_model(options.path, import));
  tell_import_notes(model.notes, notes, console);
  return model;
}

Result<LoadedNetwork> load_network(const ModelOptions& options, ImportNotes notes,
                                   Console& console) {
  TESSERA_TRY(const ImportOptions import, import_options(options));
  TESSERA_TRY(LoadedNetwork network, LoadedNetwork::open(options.path, import));
  tell_import_notes(network.model.notes, notes, console);
  return network;
}

namespace {

void add_options(CommandLine& app, BackendChoice& choice, const std::string& description,
                 const std::vector<std::string_view>& names) {
  app.add_option("--backend", choice.name, description)
      ->type_name(fmt::format("{{{}}}", fmt::join(names, ",")))
      ->capture_default_str();
  app.add_option("--threads", choice.threads, "Threads; 0: as many as the process may use")
      ->type_name("N")
      ->capture_default_str();
}

}  // namespace

void add_backend_options(CommandLine& app, BackendChoice& choice) {
  add_options(app, choice, "What evaluates the network", backend_names());
}

void add_network_backend_options(CommandLine& app, BackendChoice& choice) {
  choice.name = kAutoBackend;
  std::vector<std::string_view> names = backend_names();
  names.insert(names.begin(), kAutoBackend);
  add_options(
      app, choice,
      fmt::format("What evaluates the network; auto: {} for a quantised package, else {}",
                  default_backend(Arithmetic::integer), default_backend(Arithmetic::float32)),
      names);
}

void add_device_options(CommandLine& app, BackendChoice& choice) {
  const std::vector<std::string_view> names = backend_names();
  app.add_option("--host-backend", choice.host,
                 "What evaluates the host steps of a package; default: --backend, where it can")
      ->one_of({names.begin(), names.end()});
  app.add_flag(
      "--allow-fallback", choice.allow_fallback,
      "Run pieces that --backend refuses on the network's default backend, and tell which");
}

Result<std::unique_ptr<Backend>> open_backend(const BackendChoice& choice) {
  return make_backend(choice.name,
                      {.threads = choice.threads, .memory_limit_bytes = usable_memory_bytes()});
}

Result<NetworkBackends> open_network_backends(const BackendChoice& choice,
                                              const LoadedNetwork& network, const std::string& path,
                                              Console& console) {
  BackendNames names{choice.name, choice.host, choice.allow_fallback};
  if (names.backend == kAutoBackend) names.backend.clear();
  TESSERA_TRY(NetworkBackends opened,
              NetworkBackends::open(
                  network, names,
                  {.threads = choice.threads, .memory_limit_bytes = usable_memory_bytes()}));
  if (const auto ignored = network.ignored_integers(opened.chip()))
    console.warning(fmt::format("{} {}", path, ignored->text));
  return opened;
}

}  // namespace tessera::cli
