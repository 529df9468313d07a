#include "model/torch/storage_reader.h"

#include <optional>

#include <fmt/format.h>

namespace tessera {
namespace {

std::optional<ElementType> element_type_of(std::string_view name) {
  struct Entry {
    std::string_view storage;
    std::string_view element;
    ElementType type;
  };
  static constexpr Entry kTypes[] = {
      {"FloatStorage", "float32", ElementType::float32},
      {"HalfStorage", "float16", ElementType::float16},
      {"BFloat16Storage", "bfloat16", ElementType::bfloat16},
      {"DoubleStorage", "float64", ElementType::float64},
      {"CharStorage", "int8", ElementType::int8},
      {"ShortStorage", "int16", ElementType::int16},
      {"IntStorage", "int32", ElementType::int32},
      {"LongStorage", "int64", ElementType::int64},
      {"ByteStorage", "uint8", ElementType::uint8},
      {"BoolStorage", "bool", ElementType::boolean},
      {"", "uint16", ElementType::uint16},
      {"", "uint32", ElementType::uint32},
      {"", "uint64", ElementType::uint64},
  };
  for (const Entry& entry : kTypes) {
    if (name == entry.storage || name == entry.element) return entry.type;
  }
  return std::nullopt;
}

}  // namespace

StorageReader::StorageReader(const ZipArchive& archive, std::string folder, bool big_endian,
                             int64_t element_limit)
    : archive_(archive),
      folder_(std::move(folder)),
      big_endian_(big_endian),
      elements_left_(element_limit) {}

Result<const ZipBytes*> StorageReader::storage_bytes(const std::string& key) {
  if (const auto it = storages_.find(key); it != storages_.end()) return &it->second;
  const std::string name = folder_ + "data/" + key;
  const ZipEntry* entry = archive_.find(name);
  if (entry == nullptr) {
    return TESSERA_ERROR(kCorrupt, name,
                         "the checkpoint refers to this storage but does not hold it",
                         "the file is damaged: save or download it again");
  }
  TESSERA_TRY(ZipBytes bytes, archive_.read(*entry));
  ++(ZipArchive::checksum_matches(*entry, bytes.view()) ? checksums_right_ : checksums_wrong_);
  return &storages_.emplace(key, std::move(bytes)).first->second;
}

Result<StorageReader::Decoded> StorageReader::decode(const PickleDocument& document,
                                                     const PickleTensor& tensor) {
  const auto& storage = *document.get_if<PickleStorage>(tensor.storage);
  const std::string& type_name =
      tensor.element_type.empty() ? storage.type_name : tensor.element_type;
  const auto type = element_type_of(type_name);
  if (!type) {
    return TESSERA_ERROR(kUnsupported, "",
                         fmt::format("number format {} is not supported", type_name),
                         "convert the weights first: model.float()");
  }
  TESSERA_TRY(const ZipBytes* bytes, storage_bytes(storage.key));
  const int64_t file_bytes = static_cast<int64_t>(bytes->view().size());
  const int64_t width = bytes_of(*type);
  const bool untyped = storage.type_name == "UntypedStorage";
  const int64_t elements = untyped ? storage.elements / width : storage.elements;
  if (elements > file_bytes / width) {
    return TESSERA_ERROR(kCorrupt, folder_ + "data/" + storage.key,
                         fmt::format("the storage should hold {} numbers of {} but has {} bytes",
                                     elements, to_string(*type), file_bytes),
                         "the file is damaged: save or download it again");
  }
  TESSERA_TRY(const int64_t count, checked_view_size(tensor.view, elements, elements_left_));
  elements_left_ -= count;
  if (count == 0) return Decoded{*type, Tensor()};
  return Decoded{*type, Tensor(tensor.view.sizes,
                               gather_as_float(bytes->view(), *type, big_endian_, tensor.view))};
}

}  // namespace tessera
