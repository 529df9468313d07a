#include "vendor/hailo/dfc/artifact.h"

#include <array>
#include <fstream>

#include "vendor/hailo/dfc/hn_layers.h"

namespace tessera::hailo {
namespace {

namespace fs = std::filesystem;

Error broken(const fs::path& path, const char* what) {
  return TESSERA_ERROR(kCorrupt, path.string(), what, "run the step again");
}

uint32_t big_endian(const std::array<char, 12>& bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
  return value;
}

// Magic, version, and the size of the description that a header of its version precedes.
Result<void> check_hef(const fs::path& path, uint64_t size) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 12> head{};
  file.read(head.data(), head.size());
  constexpr uint32_t kMagic = 0x01484546;
  if (!file || big_endian(head, 0) != kMagic) return broken(path, "does not begin as a HEF does");
  constexpr std::array<uint64_t, 4> kHeaderBytes = {32, 28, 44, 56};
  const uint32_t version = big_endian(head, 4);
  if (version >= kHeaderBytes.size()) return broken(path, "has a header of an unknown version");
  if (size < head.size() + kHeaderBytes[version] + big_endian(head, 8))
    return broken(path, "is cut off");
  return {};
}

}  // namespace

Result<void> check_artifact(const fs::path& path) {
  std::error_code unknown;
  const uint64_t size = fs::file_size(path, unknown);
  if (unknown) return TESSERA_ERROR(kNotFound, path.string(), "is missing", "run the step again");
  if (size == 0) return broken(path, "is empty");
  if (path.extension() == ".hef") return check_hef(path, size);
  if (!read_hn_layers(path)) return broken(path, "is no whole HAR");
  return {};
}

}  // namespace tessera::hailo
