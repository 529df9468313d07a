#include "cli/packaged_model.h"

#include <algorithm>
#include <filesystem>

#include "base/hash.h"
#include "tessera/file.h"

namespace tessera::cli {
namespace {

constexpr uint64_t kMaxModelBytes = uint64_t{4} << 30;

}  // namespace

Result<bool> is_built_from(const Package& package, const std::string& path) {
  const PackageManifest& manifest = package.manifest();
  std::error_code unknown;
  if (!std::filesystem::is_directory(path, unknown)) {
    TESSERA_TRY(const auto bytes, read_file(path, kMaxModelBytes));
    return content_hash(bytes) == manifest.model.hash;
  }
  for (const PackageModel::File& file : manifest.model.files) {
    const auto bytes = read_file(std::filesystem::path(path) / file.name, kMaxModelBytes);
    if (!bytes && bytes.error().code == ErrorCode::kNotFound) return false;
    if (!bytes) return bytes.error();
    const std::string hash = content_hash(*bytes);
    if (std::none_of(manifest.entries.begin(), manifest.entries.end(),
                     [&](const PackageEntry& entry) {
                       return entry.name == file.entry && entry.hash == hash;
                     })) {
      return false;
    }
  }
  return true;
}

}  // namespace tessera::cli
