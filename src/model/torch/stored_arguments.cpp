#include "model/torch/stored_arguments.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "model/torch/argument_names.h"

namespace tessera {
namespace {

constexpr ArgumentPlace kPlaces[] = {
    {"model_args", "Asteroid: every argument"},
    {"training_config", "Asteroid's training checkpoints: `masknet`, `filterbank` and `data`"},
    {"N L B H P X R C",
     "kaituoxu: beside the state dict, with `norm_type`, `causal` and "
     "`mask_nonlinear`"},
    {"hyper_parameters", "Lightning: what is a known argument, also one level below"},
    {"hparams", "Lightning before 0.8: the same"},
    {"args", "argparse.Namespace: the same"},
    {"config", "the same"},
    {"net_conf", "the same"},
};
constexpr std::string_view kPaperSizes[] = {"N", "L", "B", "H", "P", "X", "R", "C"};
// The sampling rate is kept apart, and a class's name is no size.
bool is_common(std::string_view name) {
  const auto known = common_arguments();
  return name != "sample_rate" && name != "model_name" &&
         std::any_of(known.begin(), known.end(),
                     [&](const CommonArgument& argument) { return argument.name == name; });
}

std::optional<ArgValue> plain_value(const PickleValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return ArgValue(*text);
  if (const auto* flag = std::get_if<bool>(&value)) return ArgValue(*flag);
  if (const auto* number = std::get_if<int64_t>(&value)) return ArgValue(*number);
  if (const auto* real = std::get_if<double>(&value)) return ArgValue(*real);
  if (std::holds_alternative<PickleNone>(value)) return ArgValue(std::monostate{});
  return std::nullopt;
}

class ArgumentCollector {
 public:
  ArgumentCollector(const PickleDocument& document, Checkpoint& checkpoint)
      : document_(document), checkpoint_(checkpoint) {}

  void add_all(const PickleDict& dict) {
    checkpoint_.has_args = true;
    for (const auto& [key, id] : dict.items) {
      const auto* name = document_.get_if<std::string>(key);
      if (name == nullptr) continue;
      if (auto value = plain_value(document_[id])) {
        checkpoint_.args[std::string(common_argument_name(*name))] = std::move(*value);
      } else {
        checkpoint_.notes.push_back(
            {NoteSeverity::warning,
             fmt::format("model argument {} is no plain value and was left out", *name)});
      }
    }
  }

  // Asteroid's training checkpoints (.ckpt) keep the recipe's configuration.
  void add_training_config(const PickleDict& config) {
    const auto* masknet = document_.find_dict(config, "masknet");
    const auto* filterbank = document_.find_dict(config, "filterbank");
    if (masknet == nullptr || filterbank == nullptr) return;
    add_all(*filterbank);
    add_all(*masknet);
    if (const auto* data = document_.find_dict(config, "data")) add_sample_rate(*data);
    checkpoint_.notes.push_back(
        {NoteSeverity::info,
         "model arguments come from the training_config stored with the weights"});
  }

  // The letters of the paper, all of them whole numbers. They are all that the constructor takes.
  bool add_package(const PickleDict& dict) {
    if (!std::all_of(std::begin(kPaperSizes), std::end(kPaperSizes),
                     [&](std::string_view name) { return has_number(dict, name); })) {
      return false;
    }
    add_known(dict);
    checkpoint_.has_args = true;
    return true;
  }

  // What has a known name among other things, in the dict and those in it. Names of one letter and
  // everyday words count only beside the sizes that belong to them.
  void add_parameters(const PickleDict& parameters, std::string_view place) {
    const PickleDict& dict = contents_of(parameters);
    const size_t before = checkpoint_.args.size();
    for (const auto& [key, id] : dict.items) {
      const auto* inner = document_.get_if<PickleDict>(id);
      if (inner != nullptr && plain_at(id) == std::nullopt) add_known(contents_of(*inner));
    }
    add_known(dict);
    add_sample_rate(dict);
    if (checkpoint_.args.size() == before) return;
    checkpoint_.notes.push_back(
        {NoteSeverity::info,
         fmt::format("model arguments come from the {} stored with the weights", place)});
  }

  void add_sample_rate(const PickleDict& dict) {
    for (const char* name : {"sample_rate", "sr"}) {
      const auto id = document_.find(dict, name);
      const auto value = id ? plain_at(*id) : std::nullopt;
      if (!value) continue;
      double rate = 0;
      if (const auto* number = std::get_if<int64_t>(&*value)) rate = static_cast<double>(*number);
      if (const auto* number = std::get_if<double>(&*value)) rate = *number;
      if (rate < 1 || rate > 1e7) continue;
      checkpoint_.sample_rate = static_cast<int>(rate);
      return;
    }
  }

 private:
  // OmegaConf keeps a dict's entries in _content, and each plain value as the _val of an object.
  const PickleDict& contents_of(const PickleDict& dict) const {
    const auto* content = document_.find_dict(dict, "_content");
    return dict.class_name.empty() || content == nullptr ? dict : *content;
  }
  std::optional<ArgValue> plain_at(PickleId id) const {
    if (const auto* object = document_.get_if<PickleDict>(id);
        object != nullptr && !object->class_name.empty()) {
      const auto value = document_.find(*object, "_val");
      return value ? plain_value(document_[*value]) : std::nullopt;
    }
    return plain_value(document_[id]);
  }

  bool has_number(const PickleDict& dict, std::string_view name) const {
    const auto id = document_.find(dict, name);
    const auto value = id ? plain_at(*id) : std::nullopt;
    return value && std::holds_alternative<int64_t>(*value);
  }

  void add_known(const PickleDict& dict) {
    const bool paper = has_number(dict, "N") && has_number(dict, "B") && has_number(dict, "H");
    const bool naplab = has_number(dict, "enc_dim") && has_number(dict, "feature_dim");
    const bool torchaudio = has_number(dict, "enc_num_feats");
    for (const auto& [key, id] : dict.items) {
      const auto* name = document_.get_if<std::string>(key);
      if (name == nullptr) continue;
      const std::string_view common = common_argument_name(*name);
      if (!is_common(common)) continue;
      if (common != *name && !paper && !naplab && !torchaudio) continue;
      if (auto value = plain_at(id)) checkpoint_.args[std::string(common)] = std::move(*value);
    }
  }

  const PickleDocument& document_;
  Checkpoint& checkpoint_;
};

}  // namespace

std::span<const ArgumentPlace> argument_places() {
  return kPlaces;
}

void collect_arguments(const PickleDocument& document, const PickleDict& dict,
                       Checkpoint& checkpoint, std::vector<PickleId>& used) {
  ArgumentCollector collector(document, checkpoint);
  collector.add_sample_rate(dict);
  if (const auto args = document.find(dict, "model_args")) {
    used.push_back(*args);
    if (const auto* values = document.get_if<PickleDict>(*args)) collector.add_all(*values);
    return;
  }
  if (const auto* config = document.find_dict(dict, "training_config")) {
    collector.add_training_config(*config);
    return;
  }
  if (collector.add_package(dict)) return;
  for (const char* place : {"hyper_parameters", "hparams", "args", "config", "net_conf"}) {
    if (const auto* parameters = document.find_dict(dict, place)) {
      collector.add_parameters(*parameters, place);
      return;
    }
  }
}

}  // namespace tessera
