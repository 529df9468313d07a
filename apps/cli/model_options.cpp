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

namespace {

void tell(const std::vector<Note>& all, ImportNotes notes, Console& console) {
  if (notes == ImportNotes::none) return;
  for (const Note& note : all) {
    if (note.severity == NoteSeverity::warning) {
      console.warning(note.text);
    } else if (notes == ImportNotes::all || console.json()) {
      console.note(note.text);
    }
  }
}

Result<Package> open_package(const ModelOptions& options) {
  if (!options.model_args.empty()) {
    return TESSERA_ERROR(kInvalidArgument, "--model-arg",
                         "a package holds the arguments that it was built with",
                         "give them to 'tessera build'");
  }
  return Package::open(options.path);
}

}  // namespace

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
  return import;
}

Result<ImportedModel> load_model(const ModelOptions& options, ImportNotes notes, Console& console) {
  ImportedModel model;
  if (is_package(options.path)) {
    TESSERA_TRY(const Package package, open_package(options));
    TESSERA_TRY(model, package.model(options.length_samples));
  } else {
    TESSERA_TRY(const ImportOptions import, import_options(options));
    TESSERA_TRY(model, import_model(options.path, import));
  }
  tell(model.notes, notes, console);
  return model;
}

Result<Runnable> load_runnable(const ModelOptions& options, ImportNotes notes, Console& console) {
  Runnable runnable;
  if (!is_package(options.path)) {
    TESSERA_TRY(runnable.model, load_model(options, notes, console));
    return runnable;
  }
  TESSERA_TRY(runnable.package, open_package(options));
  const int64_t built = runnable.package->manifest().model.length_samples;
  TESSERA_TRY_VOID(runnable.set_length(options.length_samples.value_or(built)));
  tell(runnable.model.notes, notes, console);
  return runnable;
}

Result<Session> Runnable::open(Backend& backend) const {
  const Encodings* integers = encodings ? &*encodings : nullptr;
  return plan ? Session::create(*plan, backend, integers) : Session::create(model.graph, backend);
}

Result<void> Runnable::set_length(int64_t length_samples) {
  if (!package) {
    TESSERA_TRY(model.graph, model.network->instantiate(length_samples));
    model.length_samples = length_samples;
    return {};
  }
  TESSERA_TRY(PackagedNetwork network, package->network(length_samples));
  model = std::move(network.model);
  plan = std::move(network.plan);
  encodings = std::move(network.encodings);
  return {};
}

void add_backend_options(CommandLine& app, BackendChoice& choice) {
  app.add_option("--backend", choice.name, "What evaluates the network")
      ->type_name(fmt::format("{{{}}}", fmt::join(backend_names(), ",")))
      ->capture_default_str();
  app.add_option("--threads", choice.threads, "Threads; 0: as many as the process may use")
      ->type_name("N")
      ->capture_default_str();
}

Result<std::unique_ptr<Backend>> open_backend(const BackendChoice& choice) {
  return make_backend(choice.name,
                      {.threads = choice.threads, .memory_limit_bytes = usable_memory_bytes()});
}

}  // namespace tessera::cli
