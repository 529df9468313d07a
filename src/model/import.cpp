#include "tessera/compiler/import.h"

#include <utility>

#include <fmt/format.h>

#include "model/foreign_file.h"
#include "model/format.h"
#include "model/onnx/import_onnx.h"
#include "model/sensor_input.h"
#include "model/torch/import_checkpoint.h"
#include "model/torch/speechbrain_parts.h"
#include "tessera/file.h"

namespace tessera {
namespace {

constexpr uint64_t kMaxModelBytes = uint64_t{4} << 30;

// In order: the first that recognises the content reads it.
constexpr ModelFormat kFormats[] = {
    {"speechbrain", recognises_speechbrain_parts, import_speechbrain_parts},
    {"torch", recognises_torch, import_torch},
    {"safetensors", recognises_safetensors, import_safetensors},
    {"onnx", recognises_onnx, import_onnx},
};

Error in_file(Error error, const std::filesystem::path& path) {
  error.subject =
      error.subject.empty() ? path.string() : fmt::format("{}: {}", path.string(), error.subject);
  return error;
}

// A window's length is as good as one that was asked for.
ImportOptions with_sensor_length(ImportOptions options) {
  if (!options.length_samples && options.sensor.frames > 0)
    options.length_samples = options.sensor.frames;
  return options;
}

Result<ImportedModel> import_source(const SourceFile& file, const ImportOptions& options) {
  if (file.bytes.empty())
    return TESSERA_ERROR(kCorrupt, file.path.string(), "the file is empty",
                         "copy or download it again");
  // The header of a .safetensors file begins with its length, which may look like anything.
  if (!recognises_safetensors(file)) {
    if (auto foreign = name_foreign_file(file.bytes))
      return in_file(std::move(*foreign), file.path);
  }
  for (const ModelFormat& format : kFormats) {
    if (!format.recognises(file)) continue;
    auto model = format.read(file, with_sensor_length(options));
    if (!model) return in_file(std::move(model).error(), file.path);
    model->file_name = file.path.filename().string();
    if (auto applied = apply_sensor_input(*model, options.sensor); !applied)
      return in_file(std::move(applied).error(), file.path);
    return model;
  }
  return TESSERA_ERROR(
      kUnsupported, file.path.string(), "this is no network file known here",
      "give a checkpoint of torch.save (.pth, .pt, .bin, .ckpt), a .safetensors or an .onnx file");
}

}  // namespace

int64_t default_length_samples(std::optional<int> sample_rate) {
  return int64_t{4} * sample_rate.value_or(8000);
}

Result<ImportedModel> import_model(const std::filesystem::path& path,
                                   const ImportOptions& options) {
  std::filesystem::path file = path;
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) {
    TESSERA_TRY(const auto found, speechbrain_file_in(path));
    if (!found) {
      return TESSERA_ERROR(kInvalidArgument, path.string(),
                           "is a folder without a network that is known by its files' names",
                           "name the network's file, or a folder with SpeechBrain's encoder.ckpt, "
                           "masknet.ckpt and decoder.ckpt");
    }
    file = *found;
  }
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(file, kMaxModelBytes));
  return import_source({file, bytes}, options);
}

Result<ImportedModel> import_model(std::shared_ptr<const ModelFiles> files, const std::string& name,
                                   const ImportOptions& options) {
  const auto found = files->find(name);
  if (found == files->end()) {
    return TESSERA_ERROR(kNotFound, name, "is not one of the files in memory", "");
  }
  return import_source({name, found->second, std::move(files)}, options);
}

}  // namespace tessera
