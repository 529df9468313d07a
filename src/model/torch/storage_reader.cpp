#include "model/torch/storage_reader.h"

#include <fmt/format.h>

#include "model/torch/storage_types.h"

namespace tessera {

Result<StorageReader::Decoded> StorageReader::decode(const PickleDocument& document,
                                                     const PickleTensor& tensor) {
  const auto& storage = *document.get_if<PickleStorage>(tensor.storage);
  const std::string& type_name =
      tensor.element_type.empty() ? storage.type_name : tensor.element_type;
  const auto type = element_type_named(type_name);
  if (!type) {
    return TESSERA_ERROR(kUnsupported, "",
                         fmt::format("number format {} is not supported", type_name),
                         "convert the weights first: model.float()");
  }
  TESSERA_TRY(const std::span<const uint8_t> bytes, storages_.storage(storage.key));
  const auto storage_bytes = static_cast<int64_t>(bytes.size());
  const int64_t width = bytes_of(*type);
  const bool untyped = storage.type_name == "UntypedStorage";
  const int64_t elements = untyped ? storage.elements / width : storage.elements;
  if (elements > storage_bytes / width) {
    return TESSERA_ERROR(kCorrupt, storages_.name_of(storage.key),
                         fmt::format("the storage should hold {} numbers of {} but has {} bytes",
                                     elements, to_string(*type), storage_bytes),
                         "the file is damaged: save or download it again");
  }
  StridedView view = tensor.view;
  if (view.offset >= 0 && view.offset <= elements) view.offset += storage.offset;
  TESSERA_TRY(const int64_t count, checked_view_size(view, elements, elements_left_));
  elements_left_ -= count;
  if (count == 0) return Decoded{*type, Tensor()};
  return Decoded{*type, Tensor(view.sizes, gather_as_float(bytes, *type, big_endian_, view))};
}

}  // namespace tessera
