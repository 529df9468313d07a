#include "model/torch/speechbrain_parts.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/beside.h"
#include "model/foreign_file.h"
#include "model/torch/hyperparams.h"
#include "model/torch/import_checkpoint.h"
#include "model/torch/torch_checkpoint.h"

namespace tessera {
namespace {

constexpr uint64_t kMaxPartBytes = uint64_t{1} << 30;
constexpr uint64_t kMaxYamlBytes = 1 << 20;

constexpr std::string_view kParts[] = {"encoder", "masknet", "decoder"};
constexpr std::string_view kYamls[] = {"hyperparams.yaml", "hyperparams.yml",
                                       "hyperparams_train.yaml", "hparams.yaml"};

std::string file_of(std::string_view part) {
  return fmt::format("{}.ckpt", part);
}

bool is_yaml(const std::filesystem::path& path) {
  return path.extension() == ".yaml" || path.extension() == ".yml";
}

bool is_part(const std::filesystem::path& path) {
  return std::any_of(std::begin(kParts), std::end(kParts),
                     [&](std::string_view part) { return path.filename() == file_of(part); });
}

std::vector<std::string> missing_parts(const SourceFile& file) {
  std::vector<std::string> missing;
  for (std::string_view part : kParts) {
    if (!is_beside(file, file_of(part))) missing.push_back(file_of(part));
  }
  return missing;
}

Error lacks(const std::vector<std::string>& missing) {
  return TESSERA_ERROR(
      kNotFound, "", fmt::format("{} should lie beside it", fmt::join(missing, " and ")),
      "a SpeechBrain network is encoder.ckpt, masknet.ckpt and decoder.ckpt in one folder; those "
      "of a training lie in save/CKPT+...");
}

Error in_part(Error error, const std::string& name) {
  error.subject = error.subject.empty() ? name : fmt::format("{}: {}", name, error.subject);
  return error;
}

// The part's tensors under the part's name.
Result<void> add_part(std::string_view part, std::span<const uint8_t> bytes,
                      Checkpoint& checkpoint) {
  const std::string name = file_of(part);
  if (auto foreign = name_foreign_file(bytes)) return in_part(std::move(*foreign), name);
  auto read = read_torch_checkpoint(bytes);
  if (!read) return in_part(std::move(read).error(), name);
  for (NamedTensor& tensor : read->tensors) {
    tensor.name = fmt::format("{}.{}", part, tensor.name);
    checkpoint.tensors.push_back(std::move(tensor));
  }
  for (Note& note : read->notes) {
    note.text = fmt::format("{}: {}", name, note.text);
    checkpoint.notes.push_back(std::move(note));
  }
  return {};
}

// What the hyperparameters beside the parts tell, whatever stands for them: the name of the file.
Result<std::optional<std::string>> add_hyperparams(const SourceFile& file, Checkpoint& checkpoint) {
  std::vector<std::string> names(std::begin(kYamls), std::end(kYamls));
  if (is_yaml(file.path)) names = {file.path.filename().string()};
  for (const std::string& name : names) {
    TESSERA_TRY(const auto yaml, read_beside(file, name, kMaxYamlBytes));
    if (!yaml) continue;
    if (auto foreign = name_foreign_file(*yaml)) return in_part(std::move(*foreign), name);
    TESSERA_TRY(const HyperParameters parameters, read_hyperparams(*yaml, name));
    checkpoint.args = parameters.args;
    checkpoint.has_args = parameters.masknet == "MaskNet";
    checkpoint.sample_rate = parameters.sample_rate;
    if (!parameters.masknet.empty() && !checkpoint.has_args)
      checkpoint.model_name = parameters.masknet;
    checkpoint.notes.push_back(
        {NoteSeverity::info, fmt::format("model arguments come from {}", name)});
    return std::optional(name);
  }
  return std::optional<std::string>();
}

}  // namespace

std::span<const std::string_view> speechbrain_parts() {
  return kParts;
}

std::span<const std::string_view> hyperparams_names() {
  return kYamls;
}

bool recognises_speechbrain_parts(const SourceFile& file) {
  if (is_yaml(file.path)) return true;
  return is_part(file.path) && missing_parts(file).size() < 2;
}

Result<ImportedModel> import_speechbrain_parts(const SourceFile& file,
                                               const ImportOptions& options) {
  if (const auto missing = missing_parts(file); !missing.empty()) return lacks(missing);
  Checkpoint checkpoint;
  std::vector<std::string> files;
  TESSERA_TRY(const auto yaml, add_hyperparams(file, checkpoint));
  if (yaml) files.push_back(*yaml);
  for (std::string_view part : kParts) {
    files.push_back(file_of(part));
    TESSERA_TRY(const auto bytes, read_beside(file, files.back(), kMaxPartBytes));
    if (!bytes) return lacks({files.back()});
    TESSERA_TRY_VOID(add_part(part, *bytes, checkpoint));
  }
  std::erase(files, file.path.filename().string());
  TESSERA_TRY(ImportedModel model, import_checkpoint(std::move(checkpoint), options));
  model.files_beside = std::move(files);
  return model;
}

Result<std::optional<std::filesystem::path>> speechbrain_file_in(
    const std::filesystem::path& folder) {
  const std::filesystem::path main = folder / file_of("masknet");
  const auto missing = missing_parts({main, {}});
  if (missing.empty()) return std::optional(main);
  const bool others = missing.size() < std::size(kParts);
  const bool has_yaml = is_beside({main, {}}, std::string(kYamls[0]));
  if (!others && !has_yaml) return std::optional<std::filesystem::path>();
  return in_part(lacks(missing), folder.string());
}

}  // namespace tessera
