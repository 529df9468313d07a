#include "model/torch/safetensors.h"

#include "base/counted.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tessera {
namespace {

using Json = nlohmann::json;

constexpr uint64_t kPrefixBytes = 8;
constexpr uint64_t kMaxHeaderBytes = 8 << 20;
constexpr size_t kMaxRank = 64;
constexpr int kMaxHeaderDepth = 16;
constexpr std::string_view kDamagedFile = "the file is damaged: save or download it again";

Error corrupt_safetensors(std::string subject, std::string message) {
  return TESSERA_ERROR(kCorrupt, std::move(subject), std::move(message), std::string(kDamagedFile));
}

// Parses an object; nothing when it is none, is nested too deeply, or names something twice at its
// top.
std::optional<Json> parse_object(std::string_view text) {
  bool sound = true;
  std::set<std::string> keys;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth > kMaxHeaderDepth) sound = false;
    if (depth == 1 && event == Json::parse_event_t::key) {
      sound = sound && keys.insert(value.get_ref<const std::string&>()).second;
    }
    return sound;
  };
  Json json = Json::parse(text, watch, false);
  if (!sound || !json.is_object()) return std::nullopt;
  return json;
}

std::optional<ElementType> element_type_of(std::string_view name) {
  static constexpr std::pair<std::string_view, ElementType> kTypes[] = {
      {"F16", ElementType::float16},  {"BF16", ElementType::bfloat16},
      {"F32", ElementType::float32},  {"F64", ElementType::float64},
      {"I8", ElementType::int8},      {"I16", ElementType::int16},
      {"I32", ElementType::int32},    {"I64", ElementType::int64},
      {"U8", ElementType::uint8},     {"U16", ElementType::uint16},
      {"U32", ElementType::uint32},   {"U64", ElementType::uint64},
      {"BOOL", ElementType::boolean},
  };
  for (const auto& [known, type] : kTypes) {
    if (name == known) return type;
  }
  return std::nullopt;
}

std::optional<std::vector<int64_t>> whole_numbers(const Json& json) {
  if (!json.is_array() || json.size() > kMaxRank) return std::nullopt;
  std::vector<int64_t> numbers;
  for (const Json& item : json) {
    if (!item.is_number_unsigned() || item.get<uint64_t>() > uint64_t{1} << 62) return std::nullopt;
    numbers.push_back(item.get<int64_t>());
  }
  return numbers;
}

struct Entry {
  std::string name;
  ElementType type;
  StridedView view;
  int64_t begin;
  int64_t end;
};

std::vector<int64_t> row_major_strides(const std::vector<int64_t>& sizes) {
  std::vector<int64_t> strides(sizes.size(), 1);
  for (size_t d = sizes.size(); d-- > 1;) strides[d - 1] = strides[d] * sizes[d];
  return strides;
}

Result<Entry> read_entry(const std::string& name, const Json& json, int64_t data_bytes,
                         int64_t limit) {
  if (!json.is_object() || !json.contains("dtype") || !json["dtype"].is_string() ||
      !json.contains("shape") || !json.contains("data_offsets")) {
    return corrupt_safetensors(name, "its header entry lacks dtype, shape or data_offsets");
  }
  const auto& type_name = json["dtype"].get_ref<const std::string&>();
  const auto type = element_type_of(type_name);
  if (!type) {
    return TESSERA_ERROR(kUnsupported, name,
                         fmt::format("number format {} is not supported", type_name),
                         "convert the weights first: model.float()");
  }
  const auto shape = whole_numbers(json["shape"]);
  const auto range = whole_numbers(json["data_offsets"]);
  if (!shape || !range || range->size() != 2)
    return corrupt_safetensors(name, "its shape or data_offsets are no whole numbers");
  const int64_t begin = (*range)[0];
  const int64_t end = (*range)[1];
  if (begin > end || end > data_bytes) {
    return corrupt_safetensors(
        name,
        fmt::format("its bytes {} to {} lie outside the {} bytes of data", begin, end, data_bytes));
  }
  int64_t count = std::find(shape->begin(), shape->end(), 0) == shape->end() ? 1 : 0;
  for (int64_t size : *shape) {
    if (count != 0 && size > limit / count) {
      return TESSERA_ERROR(
          kResourceLimit, name,
          fmt::format("shape {} exceeds {} elements", dims_to_string(*shape), limit), "");
    }
    count *= size;
  }
  if (end - begin != count * bytes_of(*type)) {
    return corrupt_safetensors(
        name, fmt::format("shape {} of {} takes {} bytes, found {}", dims_to_string(*shape),
                          type_name, count * bytes_of(*type), end - begin));
  }
  return Entry{name, *type, StridedView{0, *shape, count == 0 ? *shape : row_major_strides(*shape)},
               begin, end};
}

// The ranges must tile the data: anything hidden between them is not part of the format.
Result<void> check_tiling(std::vector<const Entry*> entries, int64_t data_bytes) {
  std::sort(entries.begin(), entries.end(), [](const Entry* a, const Entry* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  int64_t at = 0;
  for (const Entry* entry : entries) {
    if (entry->begin < at)
      return corrupt_safetensors(entry->name, "its bytes overlap another tensor's");
    if (entry->begin > at) {
      return corrupt_safetensors(
          entry->name,
          fmt::format("{} before it {} to no tensor", counted(entry->begin - at, "byte"),
                      noun_for(entry->begin - at, "belongs", "belong")));
    }
    at = entry->end;
  }
  if (at != data_bytes) {
    return corrupt_safetensors(
        "", fmt::format("{} at the end {} to no tensor", counted(data_bytes - at, "byte"),
                        noun_for(data_bytes - at, "belongs", "belong")));
  }
  return {};
}

Result<std::string_view> header_of(std::span<const uint8_t> file) {
  if (file.size() < kPrefixBytes) return corrupt_safetensors("", "the file ends inside its header");
  uint64_t header_bytes = 0;
  for (size_t i = kPrefixBytes; i-- > 0;) header_bytes = header_bytes << 8 | file[i];
  if (header_bytes > file.size() - kPrefixBytes) {
    return corrupt_safetensors(
        "", fmt::format("the header should have {} bytes but the file has {}", header_bytes,
                        file.size()));
  }
  if (header_bytes > kMaxHeaderBytes) {
    return TESSERA_ERROR(
        kResourceLimit, "",
        fmt::format("a header of {} bytes exceeds the limit of {}", header_bytes, kMaxHeaderBytes),
        "");
  }
  return std::string_view(reinterpret_cast<const char*>(file.data()) + kPrefixBytes, header_bytes);
}

std::optional<ArgValue> arg_value(const Json& json) {
  if (json.is_null()) return std::monostate{};
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_unsigned() && json.get<uint64_t>() > INT64_MAX) return std::nullopt;
  if (json.is_number_integer()) return json.get<int64_t>();
  if (json.is_number_float()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  return std::nullopt;
}

void add_args(const Json& json, Checkpoint& checkpoint) {
  for (const auto& [name, value] : json.items()) {
    if (auto arg = arg_value(value)) checkpoint.args[name] = std::move(*arg);
  }
}

}  // namespace

Result<Checkpoint> read_safetensors(std::span<const uint8_t> file) {
  TESSERA_TRY(const std::string_view header, header_of(file));
  const auto json = parse_object(header);
  if (!json)
    return corrupt_safetensors(
        "", "the header is no JSON object, is nested too deeply, or names a tensor twice");
  const auto data = file.subspan(kPrefixBytes + header.size());
  const auto data_bytes = static_cast<int64_t>(data.size());

  Checkpoint checkpoint;
  std::vector<Entry> entries;
  for (const auto& [name, value] : json->items()) {
    if (name == "__metadata__") {
      if (!value.is_object()) return corrupt_safetensors(name, "the metadata is no JSON object");
      for (const auto& [key, text] : value.items()) {
        if (text.is_string()) checkpoint.metadata[key] = text.get<std::string>();
      }
      continue;
    }
    TESSERA_TRY(Entry entry, read_entry(name, value, data_bytes, element_limit(file.size())));
    entries.push_back(std::move(entry));
  }
  std::vector<const Entry*> pointers;
  for (const Entry& entry : entries) pointers.push_back(&entry);
  TESSERA_TRY_VOID(check_tiling(std::move(pointers), data_bytes));
  for (Entry& entry : entries) {
    NamedTensor tensor{std::move(entry.name), entry.type, entry.view.sizes, Tensor()};
    if (entry.begin < entry.end) {
      const auto bytes = data.subspan(static_cast<size_t>(entry.begin),
                                      static_cast<size_t>(entry.end - entry.begin));
      tensor.tensor =
          Tensor(entry.view.sizes, gather_as_float(bytes, entry.type, false, entry.view));
    }
    checkpoint.tensors.push_back(std::move(tensor));
  }
  if (checkpoint.tensors.empty()) {
    return TESSERA_ERROR(kInvalidModel, "", "the file holds no tensors",
                         "save the weights of a network in it");
  }
  warn_about_non_finite(checkpoint);
  return checkpoint;
}

Result<void> add_json_config(std::span<const uint8_t> json, std::string_view file_name,
                             Checkpoint& checkpoint) {
  const auto config = parse_object({reinterpret_cast<const char*>(json.data()), json.size()});
  if (!config) {
    return TESSERA_ERROR(
        kCorrupt, std::string(file_name), "the configuration is no JSON object",
        "correct it, or move it away and give ImportOptions::model_args NAME=VALUE");
  }
  const auto args = config->find("model_args");
  if (args != config->end() && args->is_object()) {
    add_args(*args, checkpoint);
    checkpoint.has_args = true;
  } else {
    add_args(*config, checkpoint);
    for (const char* name : {"model_name", "dataset", "task", "license"})
      checkpoint.args.erase(name);
    checkpoint.has_args =
        checkpoint.args.contains("n_src") || checkpoint.args.contains("n_filters");
  }
  for (const auto& [name, value] : config->items()) {
    if (name == "model_name" && value.is_string()) checkpoint.model_name = value.get<std::string>();
    if (name == "sample_rate" && value.is_number()) {
      const double rate = value.get<double>();
      if (rate >= 1 && rate <= 1e7) checkpoint.sample_rate = static_cast<int>(rate);
    }
    if (value.is_string()) checkpoint.metadata.emplace(name, value.get<std::string>());
  }
  return {};
}

}  // namespace tessera
