// Checked fields of a JSON object from an untrusted file: errors name the path of the field.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/result.h"

namespace tessera {

using Json = nlohmann::ordered_json;

// Strings that are not UTF-8 are mended rather than refused; ends in a newline.
std::string print_json(const Json& json);

// Errors: kCorrupt, subject = `name`.
Result<Json> parse_json(std::span<const uint8_t> text, const std::string& name);

class JsonFields {
 public:
  // `json` must outlive the fields. Errors: kCorrupt when it is no object.
  static Result<JsonFields> of(const Json& json, std::string path);

  bool has(const char* key) const { return json_->contains(key); }
  const std::string& path() const { return path_; }

  Result<std::string> text(const char* key) const;
  Result<int64_t> integer(const char* key, int64_t least, int64_t most) const;
  Result<double> number(const char* key) const;  // finite
  Result<bool> boolean(const char* key) const;
  Result<JsonFields> object(const char* key) const;
  // Elements of an array of objects.
  Result<std::vector<JsonFields>> objects(const char* key) const;
  Result<std::vector<int64_t>> integers(const char* key, int64_t least, int64_t most) const;
  Result<std::vector<double>> numbers(const char* key) const;
  Result<std::vector<std::string>> words(const char* key) const;  // an array of strings
  // An object whose values are all strings, or all objects.
  Result<std::map<std::string, std::string>> texts(const char* key) const;
  Result<std::map<std::string, JsonFields>> named_objects(const char* key) const;

  Error error(const char* key, const std::string& what) const;

 private:
  JsonFields(const Json& json, std::string path) : json_(&json), path_(std::move(path)) {}
  Result<const Json*> value(const char* key) const;
  Result<const Json*> array(const char* key) const;

  const Json* json_;
  std::string path_;
};

}  // namespace tessera
