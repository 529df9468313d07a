#include "model/torch/state_dict_finder.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "model/torch/tensor_dicts.h"

namespace tessera {
namespace {

constexpr size_t kMaxDictDepth = 8;
constexpr size_t kMaxTensors = 200'000;

// Tensors of a dict under "<prefix><key>". A repeated key replaces the earlier value, as in Python.
class StateDictCollector {
 public:
  StateDictCollector(const PickleDocument& document, FoundStateDict& found)
      : document_(document), found_(found) {}

  Result<void> add(const PickleDict& dict, const std::string& prefix) {
    for (const auto& [key, value] : dict.items) {
      const auto* name = document_.get_if<std::string>(key);
      if (name == nullptr) continue;
      if (++visited_ > kMaxTensors) {
        return TESSERA_ERROR(kResourceLimit, "data.pkl",
                             fmt::format("more than {} tensors", kMaxTensors), "");
      }
      if (document_.get_if<PickleTensor>(value) == nullptr) {
        found_.ignored.push_back(prefix + *name);
        continue;
      }
      const auto [it, fresh] = index_.emplace(prefix + *name, found_.tensors.size());
      if (fresh) {
        found_.tensors.emplace_back(prefix + *name, value);
      } else {
        found_.tensors[it->second].second = value;
      }
    }
    return {};
  }

 private:
  const PickleDocument& document_;
  FoundStateDict& found_;
  size_t visited_ = 0;
  std::unordered_map<std::string, size_t> index_;
};

// Follows the wrappers as far as they go; `path` ends at a dict with tensors, or with dicts of
// tensors in it.
bool follow_wrappers(const PickleDocument& document, const TensorDicts& tensor_dicts, PickleId id,
                     std::vector<PickleId>& path) {
  const auto* dict = document.get_if<PickleDict>(id);
  if (dict == nullptr || !dict->class_name.empty() || path.size() >= kMaxDictDepth ||
      std::find(path.begin(), path.end(), id) != path.end()) {
    return false;
  }
  path.push_back(id);
  for (std::string_view wrapper : state_dict_wrappers()) {
    const auto inner = document.find(*dict, wrapper);
    if (inner && follow_wrappers(document, tensor_dicts, *inner, path)) return true;
  }
  const bool found = tensor_dicts.contains(id) ||
                     std::any_of(dict->items.begin(), dict->items.end(), [&](const auto& item) {
                       return tensor_dicts.contains(item.second);
                     });
  if (!found) path.pop_back();
  return found;
}

// The class of the object that was saved whole, as it is or where a state dict should be.
const std::string* class_in_place_of_weights(const PickleDocument& document) {
  const auto* root = document.get_if<PickleDict>(document.root());
  if (root == nullptr) return nullptr;
  if (!root->class_name.empty()) return &root->class_name;
  for (std::string_view wrapper : state_dict_wrappers()) {
    const auto* inner = document.find_dict(*root, wrapper);
    if (inner != nullptr && !inner->class_name.empty()) return &inner->class_name;
  }
  return nullptr;
}

}  // namespace

std::span<const std::string_view> state_dict_wrappers() {
  static constexpr std::string_view kWrappers[] = {
      "state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights"};
  return kWrappers;
}

Result<FoundStateDict> find_state_dict(const PickleDocument& document) {
  FoundStateDict found;
  const TensorDicts tensor_dicts(document);
  if (!follow_wrappers(document, tensor_dicts, document.root(), found.path)) {
    if (const std::string* class_name = class_in_place_of_weights(document)) {
      return TESSERA_ERROR(kUnsafe, "data.pkl",
                           fmt::format("the pickle asks for {}, which is not data", *class_name),
                           "nothing was run; if you trust the file, save only its weights: "
                           "torch.save(model.state_dict(), path)");
    }
    return TESSERA_ERROR(kInvalidModel, "data.pkl", "the checkpoint holds no dictionary of tensors",
                         "save the weights as a state dict: torch.save(model.state_dict(), path)");
  }
  const auto& dict = *document.get_if<PickleDict>(found.path.back());
  StateDictCollector collector(document, found);
  if (tensor_dicts.contains(found.path.back())) {
    TESSERA_TRY_VOID(collector.add(dict, ""));
    return found;
  }
  for (const auto& [key, value] : dict.items) {  // {"encoder": {...}, "masknet": {...}}
    const auto* name = document.get_if<std::string>(key);
    const auto* child = document.get_if<PickleDict>(value);
    if (name == nullptr || child == nullptr || !tensor_dicts.contains(value)) continue;
    TESSERA_TRY_VOID(collector.add(*child, *name + "."));
  }
  return found;
}

}  // namespace tessera
