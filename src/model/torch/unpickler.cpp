// Opcodes and stack of the pickle machine. Reference: Python's pickletools.
#include "model/torch/unpickler.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "model/torch/pickle_opcodes.h"

namespace tessera {
namespace {

// The default Conv-TasNet takes 53 000 bytes.
constexpr uint64_t kMaxPickleBytes = 16 << 20;
constexpr size_t kMaxMarks = 1000;

// Little-endian two's complement of any length; beyond 64 bits only the fact that it was long is
// kept.
PickleValue long_value(std::string_view bytes) {
  if (bytes.size() > 8) return PickleOpaque{fmt::format("integer of {} bytes", bytes.size())};
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    value |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
  }
  const bool negative = !bytes.empty() && (static_cast<uint8_t>(bytes.back()) & 0x80) != 0;
  if (negative && bytes.size() < 8) value |= ~uint64_t{0} << (8 * bytes.size());
  return static_cast<int64_t>(value);
}

Error too_large(uint64_t bytes) {
  return TESSERA_ERROR(kResourceLimit, "data.pkl",
                       fmt::format("its {} bytes exceed the limit of {}", bytes, kMaxPickleBytes),
                       "save only the weights: torch.save(model.state_dict(), path)");
}

double big_endian_double(std::string_view bytes) {
  uint64_t bits = 0;
  for (char byte : bytes) bits = bits << 8 | static_cast<uint8_t>(byte);
  return std::bit_cast<double>(bits);
}

}  // namespace

std::optional<PickleId> PickleDocument::find(const PickleDict& dict, std::string_view key) const {
  for (size_t i = dict.items.size(); i-- > 0;) {
    const auto* text = get_if<std::string>(dict.items[i].first);
    if (text != nullptr && *text == key) return dict.items[i].second;
  }
  return std::nullopt;
}

const PickleDict* PickleDocument::find_dict(const PickleDict& dict, std::string_view key) const {
  const auto id = find(dict, key);
  return id ? get_if<PickleDict>(*id) : nullptr;
}

Result<PickleDocument> Unpickler::read(std::span<const uint8_t> pickle) {
  if (pickle.size() > kMaxPickleBytes) return too_large(pickle.size());
  return Unpickler(pickle).run();
}

Result<PickleDocument> Unpickler::read_first(std::span<const uint8_t> bytes) {
  Unpickler unpickler(bytes.first(std::min<size_t>(bytes.size(), kMaxPickleBytes)));
  auto document = unpickler.run();
  const bool cut = bytes.size() > kMaxPickleBytes && unpickler.at_ + 8 >= kMaxPickleBytes;
  if (!document && cut) return too_large(bytes.size());
  return document;
}

template <typename T>
Result<T*> Unpickler::top_as(std::string_view expected) {
  TESSERA_TRY(const PickleId id, top());
  T* found = std::get_if<T>(&value(id));
  if (found == nullptr)
    return corrupt(fmt::format("the pickle fills something that is no {}", expected));
  return found;
}

Result<void> Unpickler::push_tuple_of(size_t count) {
  PickleSequence tuple{SequenceKind::tuple, std::vector<PickleId>(count)};
  for (size_t i = count; i-- > 0;) {
    TESSERA_TRY(tuple.items[i], pop());
  }
  return push(std::move(tuple));
}

Result<void> Unpickler::set_items(const std::vector<PickleId>& items) {
  if (items.size() % 2 != 0) return corrupt("the pickle gives a key without a value");
  TESSERA_TRY(PickleDict * dict, top_as<PickleDict>("dict"));
  for (size_t i = 0; i < items.size(); i += 2) dict->items.emplace_back(items[i], items[i + 1]);
  return {};
}

// What is appended to an object, which is then of a subclass of list, is dropped.
Result<void> Unpickler::append(const std::vector<PickleId>& items) {
  TESSERA_TRY(const PickleId id, top());
  if (const auto* object = get_if<PickleDict>(id); object != nullptr && !object->class_name.empty())
    return {};
  TESSERA_TRY(PickleSequence * sequence, top_as<PickleSequence>("list"));
  sequence->items.insert(sequence->items.end(), items.begin(), items.end());
  return {};
}

Result<PickleDocument> Unpickler::run() {
  while (true) {
    TESSERA_TRY(const uint64_t opcode, take_number(1));
    if (opcode == kStop) break;
    TESSERA_TRY_VOID(step(static_cast<uint8_t>(opcode)));
  }
  TESSERA_TRY(document_.root_, pop());
  document_.pickle_bytes_ = at_;
  return std::move(document_);
}

Result<void> Unpickler::step(uint8_t opcode) {
  switch (opcode) {
    case kProto: {
      TESSERA_TRY(const uint64_t protocol, take_number(1));
      if (protocol >= 2 && protocol <= 5) return {};
      return TESSERA_ERROR(kUnsupported, "data.pkl",
                           fmt::format("pickle protocol {} is not known", protocol),
                           "save with torch.save's default protocol");
    }
    case kFrame: {
      TESSERA_TRY(const uint64_t count, take_number(8));
      if (count > bytes_.size() - at_) return corrupt("the pickle ends too early");
      return {};
    }
    case kMark:
      if (marks_.size() >= kMaxMarks) {
        return TESSERA_ERROR(kResourceLimit, "data.pkl",
                             fmt::format("the pickle is nested more than {} deep", kMaxMarks), "");
      }
      marks_.push_back(stack_.size());
      return {};
    case kPop:
      if (!marks_.empty() && marks_.back() == stack_.size()) {
        marks_.pop_back();
        return {};
      } else {
        TESSERA_TRY([[maybe_unused]] const PickleId dropped, pop());
        return {};
      }
    case kPopMark: {
      TESSERA_TRY([[maybe_unused]] const auto dropped, pop_to_mark());
      return {};
    }
    case kDup: {
      TESSERA_TRY(const PickleId id, top());
      return push(id);
    }
    case kBinGet:
    case kLongBinGet:
    case kBinPut:
    case kLongBinPut:
    case kMemoize: return step_memo(opcode);
    case kGlobal:
    case kStackGlobal:
    case kReduce:
    case kBuild:
    case kNewObj:
    case kNewObjEx:
    case kBinPersId:
    case kInst:
    case kObj:
    case kExt1:
    case kExt2:
    case kExt4: return step_call(opcode);
    case kEmptyList:
    case kList:
    case kAppend:
    case kAppends:
    case kEmptyTuple:
    case kTuple:
    case kTuple1:
    case kTuple2:
    case kTuple3:
    case kEmptyDict:
    case kDict:
    case kSetItem:
    case kSetItems:
    case kEmptySet:
    case kAddItems:
    case kFrozenSet: return step_container(opcode);
    default: return step_constant(opcode);
  }
}

Result<void> Unpickler::step_constant(uint8_t opcode) {
  const auto push_text = [this](int width) -> Result<void> {
    TESSERA_TRY(const std::string_view text, take_counted(width));
    return push(std::string(text));
  };
  const auto push_bytes = [this](int width) -> Result<void> {
    TESSERA_TRY(const std::string_view bytes, take_counted(width));
    return push(PickleBytes{std::string(bytes)});
  };
  const auto push_long = [this](int width) -> Result<void> {
    TESSERA_TRY(const std::string_view bytes, take_counted(width));
    return push(long_value(bytes));
  };
  const auto push_integer = [this](int width, bool is_signed) -> Result<void> {
    TESSERA_TRY(const uint64_t number, take_number(width));
    return push(is_signed ? int64_t{static_cast<int32_t>(number)} : static_cast<int64_t>(number));
  };
  switch (opcode) {
    case kNone: return push(PickleNone{});
    case kNewTrue: return push(true);
    case kNewFalse: return push(false);
    case kBinInt: return push_integer(4, true);
    case kBinInt1: return push_integer(1, false);
    case kBinInt2: return push_integer(2, false);
    case kLong1: return push_long(1);
    case kLong4: return push_long(4);
    case kBinFloat: {
      TESSERA_TRY(const std::string_view bytes, take(8));
      return push(big_endian_double(bytes));
    }
    case kShortBinUnicode:
    case kShortBinString: return push_text(1);
    case kBinUnicode:
    case kBinString: return push_text(4);
    case kBinUnicode8: return push_text(8);
    case kShortBinBytes: return push_bytes(1);
    case kBinBytes: return push_bytes(4);
    case kBinBytes8:
    case kByteArray8: return push_bytes(8);
    default:
      return TESSERA_ERROR(
          kUnsupported, "data.pkl",
          fmt::format("pickle opcode 0x{:02x} (byte {}) is not one torch.save writes", opcode,
                      at_ - 1),
          "save with torch.save and its default protocol");
  }
}

Result<void> Unpickler::step_container(uint8_t opcode) {
  switch (opcode) {
    case kEmptyList: return push(PickleSequence{SequenceKind::list, {}});
    case kEmptyTuple: return push(PickleSequence{SequenceKind::tuple, {}});
    case kEmptySet: return push(PickleSequence{SequenceKind::set, {}});
    case kEmptyDict: return push(PickleDict{});
    case kTuple1: return push_tuple_of(1);
    case kTuple2: return push_tuple_of(2);
    case kTuple3: return push_tuple_of(3);
    case kAppend: {
      TESSERA_TRY(const PickleId item, pop());
      return append({item});
    }
    case kSetItem: {
      TESSERA_TRY(const PickleId item, pop());
      TESSERA_TRY(const PickleId key, pop());
      return set_items({key, item});
    }
    default: break;
  }
  TESSERA_TRY(std::vector<PickleId> items, pop_to_mark());
  switch (opcode) {
    case kList: return push(PickleSequence{SequenceKind::list, std::move(items)});
    case kTuple: return push(PickleSequence{SequenceKind::tuple, std::move(items)});
    case kFrozenSet: return push(PickleSequence{SequenceKind::set, std::move(items)});
    case kSetItems: return set_items(items);
    case kDict: TESSERA_TRY_VOID(push(PickleDict{})); return set_items(items);
    default: return append(items);  // kAppends, kAddItems
  }
}

Result<void> Unpickler::step_memo(uint8_t opcode) {
  if (memo_.size() >= kMaxValues) {
    return TESSERA_ERROR(kResourceLimit, "data.pkl",
                         fmt::format("the pickle recalls more than {} values", kMaxValues),
                         "save only the weights: torch.save(model.state_dict(), path)");
  }
  if (opcode == kMemoize) {
    TESSERA_TRY(const PickleId id, top());
    memo_[memo_.size()] = id;
    return {};
  }
  TESSERA_TRY(const uint64_t slot, take_number(opcode == kBinGet || opcode == kBinPut ? 1 : 4));
  if (opcode == kBinPut || opcode == kLongBinPut) {
    TESSERA_TRY(memo_[slot], top());
    return {};
  }
  const auto it = memo_.find(slot);
  if (it == memo_.end())
    return corrupt(fmt::format("the pickle recalls memo {}, which it never set", slot));
  return push(it->second);
}

Result<void> Unpickler::step_call(uint8_t opcode) {
  switch (opcode) {
    case kGlobal: {
      TESSERA_TRY(const std::string_view module, take_line());
      TESSERA_TRY(const std::string_view name, take_line());
      return push_global(module, name);
    }
    case kStackGlobal: {
      TESSERA_TRY(const PickleId name, pop());
      TESSERA_TRY(const PickleId module, pop());
      const auto* name_text = get_if<std::string>(name);
      const auto* module_text = get_if<std::string>(module);
      if (name_text == nullptr || module_text == nullptr) {
        return corrupt("the pickle names a global by something that is no text");
      }
      return push_global(std::string(*module_text), std::string(*name_text));
    }
    case kInst: {
      TESSERA_TRY(const std::string_view module, take_line());
      TESSERA_TRY(const std::string_view name, take_line());
      return refuse(fmt::format("the pickle wants to make an object of {}.{}", module, name));
    }
    case kReduce:
    case kNewObj: {
      TESSERA_TRY(const PickleId arguments, pop());
      TESSERA_TRY(const PickleId function, pop());
      return call(function, arguments, opcode == kNewObj);
    }
    case kNewObjEx:
      return refuse("the pickle wants to make an object with keyword arguments (NEWOBJ_EX)");
    case kObj: return refuse("the pickle wants to make an object (OBJ)");
    case kBuild: {
      TESSERA_TRY(const PickleId state, pop());
      TESSERA_TRY(const PickleId target, top());
      return build(target, state);
    }
    case kBinPersId: {
      TESSERA_TRY(const PickleId persistent_id, pop());
      TESSERA_TRY(PickleValue storage, make_storage(persistent_id));
      return push(std::move(storage));
    }
    default: return refuse("the pickle uses the copyreg extension registry (EXT)");
  }
}

}  // namespace tessera
