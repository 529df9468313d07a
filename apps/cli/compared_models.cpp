#include "cli/compared_models.h"

#include <fmt/format.h>

#include "cli/input_arrays.h"
#include "tessera/compiler/verify.h"

namespace tessera::cli {
namespace {

Result<ComparedModel> open_compared_model(const ComparedModelOptions& options,
                                          const ComparedInputs& inputs,
                                          std::optional<int64_t> length, Console& console) {
  ModelOptions model;
  if (!is_package(options.path)) {
    model = inputs.sensor;
    model.model_args = inputs.model_args;
  }
  model.path = options.path;
  model.length_samples = length;
  ComparedModel compared;
  TESSERA_TRY(compared.loaded, load_network(model, ImportNotes::warnings, console));
  return compared;
}

// The length to compare two networks at where the user names none: B's own, or A's where A accepts
// no other (its file fixes one).
int64_t common_length(const ImportedModel& a, const ImportedModel& b) {
  const bool only_its_own = !a.network->instantiate(b.length_samples).has_value() &&
                            b.network->instantiate(a.length_samples).has_value();
  return only_its_own ? a.length_samples : b.length_samples;
}

}  // namespace

ComparedNetwork ComparedModel::network() const {
  const bool integers = by.chip().arithmetic() == Arithmetic::integer && loaded.encodings;
  ComparedNetwork network{graph(), by.chip(), integers ? &*loaded.encodings : nullptr};
  if (!by.chip().artifact_format().empty() && loaded.plan) {
    network.plan = &*loaded.plan;
    network.devices.emplace(loaded.with_artifacts(by.devices()));
  }
  return network;
}

Result<ComparedModels> open_compared_models(const ComparedModelOptions& a,
                                            const ComparedModelOptions& b,
                                            const ComparedInputs& inputs, int threads,
                                            Console& console) {
  ComparedModels models;
  std::optional<int64_t> length = inputs.length;
  TESSERA_TRY(models.b, open_compared_model(b, inputs, length, console));
  if (inputs.signal.empty()) {
    TESSERA_TRY(models.a, open_compared_model(a, inputs, length, console));
    if (!length) length = common_length(models.a.loaded.model, models.b.loaded.model);
    if (models.b.loaded.model.length_samples != *length) {
      TESSERA_TRY(models.b, open_compared_model(b, inputs, length, console));
    }
  } else {
    const auto at_length = [&](int64_t other) -> Result<ImportedModel> {
      TESSERA_TRY(models.b, open_compared_model(b, inputs, other, console));
      return models.b.loaded.model;
    };
    ImportedModel model = models.b.loaded.model;
    WindowChoice windows = inputs.windows;
    windows.length_is_told = models.b.loaded.package.has_value() || inputs.length.has_value();
    TESSERA_TRY(models.inputs, read_network_inputs(inputs.signal, model, inputs.recordings,
                                                   at_length, windows, console));
    length = model.length_samples;
  }
  if (models.a.loaded.model.length_samples != *length || !models.a.loaded.model.network) {
    TESSERA_TRY(models.a, open_compared_model(a, inputs, length, console));
  }
  if (models.inputs.empty()) {
    console.note("compared on noise; --input takes what the network will hear");
    for (NodeId id : models.a.graph().inputs())
      models.inputs.push_back(verification_signal(models.a.graph().node(id).shape));
  }
  TESSERA_TRY(models.a.by, open_network_backends({a.backend, threads, a.host, a.allow_fallback},
                                                 models.a.loaded, a.path, console));
  TESSERA_TRY(models.b.by, open_network_backends({b.backend, threads, b.host, b.allow_fallback},
                                                 models.b.loaded, b.path, console));
  return models;
}

}  // namespace tessera::cli
