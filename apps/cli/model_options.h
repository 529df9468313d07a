// Options that several commands share: which network, for what length, evaluated by what.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_line.h"
#include "cli/console.h"
#include "pipeline/network_backends.h"
#include "tessera/backend.h"
#include "tessera/compiler/import.h"
#include "tessera/result.h"
#include "tessera/separator.h"

namespace tessera::cli {

struct ModelOptions {
  std::string path;
  std::vector<std::string> model_args;  // NAME=VALUE
  std::optional<int64_t> length_samples;
  std::string sensor_file;  // as read_sensor_input() takes it; empty: none
  int64_t devices = 0;      // stacked on H; 0: as the file has them

  // Without what a package holds itself. Errors: those of read_sensor_input().
  Result<SensorInput> sensor() const;
};

// MODEL and --model-arg; --length only where the command lets the user choose it.
void add_model_options(CommandLine& app, ModelOptions& options, bool with_length);

// --sensor and --devices
void add_sensor_options(CommandLine& app, ModelOptions& options);

// --length, --model-arg, --sensor and --devices as an import takes them.
Result<ImportOptions> import_options(const ModelOptions& options);

// How much of what the importer noted people want to read; --json holds all of it but for none.
enum class ImportNotes { all, warnings, none };

// The network of a model file, or the one that a package was built from.
Result<ImportedModel> load_model(const ModelOptions& options, ImportNotes notes, Console& console);

// The same, as it is or as a package's plan cuts it.
Result<LoadedNetwork> load_network(const ModelOptions& options, ImportNotes notes,
                                   Console& console);

// What both do with the notes.
void tell_import_notes(std::span<const Note> all, ImportNotes notes, Console& console);

struct BackendChoice {
  std::string name{default_backend(Arithmetic::float32)};
  int threads = 0;        // 0: as many as the process may use
  std::string host = {};  // of host steps; empty: as BackendNames::host_backend
  bool allow_fallback = false;
};

void add_backend_options(CommandLine& app, BackendChoice& choice);
Result<std::unique_ptr<Backend>> open_backend(const BackendChoice& choice);

// The choice that leaves it to the network: the backend for its arithmetic.
inline constexpr std::string_view kAutoBackend = "auto";
// The same options where a network may be quantised; the default is kAutoBackend.
void add_network_backend_options(CommandLine& app, BackendChoice& choice);

// --host-backend and --allow-fallback, for commands that run the plan of a package.
void add_device_options(CommandLine& app, BackendChoice& choice);

// What evaluates `network`: its pieces, its host steps, and pieces that fall back. Warns, of
// `path`, where that leaves the integers of a quantised network out.
Result<NetworkBackends> open_network_backends(const BackendChoice& choice,
                                              const LoadedNetwork& network, const std::string& path,
                                              Console& console);

}  // namespace tessera::cli
