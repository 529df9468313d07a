// One entry per file format in the table of import.cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

#include "tessera/compiler/import.h"

namespace tessera {

struct SourceFile {
  std::filesystem::path path;  // for files that lie beside it (external data, configuration)
  std::span<const uint8_t> bytes;
  // Where `path` and the files beside it lie in memory; else they lie on the disk.
  std::shared_ptr<const ModelFiles> memory = nullptr;
};

struct ModelFormat {
  std::string_view name;
  bool (*recognises)(const SourceFile& file);
  // Error subjects are parts of the file ("encoder.weight"), or empty for the file as a whole.
  Result<ImportedModel> (*read)(const SourceFile& file, const ImportOptions& options);
};

}  // namespace tessera
