// The Python names a checkpoint may refer to. Everything else is refused by name; nothing is ever
// executed: each of these is a case in the unpickler that builds data.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tessera {

enum class Callable : uint8_t {
  ordered_dict,
  rebuild_tensor_v2,
  rebuild_tensor_v3,
  rebuild_parameter,
  size,
  device,
  element_type,   // torch.float16 ...: a constant
  storage_type,   // torch.FloatStorage ...: the tag of a persistent id
  torch_version,  // a str subclass
  set,
  encode,  // _codecs.encode: how protocol 2 spells bytes
  numpy_type,
  numpy_scalar,  // metrics beside the weights are often numpy numbers
  default_dict,
  counter,
  deque,
  reconstructor,      // copyreg: an object of a class, as protocols before 2 spell it
  member,             // getattr of a class: how Python 3.11 spells an enumeration's member
  rebuild_from_type,  // a tensor of a subclass
  name_space,         // an object that is nothing but its attributes
  opaque,             // a date, a path, a numpy array: kept as the fact that it was there
  plain_type,         // builtins.list ...: mentioned as the factory of a defaultdict
};

struct PermittedGlobal {
  std::string_view module;
  std::string_view name;
  Callable callable;
};

std::span<const PermittedGlobal> permitted_globals();

// Index for permitted_global(), or nothing when the name is not permitted.
std::optional<size_t> find_global(std::string_view module, std::string_view name);
const PermittedGlobal& permitted_global(size_t index);

}  // namespace tessera
