#include "sweep/case_result.h"

#include <fmt/format.h>

#include <algorithm>

#include "tessera/file.h"

namespace tessera {
namespace {

constexpr uint64_t kMostResultBytes = uint64_t{16} << 20;

Json failure_json(const CaseFailure& failure) {
  Json json = {{"exception_type", failure.exception_type},
               {"exception_message", failure.exception_message},
               {"signature", failure.signature},
               {"family", failure.family},
               {"layer", failure.layer}};
  json["negexp"] = nullptr;
  if (failure.negexp) {
    json["negexp"] = Json::object();
    for (const auto& [key, value] : *failure.negexp) json["negexp"][key] = value;
  }
  json["reshape_layers"] = failure.reshape_layers;
  return json;
}

Result<CaseFailure> failure_from(const JsonFields& fields) {
  CaseFailure failure;
  TESSERA_TRY(failure.exception_type, fields.text("exception_type"));
  TESSERA_TRY(failure.exception_message, fields.text("exception_message"));
  TESSERA_TRY(failure.signature, fields.text("signature"));
  TESSERA_TRY(failure.family, fields.text("family"));
  TESSERA_TRY(failure.layer, fields.text("layer"));
  TESSERA_TRY(failure.reshape_layers, fields.words("reshape_layers"));
  if (fields.object("negexp")) {
    TESSERA_TRY(failure.negexp, fields.texts("negexp"));
  }
  return failure;
}

Result<StepOutcome> outcome_from(const JsonFields& fields, const char* key) {
  TESSERA_TRY(const std::string word, fields.text(key));
  for (const StepOutcome one : {StepOutcome::passed, StepOutcome::failed, StepOutcome::not_tried}) {
    if (to_string(one) == word) return one;
  }
  return fields.error(key, fmt::format("'{}' is no outcome", word));
}

Result<void> violations_from(const JsonFields& fields, CaseResult& result) {
  TESSERA_TRY(const std::vector<JsonFields> rows, fields.objects("violations"));
  for (const JsonFields& row : rows) {
    CaseViolation one;
    TESSERA_TRY(one.rule, row.text("rule"));
    TESSERA_TRY(one.entry, row.text("entry"));
    TESSERA_TRY(one.node, row.text("node"));
    TESSERA_TRY(one.verdict, row.text("verdict"));
    TESSERA_TRY(one.number, row.integer("number", 0, INT64_MAX));
    TESSERA_TRY(one.limit, row.text("limit"));
    TESSERA_TRY(one.reason, row.text("reason"));
    TESSERA_TRY(one.remedy, row.text("remedy"));
    result.violations.push_back(std::move(one));
  }
  return {};
}

Result<void> numbers_from(const JsonFields& fields, CaseResult& result) {
  TESSERA_TRY(const auto named, fields.named_objects("numbers"));
  for (const auto& [name, entry] : named) {
    CaseNumber number;
    TESSERA_TRY(number.value, entry.number("value"));
    TESSERA_TRY(number.unit, entry.text("unit"));
    TESSERA_TRY(number.how, entry.text("how"));
    result.numbers.emplace(name, std::move(number));
  }
  return {};
}

Result<void> parameters_from(const Json& json, const std::string& origin, CaseResult& result) {
  const auto found = json.find("parameters");
  if (found == json.end() || !found->is_object())
    return TESSERA_ERROR(kCorrupt, origin, "has no \"parameters\"", "remove the case's folder");
  for (const auto& [name, value] : found->items()) {
    if (value.is_boolean()) {
      result.parameters.set(name, value.get<bool>());
    } else if (value.is_number_integer()) {
      result.parameters.set(name, value.get<int64_t>());
    } else if (value.is_string()) {
      result.parameters.set(name, value.get<std::string>());
    } else {
      return TESSERA_ERROR(kCorrupt, origin, fmt::format("parameter \"{}\" is no value", name),
                           "remove the case's folder");
    }
  }
  return {};
}

Result<void> files_from(const JsonFields& fields, CaseResult& result) {
  TESSERA_TRY(const JsonFields files, fields.object("files"));
  TESSERA_TRY(result.har_file, files.text("har"));
  TESSERA_TRY(result.hef_file, files.text("hef"));
  TESSERA_TRY(result.har_log, files.text("har_log"));
  TESSERA_TRY(result.hef_log, files.text("hef_log"));
  TESSERA_TRY(result.failure_log, files.text("failure_log"));
  return {};
}

// One cell: tabs and line ends would be others.
std::string cell(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
  return text;
}

std::string success_word(StepOutcome outcome) {
  if (outcome == StepOutcome::not_tried) return "";
  return outcome == StepOutcome::passed ? "true" : "false";
}

std::string path_of(const CaseResult& result, const std::string& file) {
  return file.empty() ? "" : fmt::format("cases/{}/{}", result.name, file);
}

}  // namespace

std::string_view to_string(StepOutcome outcome) {
  switch (outcome) {
    case StepOutcome::passed: return "passed";
    case StepOutcome::failed: return "failed";
    case StepOutcome::not_tried: return "not_tried";
  }
  return "?";
}

std::string CaseResult::failure_head() const {
  if (failure) return fmt::format("{}: {}", failure->exception_type, failure->exception_message);
  return unknown.empty() ? "" : "unknown: " + unknown;
}

Json to_json(const CaseResult& result) {
  Json parameters = Json::object();
  for (const ParameterKey& key : parameter_keys()) {
    const ParameterValue* value = result.parameters.find(key.name);
    if (value == nullptr) continue;
    std::visit([&](const auto& one) { parameters[std::string(key.name)] = one; }, *value);
  }
  Json violations = Json::array();
  for (const CaseViolation& one : result.violations) {
    violations.push_back({{"rule", one.rule},
                          {"entry", one.entry},
                          {"node", one.node},
                          {"verdict", one.verdict},
                          {"number", one.number},
                          {"limit", one.limit},
                          {"reason", one.reason},
                          {"remedy", one.remedy}});
  }
  Json numbers = Json::object();
  for (const auto& [name, number] : result.numbers)
    numbers[name] = {{"value", number.value}, {"unit", number.unit}, {"how", number.how}};
  Json json = {{"format", 1},
               {"case", result.name},
               {"key", result.key},
               {"stage", result.stage},
               {"parameters", std::move(parameters)},
               {"har", to_string(result.har)},
               {"hef", to_string(result.hef)}};
  json["failure"] = result.failure ? failure_json(*result.failure) : Json(nullptr);
  json["unknown"] = result.unknown;
  json["violations"] = std::move(violations);
  json["numbers"] = std::move(numbers);
  json["input"] = {{"length", result.input_len}, {"channels", result.input_chan}};
  json["calibration"] = result.calibration;
  json["files"] = {{"har", result.har_file},
                   {"hef", result.hef_file},
                   {"har_log", result.har_log},
                   {"hef_log", result.hef_log},
                   {"failure_log", result.failure_log}};
  json["notes"] = result.notes;
  json["seconds"] = result.seconds;
  return json;
}

Result<CaseResult> case_result_from(const Json& json, const std::string& origin) {
  TESSERA_TRY(const JsonFields fields, JsonFields::of(json, origin));
  CaseResult result;
  TESSERA_TRY_VOID(fields.integer("format", 1, 1));
  TESSERA_TRY(result.name, fields.text("case"));
  TESSERA_TRY(result.key, fields.text("key"));
  TESSERA_TRY(result.stage, fields.text("stage"));
  TESSERA_TRY_VOID(parameters_from(json, origin, result));
  TESSERA_TRY(result.har, outcome_from(fields, "har"));
  TESSERA_TRY(result.hef, outcome_from(fields, "hef"));
  if (const auto failure = fields.object("failure")) {
    TESSERA_TRY(result.failure, failure_from(*failure));
  }
  TESSERA_TRY(result.unknown, fields.text("unknown"));
  TESSERA_TRY_VOID(violations_from(fields, result));
  TESSERA_TRY_VOID(numbers_from(fields, result));
  TESSERA_TRY(const JsonFields input, fields.object("input"));
  TESSERA_TRY(result.input_len, input.integer("length", 0, INT64_MAX));
  TESSERA_TRY(result.input_chan, input.integer("channels", 0, INT64_MAX));
  TESSERA_TRY(result.calibration, fields.text("calibration"));
  TESSERA_TRY_VOID(files_from(fields, result));
  TESSERA_TRY(result.notes, fields.words("notes"));
  TESSERA_TRY(result.seconds, fields.number("seconds"));
  return result;
}

Result<CaseResult> read_case_result(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "result.json";
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kMostResultBytes));
  TESSERA_TRY(const Json json, parse_json(bytes, path.string()));
  return case_result_from(json, path.string());
}

Result<void> write_case_result(const CaseResult& result, const std::filesystem::path& folder) {
  return write_file_atomically(folder / "result.json", print_json(to_json(result)),
                               {.force = true});
}

std::string failure_text(const CaseResult& result) {
  std::string text;
  if (result.failure) {
    const CaseFailure& failure = *result.failure;
    text = fmt::format(
        "exception_type: {}\nexception_message: {}\nsignature: {}\nfamily: {}\nstage: {}\n",
        failure.exception_type, failure.exception_message, failure.signature, failure.family,
        result.har == StepOutcome::failed ? "har" : "hef");
    if (!failure.layer.empty()) text += fmt::format("first_failing_layers: {}\n", failure.layer);
    if (!failure.reshape_layers.empty()) {
      text += "reshape_layers:";
      for (const std::string& layer : failure.reshape_layers) text += " " + layer;
      text += "\n";
    }
    if (failure.negexp) {
      text += "negexp:";
      for (const auto& [key, value] : *failure.negexp) text += fmt::format(" {} {}", key, value);
      text += "\n";
    }
  }
  for (const CaseViolation& one : result.violations) {
    text += fmt::format("{}: {}: {}: {}; {}\n", one.verdict,
                        one.node.empty() ? "network" : one.node, one.rule, one.reason, one.limit);
    if (!one.remedy.empty()) text += fmt::format("  remedy: {}\n", one.remedy);
  }
  return text;
}

std::string summary_table(const std::vector<CaseResult>& results,
                          const std::vector<std::string>& columns, const std::string& run_tag) {
  std::string text =
      "stage\tmodule\trun_tag\tinput_len\tinput_chan\tcalib_npz\thar_path\thef_path\thar_success\t"
      "hef_success\texception_type\tfailure_head\thar_log\thef_log\tfailure_log";
  for (const std::string& column : columns) text += "\t" + column;
  text += "\n";
  for (const CaseResult& one : results) {
    const auto count = [](int64_t number) { return number == 0 ? "" : fmt::to_string(number); };
    std::vector<std::string> cells = {one.stage,
                                      one.name,
                                      run_tag,
                                      count(one.input_len),
                                      count(one.input_chan),
                                      one.calibration,
                                      path_of(one, one.har_file),
                                      path_of(one, one.hef_file),
                                      success_word(one.har),
                                      success_word(one.hef),
                                      one.failure ? one.failure->exception_type : "",
                                      one.failure_head(),
                                      path_of(one, one.har_log),
                                      path_of(one, one.hef_log),
                                      path_of(one, one.failure_log)};
    for (const std::string& column : columns) {
      const ParameterValue* value = one.parameters.find(column);
      cells.push_back(value == nullptr ? "" : to_string(*value));
    }
    for (size_t i = 0; i < cells.size(); ++i) text += (i == 0 ? "" : "\t") + cell(cells[i]);
    text += "\n";
  }
  return text;
}

}  // namespace tessera
