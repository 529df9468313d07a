#include "model/torch/import_checkpoint.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/counted.h"
#include "model/beside.h"
#include "model/torch/foreign_networks.h"
#include "model/torch/known_networks.h"
#include "model/torch/safetensors.h"
#include "model/torch/tcn.h"
#include "model/torch/torch_checkpoint.h"

namespace tessera {
namespace {

constexpr uint64_t kMaxConfigBytes = 1 << 20;

struct Identified {
  const KnownNetwork* network;
  std::string prefix;
};

Result<Identified> identify(const Checkpoint& checkpoint) {
  for (const KnownNetwork& network : known_networks()) {
    const std::vector<std::string> prefixes = prefixes_of(checkpoint, network.anchor);
    if (prefixes.size() > 1) {
      return TESSERA_ERROR(kInvalidModel, "",
                           fmt::format("the state dict holds several networks, under '{}'",
                                       fmt::join(prefixes, "', '")),
                           "save one of them alone: torch.save(model.state_dict(), path)");
    }
    if (prefixes.empty()) continue;
    TESSERA_TRY_VOID(refuse_foreign_layers(checkpoint, prefixes.front()));
    return Identified{&network, prefixes.front()};
  }
  TESSERA_TRY_VOID(refuse_foreign_layers(checkpoint, ""));
  std::vector<std::string> names;
  for (size_t i = 0; i < std::min<size_t>(3, checkpoint.tensors.size()); ++i) {
    names.push_back(checkpoint.tensors[i].name);
  }
  return TESSERA_ERROR(
      kUnsupported, "",
      fmt::format("these weights belong to no network known here; they begin with {}",
                  fmt::join(names, ", ")),
      "export the network to ONNX: torch.onnx.export(model, example, path)");
}

// The user may state the class of a file that calls its own something else.
Result<void> check_model_name(const Checkpoint& checkpoint, ModelArgs& args) {
  TESSERA_TRY(const auto stated, args.text("model_name"));
  if (stated && *stated != "ConvTasNet") {
    return TESSERA_ERROR(kInvalidArgument, "",
                         fmt::format("model_name '{}': only ConvTasNet can be stated", *stated),
                         "");
  }
  return refuse_foreign_name(checkpoint, stated.has_value());
}

// Tensors outside the prefix (a loss's, an optimiser's) are not part of the network.
void note_foreign_tensors(const Checkpoint& checkpoint, const std::string& prefix,
                          std::vector<Note>& notes) {
  std::vector<std::string> foreign;
  for (const NamedTensor& tensor : checkpoint.tensors) {
    if (!tensor.name.starts_with(prefix)) foreign.push_back(tensor.name);
  }
  if (foreign.empty()) return;
  notes.push_back({NoteSeverity::warning,
                   fmt::format("{} outside '{}' {} left out, the first is {}",
                               counted(foreign.size(), "tensor"), prefix,
                               noun_for(foreign.size(), "was", "were"), foreign.front())});
}

Result<std::optional<int>> resolve_sample_rate(const Checkpoint& checkpoint, ModelArgs& args,
                                               std::vector<Note>& notes) {
  TESSERA_TRY(const auto stated, args.integer("sample_rate", 1, 10'000'000));
  if (stated) return std::optional<int>(static_cast<int>(*stated));
  if (checkpoint.sample_rate) return checkpoint.sample_rate;
  notes.push_back({NoteSeverity::warning,
                   "the file does not tell its sample rate; give it with "
                   "ImportOptions::model_args sample_rate=8000 if audio must be resampled"});
  return std::optional<int>();
}

}  // namespace

Result<ImportedModel> import_checkpoint(Checkpoint checkpoint, const ImportOptions& options) {
  TESSERA_TRY_VOID(strip_wrapper_segments(checkpoint));
  const auto is_known = [&](const KnownNetwork& network) {
    return !prefixes_of(checkpoint, network.anchor).empty();
  };
  if (std::none_of(known_networks().begin(), known_networks().end(), is_known) &&
      !tcn_prefixes(checkpoint).empty()) {
    TESSERA_TRY_VOID(refuse_foreign_layers(checkpoint, ""));
    return import_tcn(std::move(checkpoint), options);
  }
  ImportedModel model;
  model.notes = checkpoint.notes;
  ModelArgs args(checkpoint.args, options.model_args, model.notes);
  TESSERA_TRY_VOID(check_model_name(checkpoint, args));
  TESSERA_TRY(const Identified identified, identify(checkpoint));
  note_foreign_tensors(checkpoint, identified.prefix, model.notes);

  StateView state(checkpoint, identified.prefix);
  TESSERA_TRY(model.sample_rate, resolve_sample_rate(checkpoint, args, model.notes));
  TESSERA_TRY(ConvTasNet net,
              identified.network->read(state, args, checkpoint.has_args, model.notes));
  TESSERA_TRY_VOID(args.finish(model.notes));
  TESSERA_TRY_VOID(state.finish());

  model.n_src = static_cast<int>(net.n_src);
  model.family = identified.network->family;
  model.metadata = std::move(checkpoint.metadata);
  model.network = std::make_shared<ConvTasNetNetwork>(std::move(net));
  model.length_samples = options.length_samples.value_or(default_length_samples(model.sample_rate));
  TESSERA_TRY(model.graph, model.network->instantiate(model.length_samples));
  return model;
}

bool recognises_torch(const SourceFile& file) {
  return looks_like_torch(file.bytes);
}

Result<ImportedModel> import_torch(const SourceFile& file, const ImportOptions& options) {
  TESSERA_TRY(Checkpoint checkpoint, read_torch_checkpoint(file.bytes));
  return import_checkpoint(std::move(checkpoint), options);
}

// The header's length fits in 32 bits and its JSON follows.
bool recognises_safetensors(const SourceFile& file) {
  const auto& bytes = file.bytes;
  return bytes.size() > 8 && bytes[8] == '{' &&
         std::all_of(bytes.begin() + 4, bytes.begin() + 8, [](uint8_t b) { return b == 0; });
}

Result<ImportedModel> import_safetensors(const SourceFile& file, const ImportOptions& options) {
  TESSERA_TRY(Checkpoint checkpoint, read_safetensors(file.bytes));
  std::vector<std::string> beside;
  const std::string own = file.path.filename().replace_extension(".json").string();
  for (const std::string& name : {own, std::string("config.json")}) {
    TESSERA_TRY(const auto json, read_beside(file, name, kMaxConfigBytes));
    if (!json) continue;
    beside.push_back(name);
    TESSERA_TRY_VOID(add_json_config(*json, name, checkpoint));
    checkpoint.notes.push_back(
        {NoteSeverity::info,
         fmt::format("model arguments come from {}", (file.path.parent_path() / name).string())});
    break;
  }
  TESSERA_TRY(ImportedModel model, import_checkpoint(std::move(checkpoint), options));
  model.files_beside = std::move(beside);
  return model;
}

}  // namespace tessera
