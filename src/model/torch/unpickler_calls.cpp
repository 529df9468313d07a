// What the permitted globals build, and the refusal of every other one.
#include <cstring>

#include <fmt/format.h>

#include "model/torch/unpickler.h"

namespace tessera {
namespace {

// Names from the file go into messages: keep them short and printable.
std::string printable(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, 100)) out += c >= 0x20 && c < 0x7f ? c : '?';
  if (text.size() > 100) out += "...";
  return out;
}

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

uint64_t copy_bytes(const PickleValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return text->size();
  if (const auto* sequence = std::get_if<PickleSequence>(&value))
    return sequence->items.size() * sizeof(PickleId);
  if (const auto* tensor = std::get_if<PickleTensor>(&value)) return tensor->view.sizes.size() * 16;
  return 8;
}

template <typename T>
T number_from(std::string bytes, bool big_endian) {
  if (big_endian) bytes.assign(bytes.rbegin(), bytes.rend());
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

}  // namespace

Result<void> Unpickler::push_global(std::string_view module, std::string_view name) {
  const auto index = find_global(module, name);
  if (!index) {
    return refuse(fmt::format("the pickle asks for {}.{}, which is not data", printable(module),
                              printable(name)));
  }
  return push(PickleGlobal{*index});
}

Result<void> Unpickler::call(PickleId function, PickleId arguments) {
  const auto* global = get_if<PickleGlobal>(function);
  if (global == nullptr) return refuse("the pickle calls a value that is no known function");
  const auto* tuple = get_if<PickleSequence>(arguments);
  if (tuple == nullptr || tuple->kind != SequenceKind::tuple) {
    return corrupt("the pickle calls a function without an argument tuple");
  }
  TESSERA_TRY_VOID(charge(copy_bytes(*tuple)));
  for (PickleId item : tuple->items) TESSERA_TRY_VOID(charge(copy_bytes(document_[item])));
  const std::vector<PickleId> items = tuple->items;
  TESSERA_TRY(PickleValue result, apply(permitted_global(global->index), items));
  return push(std::move(result));
}

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
    case Callable::element_type:
    case Callable::storage_type: return wrong();
  }
  return wrong();
}

Result<PickleValue> Unpickler::make_dict(const std::vector<PickleId>& arguments) {
  PickleDict dict{true, {}};
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
  return PickleValue(PickleOpaque{"numpy " + printable(type->code)});
}

// Attributes given to an OrderedDict (a state dict's _metadata) are dropped: they hold version
// numbers of modules.
Result<void> Unpickler::build(PickleId target, PickleId state) {
  if (const auto* dict = get_if<PickleDict>(target); dict != nullptr && dict->ordered) return {};
  if (auto* type = std::get_if<NumpyType>(&value(target)); type != nullptr) {
    const auto* fields = get_if<PickleSequence>(state);
    const auto* order = fields != nullptr && fields->items.size() > 1
                            ? get_if<std::string>(fields->items[1])
                            : nullptr;
    if (order == nullptr) return corrupt("a numpy number format has an unexpected state");
    type->big_endian = *order == ">";
    return {};
  }
  return refuse("the pickle sets the inner state of an object (BUILD)");
}

// ('storage', torch.FloatStorage, key, device, elements)
Result<PickleValue> Unpickler::make_storage(PickleId persistent_id) {
  const auto* tuple = get_if<PickleSequence>(persistent_id);
  if (tuple == nullptr || tuple->items.size() < 5)
    return corrupt("a persistent id is not torch.save's");
  const auto* tag = get_if<std::string>(tuple->items[0]);
  const auto* type = get_if<PickleGlobal>(tuple->items[1]);
  const auto* key = get_if<std::string>(tuple->items[2]);
  const auto* elements = get_if<int64_t>(tuple->items[4]);
  if (tag == nullptr || *tag != "storage" || type == nullptr || key == nullptr ||
      elements == nullptr || *elements < 0 ||
      permitted_global(type->index).callable != Callable::storage_type) {
    return corrupt("a persistent id is not torch.save's");
  }
  return PickleValue(
      PickleStorage{std::string(permitted_global(type->index).name), *key, *elements});
}

}  // namespace tessera
