// The Python names a checkpoint may refer to. Everything else is refused by name; nothing is ever
// executed: each of these is a case in the unpickler that builds data.
#pragma once

#include <cstdint>
#include <optional>
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
};

struct PermittedGlobal {
  std::string_view module;
  std::string_view name;
  Callable callable;
};

// Index for permitted_global(), or nothing when the name is not permitted.
std::optional<size_t> find_global(std::string_view module, std::string_view name);
const PermittedGlobal& permitted_global(size_t index);

}  // namespace tessera
