#include "model/torch/checkpoint_facts.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/torch/stored_arguments.h"
#include "model/torch/tensor_dicts.h"

namespace tessera {
namespace {

constexpr size_t kMaxFactDepth = 8;
constexpr size_t kMaxFacts = 200;
constexpr size_t kMaxFactVisits = 20'000;
constexpr size_t kMaxFactBytes = 2000;

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
        if (depth < kMaxFactDepth) add(*inner, prefix + *name + ".", depth + 1);
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

}  // namespace

void collect_facts(const PickleDocument& document, const FoundStateDict& found,
                   Checkpoint& checkpoint) {
  const TensorDicts tensor_dicts(document);
  for (PickleId id : found.path) {
    const auto& dict = *document.get_if<PickleDict>(id);
    if (tensor_dicts.contains(id) && id == found.path.back()) continue;  // the state dict itself
    std::vector<PickleId> skip = found.path;
    collect_arguments(document, dict, checkpoint, skip);
    if (const auto name = document.find(dict, "model_name")) {
      if (const auto* text = document.get_if<std::string>(*name)) checkpoint.model_name = *text;
    }
    FactCollector(document, tensor_dicts, skip, checkpoint).add(dict, "", 1);
  }
}

}  // namespace tessera
