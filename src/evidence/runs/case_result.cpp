#include "evidence/runs/case_result.h"

#include <algorithm>
#include <cmath>

#include "base/json_fields.h"
#include "tessera/file.h"

namespace tessera {
namespace {

constexpr uint64_t kMaxResultBytes = uint64_t{16} << 20;
constexpr int64_t kResultFormat = 1;

// The text of a field that may be missing or null.
std::string text_or_empty(const Json& object, const char* key) {
  const auto at = object.find(key);
  if (at == object.end() || !at->is_string()) return "";
  return at->get<std::string>();
}

Result<RecordedOutcome> outcome_of(const JsonFields& fields, const char* key) {
  TESSERA_TRY(const std::string text, fields.text(key));
  for (const RecordedOutcome one :
       {RecordedOutcome::not_tried, RecordedOutcome::passed, RecordedOutcome::failed}) {
    if (text == to_string(one)) return one;
  }
  return fields.error(key, "must be passed, failed or not_tried");
}

void set_failure(const Json& json, RecordedCase& one) {
  const auto at = json.find("failure");
  if (at == json.end() || !at->is_object()) return;
  one.exception_type = text_or_empty(*at, "exception_type");
  one.exception_message = text_or_empty(*at, "exception_message");
  one.signature = text_or_empty(*at, "signature");
  one.family = text_or_empty(*at, "family");
  one.layer = text_or_empty(*at, "layer");
}

// The largest difference that the case measured: of several values, the worst one counts.
void set_max_abs(const Json& json, RecordedCase& one) {
  const auto numbers = json.find("numbers");
  if (numbers == json.end() || !numbers->is_object()) return;
  for (const auto& [name, number] : numbers->items()) {
    if (!name.ends_with("max_abs") || !number.is_object()) continue;
    const auto value = number.find("value");
    if (value == number.end() || !value->is_number()) continue;
    if (text_or_empty(number, "how") == "estimated") continue;  // nothing was compared
    const double measured = value->get<double>();
    if (std::isfinite(measured)) one.max_abs = std::max(one.max_abs.value_or(0), measured);
  }
}

}  // namespace

Result<void> read_case_result(const std::filesystem::path& file, RecordedCase& one) {
  // A pipe of that name would keep the reader waiting.
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) {
    return TESSERA_ERROR(kNotFound, file.string(), "no such file", "");
  }
  TESSERA_TRY(const auto bytes, read_file(file, kMaxResultBytes));
  TESSERA_TRY(const Json json, parse_json(bytes, file.string()));
  TESSERA_TRY(const JsonFields fields, JsonFields::of(json, file.string()));
  TESSERA_TRY(const int64_t format, fields.integer("format", 0, INT32_MAX));
  if (format != kResultFormat) {
    return TESSERA_ERROR(kUnsupported, file.string(), "is of another format than this Tessera's",
                         "read it with the Tessera that wrote it");
  }
  TESSERA_TRY(const RecordedOutcome har, outcome_of(fields, "har"));
  TESSERA_TRY(const RecordedOutcome hef, outcome_of(fields, "hef"));
  one.har = har;
  one.hef = hef;
  if (std::string stage = text_or_empty(json, "stage"); !stage.empty()) one.stage = stage;
  one.key = text_or_empty(json, "key");
  set_failure(json, one);
  set_max_abs(json, one);
  const auto parameters = json.find("parameters");
  if (parameters != json.end() && parameters->is_object()) {
    for (const auto& [name, value] : parameters->items())
      one.parameters[name] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  return {};
}

}  // namespace tessera
