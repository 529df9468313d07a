#include "model/torch/storage_types.h"

namespace tessera {

std::optional<ElementType> element_type_named(std::string_view name) {
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

int64_t bytes_of_storage_element(std::string_view name) {
  if (const auto type = element_type_named(name)) return bytes_of(*type);
  if (name == "ComplexDoubleStorage") return 16;
  if (name == "ComplexFloatStorage") return 8;
  if (name == "QInt32Storage") return 4;
  return 1;  // QInt8Storage, QUInt8Storage, UntypedStorage
}

}  // namespace tessera
