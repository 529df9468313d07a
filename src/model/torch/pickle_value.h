// What a pickle may hold once read: plain data. Values live in a PickleDocument and refer to each
// other by id, so shared and even cyclic structures need no ownership.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "model/torch/element_type.h"

namespace tessera {

enum class PickleId : int32_t {};

struct PickleNone {};
struct PickleBytes {
  std::string bytes;
};
enum class SequenceKind : uint8_t { list, tuple, set };
struct PickleSequence {
  SequenceKind kind = SequenceKind::list;
  std::vector<PickleId> items;
};
struct PickleDict {
  bool ordered = false;  // OrderedDict: may be given attributes, which are dropped
  std::vector<std::pair<PickleId, PickleId>> items;  // in the order written, repeated keys included
};
// One of the permitted callables (pickle_globals.h), before it is called.
struct PickleGlobal {
  size_t index = 0;
};
// A persistent id of torch.save: the file data/<key> holds `elements` numbers. No type: untyped
// bytes.
struct PickleStorage {
  std::string type_name;  // "FloatStorage"
  std::string key;
  int64_t elements = 0;
};
struct PickleTensor {
  PickleId storage{};
  std::string element_type;  // set where the tensor, not the storage, carries the type ("float16")
  StridedView view;
};
// Harmless data without a use here (a device, a number beyond 64 bits): kept as its text.
struct PickleOpaque {
  std::string text;
};
struct NumpyType {
  std::string code;  // "f8"
  bool big_endian = false;
};

using PickleValue =
    std::variant<PickleNone, bool, int64_t, double, std::string, PickleBytes, PickleSequence,
                 PickleDict, PickleGlobal, PickleStorage, PickleTensor, PickleOpaque, NumpyType>;

class PickleDocument {
 public:
  PickleId root() const { return root_; }
  size_t size() const { return values_.size(); }
  const PickleValue& operator[](PickleId id) const { return values_[static_cast<size_t>(id)]; }
  template <typename T>
  const T* get_if(PickleId id) const {
    return std::get_if<T>(&(*this)[id]);
  }
  // The last value stored under a text key, as in Python.
  std::optional<PickleId> find(const PickleDict& dict, std::string_view key) const;
  // The same where it is a dict, else nothing.
  const PickleDict* find_dict(const PickleDict& dict, std::string_view key) const;

 private:
  friend class Unpickler;
  std::vector<PickleValue> values_;
  PickleId root_{};
};

}  // namespace tessera
