#include "model/beside.h"

#include "tessera/file.h"

namespace tessera {

bool is_beside(const SourceFile& file, const std::string& name) {
  if (file.memory) return file.memory->contains(name);
  std::error_code ignored;
  return std::filesystem::is_regular_file(file.path.parent_path() / name, ignored);
}

Result<std::optional<std::vector<uint8_t>>> read_beside(const SourceFile& file,
                                                        const std::string& name,
                                                        uint64_t limit_bytes) {
  using Bytes = std::optional<std::vector<uint8_t>>;
  if (!is_beside(file, name)) return Bytes();
  if (file.memory) return Bytes(file.memory->at(name));
  TESSERA_TRY(std::vector<uint8_t> bytes, read_file(file.path.parent_path() / name, limit_bytes));
  return Bytes(std::move(bytes));
}

}  // namespace tessera
