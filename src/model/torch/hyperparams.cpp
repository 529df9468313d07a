#include "model/torch/hyperparams.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "model/torch/argument_names.h"
#include "model/torch/model_args.h"

namespace tessera {
namespace {

constexpr size_t kMaxBytes = 1 << 20;
constexpr int kMaxReferences = 16;
constexpr std::string_view kNew = "!new:";

// "MaskNet" of "!new:speechbrain.lobes.models.conv_tasnet.MaskNet"; empty for other tags.
std::string class_of(const YAML::Node& node) {
  const std::string& tag = node.Tag();
  if (!tag.starts_with(kNew)) return "";
  return tag.substr(std::max(tag.rfind('.') + 1, kNew.size()));
}

bool is_named_masknet(const std::string& key) {
  return key == "MaskNet" || key == "masknet" || key == "mask_net";
}

// Reads one document; what yaml-cpp throws ends in read_hyperparams.
class HyperparamsReader {
 public:
  explicit HyperparamsReader(const YAML::Node& root) : root_(root) {}

  HyperParameters read() {
    for (const auto& entry : root_) {
      const std::string kind = class_of(entry.second);
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
      if (kind == "MaskNet") {
        found_.masknet = kind;
        add_all(entry.second);
      } else if (kind == "Encoder") {
        add(entry.second, "kernel_size", "kernel_size");
        add(entry.second, "out_channels", "n_filters");
      } else if (kind == "Decoder") {
        add(entry.second, "kernel_size", "kernel_size");
        add(entry.second, "stride", "stride");
      } else if (!kind.empty() && found_.masknet.empty() && is_named_masknet(key)) {
        found_.masknet = kind;
      }
    }
    const auto rate = value_of(root_["sample_rate"]);
    if (const auto* hz = rate ? std::get_if<int64_t>(&*rate) : nullptr;
        hz != nullptr && *hz >= 1 && *hz <= 10'000'000) {
      found_.sample_rate = static_cast<int>(*hz);
    }
    return std::move(found_);
  }

 private:
  // A plain value, or one that "!ref <name>" leads to. Sums and texts made of references are none.
  std::optional<ArgValue> value_of(YAML::Node node) const {
    for (int step = 0; step < kMaxReferences; ++step) {
      if (!node.IsDefined()) return std::nullopt;
      if (node.IsNull()) return ArgValue(std::monostate{});
      if (!node.IsScalar()) return std::nullopt;
      const std::string& text = node.Scalar();
      if (node.Tag() == "!ref") {
        if (!text.starts_with('<') || text.find('>') != text.size() - 1) return std::nullopt;
        const YAML::Node referred = root_[text.substr(1, text.size() - 2)];
        if (!referred.IsDefined()) return std::nullopt;
        node.reset(referred);
        continue;
      }
      if (node.Tag() == "!") return ArgValue(text);  // in quotes
      if (node.Tag() != "?" && !node.Tag().starts_with("tag:yaml.org")) return std::nullopt;
      return parse_arg_value(text);
    }
    return std::nullopt;
  }

  void add(const YAML::Node& from, const std::string& key, std::string_view name) {
    if (!from.IsMap()) return;
    if (auto value = value_of(from[key])) found_.args[std::string(name)] = std::move(*value);
  }

  void add_all(const YAML::Node& from) {
    if (!from.IsMap()) return;
    for (const auto& entry : from) {
      if (!entry.first.IsScalar()) continue;
      const std::string& key = entry.first.Scalar();
      add(from, key, common_argument_name(key));
    }
  }

  const YAML::Node root_;
  HyperParameters found_;
};

}  // namespace

Result<HyperParameters> read_hyperparams(std::span<const uint8_t> yaml,
                                         std::string_view file_name) {
  const auto corrupt = [&](std::string message) {
    return TESSERA_ERROR(
        kCorrupt, std::string(file_name), std::move(message),
        "correct it, or move it away and give ImportOptions::model_args NAME=VALUE");
  };
  if (yaml.size() > kMaxBytes) {
    return TESSERA_ERROR(kResourceLimit, std::string(file_name),
                         fmt::format("{} bytes exceed the limit of {}", yaml.size(), kMaxBytes),
                         "give a smaller one");
  }
  try {
    const YAML::Node root =
        YAML::Load(std::string(reinterpret_cast<const char*>(yaml.data()), yaml.size()));
    if (!root.IsMap()) return corrupt("the file is no mapping of names to values");
    return HyperparamsReader(root).read();
  } catch (const YAML::Exception& error) {
    return corrupt(fmt::format("the file is no YAML: {}", error.what()));
  }
}

}  // namespace tessera
