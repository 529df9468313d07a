#include "model/torch/pickle_globals.h"

#include <iterator>

namespace tessera {
namespace {

constexpr PermittedGlobal kPermitted[] = {
    {"collections", "OrderedDict", Callable::ordered_dict},
    {"torch._utils", "_rebuild_tensor", Callable::rebuild_tensor_v2},
    {"torch._utils", "_rebuild_tensor_v2", Callable::rebuild_tensor_v2},
    {"torch._utils", "_rebuild_tensor_v3", Callable::rebuild_tensor_v3},
    {"torch._utils", "_rebuild_parameter", Callable::rebuild_parameter},
    {"torch._utils", "_rebuild_parameter_with_state", Callable::rebuild_parameter},
    {"torch", "Size", Callable::size},
    {"torch", "device", Callable::device},
    {"torch.torch_version", "TorchVersion", Callable::torch_version},
    {"builtins", "set", Callable::set},
    {"__builtin__", "set", Callable::set},
    {"builtins", "frozenset", Callable::set},
    {"__builtin__", "frozenset", Callable::set},
    {"_codecs", "encode", Callable::encode},
    {"numpy", "dtype", Callable::numpy_type},
    {"numpy.core.multiarray", "scalar", Callable::numpy_scalar},
    {"numpy._core.multiarray", "scalar", Callable::numpy_scalar},
    {"collections", "defaultdict", Callable::default_dict},
    {"collections", "Counter", Callable::counter},
    {"collections", "deque", Callable::deque},
    {"copyreg", "_reconstructor", Callable::reconstructor},
    {"copy_reg", "_reconstructor", Callable::reconstructor},
    {"torch._tensor", "_rebuild_from_type_v2", Callable::rebuild_from_type},
    {"numpy.core.multiarray", "_reconstruct", Callable::opaque},
    {"numpy._core.multiarray", "_reconstruct", Callable::opaque},
    {"numpy.core.numeric", "_frombuffer", Callable::opaque},
    {"numpy._core.numeric", "_frombuffer", Callable::opaque},
    {"numpy", "ndarray", Callable::opaque},
    {"torch", "Generator", Callable::opaque},
    {"torch.serialization", "_get_layout", Callable::opaque},
    {"datetime", "date", Callable::opaque},
    {"datetime", "datetime", Callable::opaque},
    {"datetime", "time", Callable::opaque},
    {"datetime", "timedelta", Callable::opaque},
    {"datetime", "timezone", Callable::opaque},
    {"functools", "partial", Callable::opaque},
    {"builtins", "getattr", Callable::member},
    {"__builtin__", "getattr", Callable::member},
    {"types", "SimpleNamespace", Callable::name_space},
    {"builtins", "list", Callable::plain_type},
    {"builtins", "dict", Callable::plain_type},
    {"builtins", "tuple", Callable::plain_type},
    {"builtins", "int", Callable::plain_type},
    {"builtins", "float", Callable::plain_type},
    {"builtins", "bool", Callable::plain_type},
    {"builtins", "str", Callable::plain_type},
    {"builtins", "bytes", Callable::plain_type},
    {"builtins", "bytearray", Callable::opaque},
    {"builtins", "complex", Callable::opaque},
    {"builtins", "slice", Callable::opaque},
    {"builtins", "range", Callable::opaque},
    {"builtins", "object", Callable::plain_type},
    {"__builtin__", "list", Callable::plain_type},
    {"__builtin__", "dict", Callable::plain_type},
    {"__builtin__", "tuple", Callable::plain_type},
    {"__builtin__", "int", Callable::plain_type},
    {"__builtin__", "long", Callable::plain_type},
    {"__builtin__", "float", Callable::plain_type},
    {"__builtin__", "bool", Callable::plain_type},
    {"__builtin__", "str", Callable::plain_type},
    {"__builtin__", "unicode", Callable::plain_type},
    {"__builtin__", "bytearray", Callable::opaque},
    {"__builtin__", "complex", Callable::opaque},
    {"__builtin__", "slice", Callable::opaque},
    {"__builtin__", "object", Callable::plain_type},
    {"torch", "HalfStorage", Callable::storage_type},
    {"torch", "BFloat16Storage", Callable::storage_type},
    {"torch", "FloatStorage", Callable::storage_type},
    {"torch", "DoubleStorage", Callable::storage_type},
    {"torch", "CharStorage", Callable::storage_type},
    {"torch", "ShortStorage", Callable::storage_type},
    {"torch", "IntStorage", Callable::storage_type},
    {"torch", "LongStorage", Callable::storage_type},
    {"torch", "ByteStorage", Callable::storage_type},
    {"torch", "BoolStorage", Callable::storage_type},
    {"torch", "UntypedStorage", Callable::storage_type},
    {"torch.storage", "UntypedStorage", Callable::storage_type},
    {"torch", "ComplexFloatStorage", Callable::storage_type},
    {"torch", "ComplexDoubleStorage", Callable::storage_type},
    {"torch", "QInt8Storage", Callable::storage_type},
    {"torch", "QUInt8Storage", Callable::storage_type},
    {"torch", "QInt32Storage", Callable::storage_type},
    {"torch", "float16", Callable::element_type},
    {"torch", "bfloat16", Callable::element_type},
    {"torch", "float32", Callable::element_type},
    {"torch", "float64", Callable::element_type},
    {"torch", "int8", Callable::element_type},
    {"torch", "int16", Callable::element_type},
    {"torch", "int32", Callable::element_type},
    {"torch", "int64", Callable::element_type},
    {"torch", "uint8", Callable::element_type},
    {"torch", "uint16", Callable::element_type},
    {"torch", "uint32", Callable::element_type},
    {"torch", "uint64", Callable::element_type},
    {"torch", "bool", Callable::element_type},
    {"torch", "complex64", Callable::element_type},
    {"torch", "complex128", Callable::element_type},
    {"torch", "float8_e4m3fn", Callable::element_type},
    {"torch", "float8_e5m2", Callable::element_type},
};

}  // namespace

std::span<const PermittedGlobal> permitted_globals() {
  return kPermitted;
}

std::optional<size_t> find_global(std::string_view module, std::string_view name) {
  for (size_t i = 0; i < std::size(kPermitted); ++i) {
    if (kPermitted[i].module == module && kPermitted[i].name == name) return i;
  }
  return std::nullopt;
}

const PermittedGlobal& permitted_global(size_t index) {
  return kPermitted[index];
}

}  // namespace tessera
