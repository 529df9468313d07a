#include "model/torch/storage_source.h"

#include <fmt/format.h>

#include "model/torch/storage_types.h"

namespace tessera {
namespace {

constexpr std::string_view kDamagedCheckpoint = "the file is damaged: save or download it again";

Error corrupt_storage(std::string subject, std::string message) {
  return TESSERA_ERROR(kCorrupt, std::move(subject), std::move(message),
                       std::string(kDamagedCheckpoint));
}

}  // namespace

Result<std::span<const uint8_t>> ZipStorages::storage(const std::string& key) {
  if (const auto it = storages_.find(key); it != storages_.end()) return it->second.view();
  const std::string name = name_of(key);
  const ZipEntry* entry = archive_.find(name);
  if (entry == nullptr)
    return corrupt_storage(name, "the checkpoint refers to this storage but does not hold it");
  TESSERA_TRY(ZipBytes bytes, archive_.read(*entry));
  ++(ZipArchive::checksum_matches(*entry, bytes.view()) ? checksums_right_ : checksums_wrong_);
  return storages_.emplace(key, std::move(bytes)).first->second.view();
}

Result<RowOfStorages> RowOfStorages::open(const PickleDocument& document,
                                          const std::vector<std::string>& keys,
                                          std::span<const uint8_t> bytes) {
  std::map<std::string, const PickleStorage*> stated;
  for (size_t i = 0; i < document.size(); ++i) {
    const auto* storage = document.get_if<PickleStorage>(PickleId{static_cast<int32_t>(i)});
    if (storage != nullptr) stated.emplace(storage->key, storage);
  }
  RowOfStorages row;
  for (const std::string& key : keys) {
    const std::string name = row.name_of(key);
    const auto found = stated.find(key);
    if (found == stated.end())
      return corrupt_storage(name, "nothing tells the type of this storage");
    if (bytes.size() < 8) return corrupt_storage(name, "the file ends before this storage");
    uint64_t elements = 0;
    for (size_t i = 8; i-- > 0;) elements = elements << 8 | bytes[i];
    bytes = bytes.subspan(8);
    const auto width = static_cast<uint64_t>(bytes_of_storage_element(found->second->type_name));
    if (elements > bytes.size() / width) {
      return corrupt_storage(
          name, fmt::format("should have {} numbers of {} bytes, but {} bytes are left", elements,
                            width, bytes.size()));
    }
    row.storages_[key] = bytes.first(elements * width);
    bytes = bytes.subspan(elements * width);
  }
  return row;
}

Result<std::span<const uint8_t>> RowOfStorages::storage(const std::string& key) {
  const auto found = storages_.find(key);
  if (found == storages_.end())
    return corrupt_storage(name_of(key),
                           "the checkpoint refers to this storage but does not hold it");
  return found->second;
}

}  // namespace tessera
