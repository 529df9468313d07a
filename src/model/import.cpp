#include "tessera/import.h"

#include <utility>

#include <fmt/format.h>

#include "model/format.h"
#include "model/onnx/import_onnx.h"
#include "model/torch/import_checkpoint.h"
#include "tessera/file.h"

namespace tessera {
namespace {

constexpr uint64_t kMaxModelBytes = uint64_t{4} << 30;

// In order: the first that recognises the content reads it.
constexpr ModelFormat kFormats[] = {
    {"torch", recognises_torch, import_torch},
    {"safetensors", recognises_safetensors, import_safetensors},
    {"onnx", recognises_onnx, import_onnx},
};

Error in_file(Error error, const std::filesystem::path& path) {
  error.subject =
      error.subject.empty() ? path.string() : fmt::format("{}: {}", path.string(), error.subject);
  return error;
}

Result<ImportedModel> import_source(const SourceFile& file, const ImportOptions& options) {
  if (file.bytes.empty())
    return TESSERA_ERROR(kCorrupt, file.path.string(), "the file is empty",
                         "copy or download it again");
  for (const ModelFormat& format : kFormats) {
    if (!format.recognises(file)) continue;
    auto model = format.read(file, options);
    if (!model) return in_file(std::move(model).error(), file.path);
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
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kMaxModelBytes));
  return import_source({path, bytes}, options);
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
