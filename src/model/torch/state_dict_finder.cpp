#include "model/torch/state_dict_finder.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include <fmt/format.h>

namespace tessera {
namespace {

constexpr std::array<std::string_view, 4> kWrappers = {"state_dict", "model_state_dict", "model",
                                                       "net"};
constexpr size_t kMaxDepth = 8;
constexpr size_t kMaxTensors = 200'000;
constexpr size_t kMaxFacts = 200;
constexpr size_t kMaxFactVisits = 20'000;
constexpr size_t kMaxFactBytes = 2000;

const PickleDict* dict_at(const PickleDocument& document, const PickleDict& dict,
                          std::string_view key) {
  const auto id = document.find(dict, key);
  return id ? document.get_if<PickleDict>(*id) : nullptr;
}

// Which values are dicts with a tensor directly in them, found once: a hostile file may refer to
// one dict from everywhere.
class TensorDicts {
 public:
  explicit TensorDicts(const PickleDocument& document) : marked_(document.size()) {
    for (size_t i = 0; i < document.size(); ++i) {
      const auto* dict = document.get_if<PickleDict>(PickleId{static_cast<int32_t>(i)});
      marked_[i] = dict != nullptr &&
                   std::any_of(dict->items.begin(), dict->items.end(), [&](const auto& item) {
                     return document.get_if<PickleTensor>(item.second) != nullptr;
                   });
    }
  }
  bool contains(PickleId id) const { return marked_[static_cast<size_t>(id)]; }

 private:
  std::vector<bool> marked_;
};

// Tensors of a dict under "<prefix><key>". A repeated key replaces the earlier value, as in Python.
class Collector {
 public:
  Collector(const PickleDocument& document, FoundStateDict& found)
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
  if (dict == nullptr || path.size() >= kMaxDepth ||
      std::find(path.begin(), path.end(), id) != path.end()) {
    return false;
  }
  path.push_back(id);
  for (std::string_view wrapper : kWrappers) {
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

std::optional<std::string> plain_text(const PickleValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<int64_t>(&value)) return fmt::format("{}", *number);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  return std::nullopt;
}

// Plain values of a dict and of the dicts in it, as "outer.inner".
class FactCollector {
 public:
  FactCollector(const PickleDocument& document, const TensorDicts& tensor_dicts,
                const std::vector<PickleId>& skip, Checkpoint& checkpoint)
      : document_(document), tensor_dicts_(tensor_dicts), skip_(skip), checkpoint_(checkpoint) {}

  void add(const PickleDict& dict, const std::string& prefix, size_t depth) {
    for (const auto& [key, value] : dict.items) {
      if (++visited_ > kMaxFactVisits || checkpoint_.metadata.size() >= kMaxFacts) return;
      const auto* name = document_.get_if<std::string>(key);
      if (name == nullptr || prefix.size() + name->size() > kMaxFactBytes) continue;
      if (std::find(skip_.begin(), skip_.end(), value) != skip_.end() ||
          tensor_dicts_.contains(value))
        continue;
      if (const auto* inner = document_.get_if<PickleDict>(value)) {
        if (depth < kMaxDepth) add(*inner, prefix + *name + ".", depth + 1);
      } else if (auto text = plain_text(document_[value]); text && text->size() <= kMaxFactBytes) {
        checkpoint_.metadata[prefix + *name] = *text;
      }
    }
  }

 private:
  const PickleDocument& document_;
  const TensorDicts& tensor_dicts_;
  const std::vector<PickleId>& skip_;
  Checkpoint& checkpoint_;
  size_t visited_ = 0;
};

void collect_args(const PickleDocument& document, const PickleDict& dict, Checkpoint& checkpoint) {
  checkpoint.has_args = true;
  for (const auto& [key, id] : dict.items) {
    const auto* name = document.get_if<std::string>(key);
    if (name == nullptr) continue;
    const PickleValue& value = document[id];
    if (const auto* text = std::get_if<std::string>(&value)) {
      checkpoint.args[*name] = *text;
    } else if (const auto* flag = std::get_if<bool>(&value)) {
      checkpoint.args[*name] = *flag;
    } else if (const auto* number = std::get_if<int64_t>(&value)) {
      checkpoint.args[*name] = *number;
    } else if (const auto* real = std::get_if<double>(&value)) {
      checkpoint.args[*name] = *real;
    } else if (std::holds_alternative<PickleNone>(value)) {
      checkpoint.args[*name] = std::monostate{};
    } else {
      checkpoint.notes.push_back(
          {NoteSeverity::warning,
           fmt::format("model argument {} is no plain value and was left out", *name)});
    }
  }
}

void collect_sample_rate(const PickleDocument& document, const PickleDict& dict,
                         Checkpoint& checkpoint) {
  const auto id = document.find(dict, "sample_rate");
  if (!id) return;
  double rate = 0;
  if (const auto* number = document.get_if<int64_t>(*id)) rate = static_cast<double>(*number);
  if (const auto* number = document.get_if<double>(*id)) rate = *number;
  if (rate >= 1 && rate <= 1e7) checkpoint.sample_rate = static_cast<int>(rate);
}

// Asteroid's training checkpoints (.ckpt) keep the recipe's configuration instead of model_args.
void collect_training_config(const PickleDocument& document, const PickleDict& config,
                             Checkpoint& checkpoint) {
  const auto* masknet = dict_at(document, config, "masknet");
  const auto* filterbank = dict_at(document, config, "filterbank");
  if (masknet == nullptr || filterbank == nullptr) return;
  collect_args(document, *filterbank, checkpoint);
  collect_args(document, *masknet, checkpoint);
  if (const auto* data = dict_at(document, config, "data"))
    collect_sample_rate(document, *data, checkpoint);
  checkpoint.notes.push_back(
      {NoteSeverity::info,
       "model arguments come from the training_config stored with the weights"});
}

}  // namespace

Result<FoundStateDict> find_state_dict(const PickleDocument& document) {
  FoundStateDict found;
  const TensorDicts tensor_dicts(document);
  if (!follow_wrappers(document, tensor_dicts, document.root(), found.path)) {
    return TESSERA_ERROR(kInvalidModel, "data.pkl", "the checkpoint holds no dictionary of tensors",
                         "save the weights as a state dict: torch.save(model.state_dict(), path)");
  }
  const auto& dict = *document.get_if<PickleDict>(found.path.back());
  Collector collector(document, found);
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

void collect_facts(const PickleDocument& document, const FoundStateDict& found,
                   Checkpoint& checkpoint) {
  const TensorDicts tensor_dicts(document);
  for (PickleId id : found.path) {
    const auto& dict = *document.get_if<PickleDict>(id);
    if (tensor_dicts.contains(id) && id == found.path.back()) continue;  // the state dict itself
    std::vector<PickleId> skip = found.path;
    if (const auto args = document.find(dict, "model_args")) {
      skip.push_back(*args);
      if (const auto* values = document.get_if<PickleDict>(*args))
        collect_args(document, *values, checkpoint);
    } else if (const auto* config = dict_at(document, dict, "training_config")) {
      collect_training_config(document, *config, checkpoint);
    }
    if (const auto name = document.find(dict, "model_name")) {
      if (const auto* text = document.get_if<std::string>(*name)) checkpoint.model_name = *text;
    }
    collect_sample_rate(document, dict, checkpoint);
    FactCollector(document, tensor_dicts, skip, checkpoint).add(dict, "", 1);
  }
}

}  // namespace tessera
