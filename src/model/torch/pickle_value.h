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
  bool ordered = false;         // OrderedDict: may be given attributes, which are dropped
  std::string class_name = {};  // "argparse.Namespace": these are an object's items and attributes
  std::vector<std::pair<PickleId, PickleId>> items =
      {};  // in the order written, repeated keys included
};
// One of the permitted callables (pickle_globals.h), before it is called.
struct PickleGlobal {
  size_t index = 0;
};
// Any other name, which was not called.
struct PickleName {
  std::string module;
  std::string name;
};
// A persistent id of torch.save: the file data/<key> holds `elements` numbers. No type: untyped
// bytes.
struct PickleStorage {
  std::string type_name;  // "FloatStorage"
  std::string key;
  int64_t elements = 0;
  int64_t offset = 0;  // where a view of the storage begins (before PyTorch 1.6)
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

using PickleValue = std::variant<PickleNone, bool, int64_t, double, std::string, PickleBytes,
                                 PickleSequence, PickleDict, PickleGlobal, PickleName,
                                 PickleStorage, PickleTensor, PickleOpaque, NumpyType>;

class PickleDocument {
 public:
  PickleId root() const { return root_; }
  // Bytes from the pickle's first to its stop.
  uint64_t pickle_bytes() const { return pickle_bytes_; }
  // Classes of the objects in it, each once, in the order met; the first few.
  const std::vector<std::string>& classes() const { return classes_; }
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
  std::vector<std::string> classes_;
  uint64_t pickle_bytes_ = 0;
  PickleId root_{};
};

}  // namespace tessera
