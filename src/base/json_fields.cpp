#include "base/json_fields.h"

#include <cmath>

#include <fmt/format.h>

namespace tessera {

std::string print_json(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Json> parse_json(std::span<const uint8_t> text, const std::string& name) {
  Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (json.is_discarded()) return TESSERA_ERROR(kCorrupt, name, "is not JSON", "");
  return json;
}

Result<JsonFields> JsonFields::of(const Json& json, std::string path) {
  if (!json.is_object()) return TESSERA_ERROR(kCorrupt, std::move(path), "is not an object", "");
  return JsonFields(json, std::move(path));
}

Error JsonFields::error(const char* key, const std::string& what) const {
  return TESSERA_ERROR(kCorrupt, fmt::format("{}.{}", path_, key), what, "");
}

Result<const Json*> JsonFields::value(const char* key) const {
  const auto found = json_->find(key);
  if (found == json_->end()) return error(key, "is missing");
  return &*found;
}

Result<const Json*> JsonFields::array(const char* key) const {
  TESSERA_TRY(const Json* list, value(key));
  if (!list->is_array()) return error(key, "is not an array");
  return list;
}

Result<std::string> JsonFields::text(const char* key) const {
  TESSERA_TRY(const Json* field, value(key));
  if (!field->is_string()) return error(key, "is not a string");
  return field->get<std::string>();
}

Result<int64_t> JsonFields::integer(const char* key, int64_t least, int64_t most) const {
  TESSERA_TRY(const Json* field, value(key));
  if (!field->is_number_integer()) return error(key, "is not an integer");
  const bool huge = field->is_number_unsigned() && field->get<uint64_t>() > uint64_t{INT64_MAX};
  const int64_t number = huge ? INT64_MAX : field->get<int64_t>();
  if (huge || number < least || number > most) {
    return error(key, fmt::format("is not within {} .. {}", least, most));
  }
  return number;
}

Result<double> JsonFields::number(const char* key) const {
  TESSERA_TRY(const Json* field, value(key));
  if (!field->is_number() || !std::isfinite(field->get<double>())) {
    return error(key, "is not a number");
  }
  return field->get<double>();
}

Result<bool> JsonFields::boolean(const char* key) const {
  TESSERA_TRY(const Json* field, value(key));
  if (!field->is_boolean()) return error(key, "is not true or false");
  return field->get<bool>();
}

Result<JsonFields> JsonFields::object(const char* key) const {
  TESSERA_TRY(const Json* field, value(key));
  return of(*field, fmt::format("{}.{}", path_, key));
}

Result<std::vector<JsonFields>> JsonFields::objects(const char* key) const {
  TESSERA_TRY(const Json* list, array(key));
  std::vector<JsonFields> elements;
  for (size_t i = 0; i < list->size(); ++i) {
    TESSERA_TRY(JsonFields element, of((*list)[i], fmt::format("{}.{}[{}]", path_, key, i)));
    elements.push_back(std::move(element));
  }
  return elements;
}

Result<std::vector<int64_t>> JsonFields::integers(const char* key, int64_t least,
                                                  int64_t most) const {
  TESSERA_TRY(const Json* list, array(key));
  std::vector<int64_t> numbers;
  for (const Json& element : *list) {
    if (!element.is_number_integer() || element < least || element > most) {
      return error(key, fmt::format("is not of integers within {} .. {}", least, most));
    }
    numbers.push_back(element.get<int64_t>());
  }
  return numbers;
}

Result<std::vector<double>> JsonFields::numbers(const char* key) const {
  TESSERA_TRY(const Json* list, array(key));
  std::vector<double> numbers;
  for (const Json& element : *list) {
    if (!element.is_number() || !std::isfinite(element.get<double>())) {
      return error(key, "is not of numbers");
    }
    numbers.push_back(element.get<double>());
  }
  return numbers;
}

Result<std::vector<std::string>> JsonFields::words(const char* key) const {
  TESSERA_TRY(const Json* list, array(key));
  std::vector<std::string> words;
  for (const Json& element : *list) {
    if (!element.is_string()) return error(key, "is not of strings");
    words.push_back(element.get<std::string>());
  }
  return words;
}

Result<std::map<std::string, std::string>> JsonFields::texts(const char* key) const {
  TESSERA_TRY(const JsonFields fields, object(key));
  std::map<std::string, std::string> texts;
  for (const auto& [name, element] : fields.json_->items()) {
    if (!element.is_string()) return fields.error(name.c_str(), "is not a string");
    texts[name] = element.get<std::string>();
  }
  return texts;
}

Result<std::map<std::string, JsonFields>> JsonFields::named_objects(const char* key) const {
  TESSERA_TRY(const JsonFields fields, object(key));
  std::map<std::string, JsonFields> objects;
  for (const auto& [name, element] : fields.json_->items()) {
    TESSERA_TRY(JsonFields inner, of(element, fmt::format("{}.{}", fields.path_, name)));
    objects.emplace(name, std::move(inner));
  }
  return objects;
}

}  // namespace tessera
