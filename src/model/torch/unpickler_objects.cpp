// Names that make no data of their own, objects of such classes, and what is set in them.
#include "model/torch/unpickler.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/torch/pickle_names.h"

namespace tessera {
namespace {

constexpr size_t kMaxClasses = 20;

// Names from the file go into messages: keep them short and printable.
std::string printable(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, 100)) out += c >= 0x20 && c < 0x7f ? c : '?';
  if (text.size() > 100) out += "...";
  return out;
}

uint64_t copy_bytes(const PickleValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return text->size();
  if (const auto* sequence = std::get_if<PickleSequence>(&value))
    return sequence->items.size() * sizeof(PickleId);
  if (const auto* tensor = std::get_if<PickleTensor>(&value)) return tensor->view.sizes.size() * 16;
  return 8;
}

std::string not_data(std::string_view module, std::string_view name) {
  return fmt::format("the pickle asks for {}.{}, which is not data", printable(module),
                     printable(name));
}

}  // namespace

Result<void> Unpickler::push_global(std::string_view module, std::string_view name) {
  if (const auto index = find_global(module, name)) return push(PickleGlobal{*index});
  if (!may_be_mentioned(module, name)) return refuse(not_data(module, name));
  return push(PickleName{std::string(module), std::string(name)});
}

// `makes_object`: by NEWOBJ, which runs no function of the class's author but its __new__.
Result<void> Unpickler::call(PickleId function, PickleId arguments, bool makes_object) {
  const auto* global = get_if<PickleGlobal>(function);
  const auto* name = get_if<PickleName>(function);
  if (global == nullptr && name == nullptr)
    return refuse("the pickle calls a value that is no known function");
  const auto* tuple = get_if<PickleSequence>(arguments);
  if (tuple == nullptr || tuple->kind != SequenceKind::tuple) {
    return corrupt("the pickle calls a function without an argument tuple");
  }
  if (name != nullptr) {
    if (!makes_object && !spelled_as_class(name->name))
      return refuse(not_data(name->module, name->name));
    return push(make_object(fmt::format("{}.{}", name->module, name->name)));
  }
  TESSERA_TRY_VOID(charge(copy_bytes(*tuple)));
  for (PickleId item : tuple->items) TESSERA_TRY_VOID(charge(copy_bytes(document_[item])));
  const std::vector<PickleId> items = tuple->items;
  TESSERA_TRY(PickleValue result, apply(permitted_global(global->index), items));
  return push(std::move(result));
}

PickleValue Unpickler::make_object(std::string class_name) {
  auto& classes = document_.classes_;
  if (classes.size() < kMaxClasses &&
      std::find(classes.begin(), classes.end(), class_name) == classes.end()) {
    classes.push_back(class_name);
  }
  return PickleDict{.class_name = std::move(class_name)};
}

// (class, base, the base's own state)
Result<PickleValue> Unpickler::make_reconstructed(const std::vector<PickleId>& arguments) {
  const auto* name = arguments.empty() ? nullptr : get_if<PickleName>(arguments[0]);
  if (name == nullptr) return corrupt("copyreg._reconstructor is called without a class");
  return make_object(fmt::format("{}.{}", name->module, name->name));
}

// (class, name of a member). Asked of anything else it reaches into the interpreter.
Result<PickleValue> Unpickler::make_member(const std::vector<PickleId>& arguments) {
  const auto* name = arguments.size() == 2 ? get_if<PickleName>(arguments[0]) : nullptr;
  const auto* member = arguments.size() == 2 ? get_if<std::string>(arguments[1]) : nullptr;
  if (name == nullptr || member == nullptr || !spelled_as_class(name->name) ||
      member->find("__") != member->npos) {
    return refuse(not_data("builtins", "getattr"));
  }
  return PickleValue(PickleOpaque{fmt::format("{}.{}", printable(name->name), printable(*member))});
}

// Attributes given to an OrderedDict (a state dict's _metadata) are dropped: they hold version
// numbers of modules.
Result<void> Unpickler::build(PickleId target, PickleId state) {
  if (const auto* dict = get_if<PickleDict>(target)) {
    if (!dict->class_name.empty()) return add_attributes(target, state);
    if (dict->ordered) return {};
  }
  if (get_if<PickleOpaque>(target) != nullptr) return {};
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

// A dict of attributes, or a pair of those in the object's dict and those in its slots. Other
// states mean something to the class alone.
Result<void> Unpickler::add_attributes(PickleId target, PickleId state) {
  std::vector<PickleId> parts{state};
  if (const auto* pair = get_if<PickleSequence>(state);
      pair != nullptr && pair->kind == SequenceKind::tuple && pair->items.size() == 2) {
    parts = pair->items;
  }
  for (PickleId part : parts) {
    const auto* attributes = get_if<PickleDict>(part);
    if (attributes == nullptr) continue;
    const auto items = attributes->items;  // the object may be its own state
    TESSERA_TRY_VOID(charge(items.size() * sizeof(items[0])));
    auto& own = std::get<PickleDict>(value(target)).items;
    own.insert(own.end(), items.begin(), items.end());
  }
  return {};
}

}  // namespace tessera
