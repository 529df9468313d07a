#include "tessera/separator.h"

#include <fmt/format.h>

namespace tessera {
namespace {

Result<Package> open_package(const std::filesystem::path& path, const ImportOptions& options) {
  if (!options.model_args.empty()) {
    return TESSERA_ERROR(kInvalidArgument, "ImportOptions::model_args",
                         "a package holds the arguments that it was built with",
                         "give them to tessera::build()");
  }
  if (!options.sensor.empty()) {
    return TESSERA_ERROR(kInvalidArgument, "ImportOptions::sensor",
                         "a package holds the z-score, devices and names that it was built with",
                         "give them to tessera::build()");
  }
  return Package::open(path);
}

}  // namespace

Result<ImportedModel> load_model(const std::filesystem::path& path, const ImportOptions& options) {
  if (!is_package(path)) return import_model(path, options);
  TESSERA_TRY(const Package package, open_package(path, options));
  return package.model(options.length_samples);
}

Result<LoadedNetwork> LoadedNetwork::open(const std::filesystem::path& path,
                                          const ImportOptions& options) {
  LoadedNetwork network;
  if (!is_package(path)) {
    TESSERA_TRY(network.model, import_model(path, options));
    return network;
  }
  TESSERA_TRY(network.package, open_package(path, options));
  const int64_t built = network.package->manifest().model.length_samples;
  TESSERA_TRY_VOID(network.set_length(options.length_samples.value_or(built)));
  return network;
}

Result<void> LoadedNetwork::set_length(int64_t length_samples) {
  if (!package) {
    TESSERA_TRY(model.graph, model.network->instantiate(length_samples));
    model.length_samples = length_samples;
    return {};
  }
  TESSERA_TRY(PackagedNetwork network, package->network(length_samples));
  model = std::move(network.model);
  plan = std::move(network.plan);
  encodings = std::move(network.encodings);
  approximated = std::move(network.approximated);
  return {};
}

std::string_view LoadedNetwork::default_backend() const {
  return package ? tessera::default_backend(*package)
                 : tessera::default_backend(Arithmetic::float32);
}

std::optional<Note> LoadedNetwork::ignored_integers(const Backend& backend) const {
  if (!encodings || backend.arithmetic() == Arithmetic::integer) return std::nullopt;
  return Note{NoteSeverity::warning,
              fmt::format("is quantised; the {} backend computes it in {}, not in its integers",
                          backend.probe().backend, to_string(backend.arithmetic()))};
}

Devices LoadedNetwork::with_artifacts(Devices devices) const {
  if (!package || devices.artifacts) return devices;
  devices.artifacts = [held = *package](const Piece& piece, std::string_view format) {
    return held.artifact(piece, format);
  };
  return devices;
}

Result<Session> LoadedNetwork::session(Devices devices, EncodingsUse use) const {
  if (!plan) return Session::create(model.graph, devices.chip);
  return Session::create(*plan, with_artifacts(std::move(devices)),
                         encodings ? &*encodings : nullptr, use);
}

}  // namespace tessera
