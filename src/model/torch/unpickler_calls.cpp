// What the permitted globals build.
#include <cstring>

#include <fmt/format.h>

#include "model/torch/unpickler.h"

namespace tessera {
namespace {

// Code points below 256 back to the bytes they stand for; false on any other.
bool latin1_bytes(std::string_view utf8, std::string& out) {
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto lead = static_cast<uint8_t>(utf8[i]);
    if (lead < 0x80) {
      out += utf8[i];
    } else if ((lead == 0xc2 || lead == 0xc3) && i + 1 < utf8.size()) {
      const auto trail = static_cast<uint8_t>(utf8[++i]);
      if ((trail & 0xc0) != 0x80) return false;
      out += static_cast<char>((lead & 3) << 6 | (trail & 0x3f));
    } else {
      return false;
    }
  }
  return true;
}

template <typename T>
T number_from(std::string bytes, bool big_endian) {
  if (big_endian) bytes.assign(bytes.rbegin(), bytes.rend());
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

}  // namespace

Result<PickleValue> Unpickler::apply(const PermittedGlobal& function,
                                     const std::vector<PickleId>& arguments) {
  const auto wrong = [&] {
    return corrupt(
        fmt::format("{}.{} is called with unexpected arguments", function.module, function.name));
  };
  const auto* text = arguments.empty() ? nullptr : get_if<std::string>(arguments[0]);
  switch (function.callable) {
    case Callable::ordered_dict: return make_dict(arguments);
    case Callable::rebuild_tensor_v2: return make_tensor(arguments, false);
    case Callable::rebuild_tensor_v3: return make_tensor(arguments, true);
    case Callable::set: return make_set(arguments);
    case Callable::encode: return make_bytes(arguments);
    case Callable::numpy_scalar: return make_numpy_scalar(arguments);
    case Callable::rebuild_parameter: {
      const auto* tensor = arguments.empty() ? nullptr : get_if<PickleTensor>(arguments[0]);
      if (tensor == nullptr) return wrong();
      return PickleValue(*tensor);
    }
    case Callable::size: {
      const auto* sizes = arguments.empty() ? nullptr : get_if<PickleSequence>(arguments[0]);
      if (sizes == nullptr) return wrong();
      return PickleValue(PickleSequence{SequenceKind::tuple, sizes->items});
    }
    case Callable::torch_version:
      if (text == nullptr) return wrong();
      return PickleValue(*text);
    case Callable::device:
      if (text == nullptr) return wrong();
      return PickleValue(PickleOpaque{*text});
    case Callable::numpy_type:
      if (text == nullptr) return wrong();
      return PickleValue(NumpyType{*text, false});
    case Callable::default_dict: return make_default_dict(arguments);
    case Callable::counter: return make_counter(arguments);
    case Callable::deque: return make_set(arguments);
    case Callable::reconstructor: return make_reconstructed(arguments);
    case Callable::member: return make_member(arguments);
    case Callable::rebuild_from_type: return make_of_type(arguments);
    case Callable::name_space: return make_object("types.SimpleNamespace");
    case Callable::opaque:
      return PickleValue(PickleOpaque{fmt::format("{}.{}", function.module, function.name)});
    case Callable::plain_type:
    case Callable::element_type:
    case Callable::storage_type: return wrong();
  }
  return wrong();
}

Result<PickleValue> Unpickler::make_dict(const std::vector<PickleId>& arguments) {
  PickleDict dict{.ordered = true};
  if (arguments.empty()) return PickleValue(std::move(dict));
  const auto* pairs = get_if<PickleSequence>(arguments[0]);
  if (pairs == nullptr) return corrupt("an OrderedDict is made of something that is no list");
  for (PickleId pair : pairs->items) {
    const auto* items = get_if<PickleSequence>(pair);
    if (items == nullptr || items->items.size() != 2)
      return corrupt("an OrderedDict is made of uneven pairs");
    dict.items.emplace_back(items->items[0], items->items[1]);
  }
  return PickleValue(std::move(dict));
}

// The factory of missing values is not needed.
Result<PickleValue> Unpickler::make_default_dict(const std::vector<PickleId>& arguments) {
  if (arguments.size() > 1)
    return make_dict(std::vector<PickleId>(arguments.begin() + 1, arguments.end()));
  return PickleValue(PickleDict{.ordered = true});
}

Result<PickleValue> Unpickler::make_counter(const std::vector<PickleId>& arguments) {
  const auto* counts = arguments.empty() ? nullptr : get_if<PickleDict>(arguments[0]);
  if (counts == nullptr) return make_dict(arguments);
  TESSERA_TRY_VOID(charge(counts->items.size() * sizeof(counts->items[0])));
  return PickleValue(PickleDict{.ordered = true, .items = counts->items});
}

// (function that rebuilds it, its class, arguments, attributes): a tensor all the same.
Result<PickleValue> Unpickler::make_of_type(const std::vector<PickleId>& arguments) {
  const auto* function = arguments.size() < 3 ? nullptr : get_if<PickleGlobal>(arguments[0]);
  const auto* inner = arguments.size() < 3 ? nullptr : get_if<PickleSequence>(arguments[2]);
  if (function == nullptr || inner == nullptr)
    return corrupt("a tensor of a class of its own is rebuilt from unexpected arguments");
  const std::vector<PickleId> items = inner->items;
  switch (permitted_global(function->index).callable) {
    case Callable::rebuild_tensor_v2: return make_tensor(items, false);
    case Callable::rebuild_tensor_v3: return make_tensor(items, true);
    default: return corrupt("a tensor of a class of its own is rebuilt by something else");
  }
}

Result<PickleValue> Unpickler::make_set(const std::vector<PickleId>& arguments) {
  if (arguments.empty()) return PickleValue(PickleSequence{SequenceKind::set, {}});
  const auto* items = get_if<PickleSequence>(arguments[0]);
  if (items == nullptr) return corrupt("a set is made of something that is no list");
  return PickleValue(PickleSequence{SequenceKind::set, items->items});
}

Result<std::vector<int64_t>> Unpickler::integers(PickleId id) const {
  constexpr size_t kMaxRank = 64;
  const auto* sequence = get_if<PickleSequence>(id);
  if (sequence == nullptr || sequence->items.size() > kMaxRank)
    return corrupt("a tensor's shape is no tuple");
  std::vector<int64_t> numbers;
  for (PickleId item : sequence->items) {
    const auto* number = get_if<int64_t>(item);
    if (number == nullptr) return corrupt("a tensor's shape holds something that is no integer");
    numbers.push_back(*number);
  }
  return numbers;
}

// (storage, offset, size, stride, requires_grad, hooks[, dtype]): the flags and hooks mean nothing
// for inference.
Result<PickleValue> Unpickler::make_tensor(const std::vector<PickleId>& arguments, bool typed) {
  if (arguments.size() < (typed ? 7 : 4))
    return corrupt("a tensor is rebuilt from too few arguments");
  const auto* storage = get_if<PickleStorage>(arguments[0]);
  const auto* offset = get_if<int64_t>(arguments[1]);
  if (storage == nullptr || offset == nullptr)
    return corrupt("a tensor is rebuilt without its storage");
  PickleTensor tensor;
  tensor.storage = arguments[0];
  tensor.view.offset = *offset;
  TESSERA_TRY(tensor.view.sizes, integers(arguments[2]));
  TESSERA_TRY(tensor.view.strides, integers(arguments[3]));
  if (typed) {
    const auto* global = get_if<PickleGlobal>(arguments[6]);
    if (global == nullptr || permitted_global(global->index).callable != Callable::element_type) {
      return corrupt("a tensor is rebuilt without its number format");
    }
    tensor.element_type = permitted_global(global->index).name;
  }
  return PickleValue(std::move(tensor));
}

Result<PickleValue> Unpickler::make_bytes(const std::vector<PickleId>& arguments) {
  const auto* text = arguments.size() == 2 ? get_if<std::string>(arguments[0]) : nullptr;
  const auto* encoding = arguments.size() == 2 ? get_if<std::string>(arguments[1]) : nullptr;
  PickleBytes bytes;
  if (text == nullptr || encoding == nullptr || *encoding != "latin1" ||
      !latin1_bytes(*text, bytes.bytes)) {
    return corrupt("_codecs.encode is called with unexpected arguments");
  }
  return PickleValue(std::move(bytes));
}

Result<PickleValue> Unpickler::make_numpy_scalar(const std::vector<PickleId>& arguments) {
  const auto* type = arguments.size() == 2 ? get_if<NumpyType>(arguments[0]) : nullptr;
  const auto* bytes = arguments.size() == 2 ? get_if<PickleBytes>(arguments[1]) : nullptr;
  if (type == nullptr || bytes == nullptr)
    return corrupt("a numpy number is made of unexpected arguments");
  const std::string& data = bytes->bytes;
  if (type->code == "f8" && data.size() == 8)
    return PickleValue(number_from<double>(data, type->big_endian));
  if (type->code == "f4" && data.size() == 4) {
    return PickleValue(double{number_from<float>(data, type->big_endian)});
  }
  if (type->code == "i8" && data.size() == 8)
    return PickleValue(number_from<int64_t>(data, type->big_endian));
  if (type->code == "i4" && data.size() == 4) {
    return PickleValue(int64_t{number_from<int32_t>(data, type->big_endian)});
  }
  if (type->code == "b1" && data.size() == 1) return PickleValue(data[0] != 0);
  return PickleValue(PickleOpaque{"a numpy number"});
}

// ('storage', torch.FloatStorage, key, device, elements[, (view's key, offset, elements)]), or
// before PyTorch 1.6 ('module', class, file, source).
Result<PickleValue> Unpickler::make_storage(PickleId persistent_id) {
  const auto* tuple = get_if<PickleSequence>(persistent_id);
  const auto* tag =
      tuple != nullptr && tuple->items.size() >= 4 ? get_if<std::string>(tuple->items[0]) : nullptr;
  if (tag != nullptr && *tag == "module") {
    if (const auto* name = get_if<PickleName>(tuple->items[1])) return PickleValue(*name);
  }
  if (tag == nullptr || *tag != "storage" || tuple->items.size() < 5)
    return corrupt("a persistent id is not torch.save's");
  const auto* type = get_if<PickleGlobal>(tuple->items[1]);
  const auto* key = get_if<std::string>(tuple->items[2]);
  const auto* elements = get_if<int64_t>(tuple->items[4]);
  if (type == nullptr || key == nullptr || elements == nullptr || *elements < 0 ||
      permitted_global(type->index).callable != Callable::storage_type) {
    return corrupt("a persistent id is not torch.save's");
  }
  PickleStorage storage{std::string(permitted_global(type->index).name), *key, *elements, 0};
  const auto* view = tuple->items.size() > 5 ? get_if<PickleSequence>(tuple->items[5]) : nullptr;
  if (view != nullptr) {
    const auto* offset = view->items.size() == 3 ? get_if<int64_t>(view->items[1]) : nullptr;
    if (offset == nullptr || *offset < 0 || *offset > *elements)
      return corrupt("a view of a storage is not torch.save's");
    storage.offset = *offset;
  }
  return PickleValue(std::move(storage));
}

}  // namespace tessera
