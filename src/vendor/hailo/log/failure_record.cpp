#include "vendor/hailo/log/failure_record.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

namespace tessera::hailo {
namespace {

Json negative_exponent_json(const LogExplanation& told) {
  if (!told.negative_exponent) return nullptr;
  const NegativeExponent& found = *told.negative_exponent;
  const auto text_or_null = [](const std::string& text) {
    return text.empty() ? Json() : Json(text);
  };
  return {{"layer", text_or_null(found.layer)},
          {"desired_shift", text_or_null(found.desired_shift)},
          {"data_bits", text_or_null(found.data_bits)}};
}

Json utilization_json(const LogExplanation& told) {
  Json tables = Json::array();
  for (const UtilizationTable& table : told.utilization) {
    Json rows = Json::array();
    for (const UtilizationTable::Row& row : table.rows) {
      rows.push_back({{"name", row.name},
                      {"control_percent", row.control},
                      {"compute_percent", row.compute},
                      {"memory_percent", row.memory}});
    }
    tables.push_back({{"context", table.context}, {"rows", std::move(rows)}});
  }
  return tables;
}

// A cell of a table with tabs between cells.
std::string cell(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
  return text;
}

// Whether the stage is behind this log: it succeeded, or a later one began.
std::string stage_success(const LogExplanation& told, LogStage stage) {
  const bool compiles = told.stage == LogStage::parse || told.stage == LogStage::optimize ||
                        told.stage == LogStage::compile;
  if (!compiles || told.stage < stage) return "";
  if (told.stage > stage) return "true";
  return told.outcome == LogOutcome::fail ? "false" : told.family == "ok" ? "true" : "";
}

}  // namespace

Json explanation_json(const LogExplanation& told, const std::string& file) {
  Json numbers = Json::object();
  for (const auto& [key, value] : told.numbers) numbers[key] = value;
  const Family* family = find_family(told.family);
  return {{"file", file},
          {"tool", told.tool},
          {"version", told.version},
          {"stage", to_string(told.stage)},
          {"outcome", to_string(told.outcome)},
          {"family", told.family},
          {"meaning", family == nullptr ? "" : family->meaning},
          {"next_step", next_step_of(told)},
          {"exception_type", told.exception_type},
          {"exception_message", told.exception_message},
          {"signature", told.signature},
          {"failure_head", told.failure_head},
          {"first_failing_layers", told.layers},
          {"reshape_layers", told.reshape_layers},
          {"negexp", negative_exponent_json(told)},
          {"recommended_start_nodes", told.recommended_start_nodes},
          {"recommended_end_nodes", told.recommended_end_nodes},
          {"numbers", std::move(numbers)},
          {"utilization", utilization_json(told)},
          {"lines", told.lines}};
}

Json failure_json(const LogExplanation& told) {
  return {{"exception_type", told.exception_type}, {"exception_message", told.exception_message},
          {"signature", told.signature},           {"negexp", negative_exponent_json(told)},
          {"reshape_layers", told.reshape_layers}, {"family", told.family},
          {"first_failing_layers", told.layers}};
}

std::string failure_text(const LogExplanation& told, const std::string& file) {
  std::string text = fmt::format(
      "exception_type: {}\nexception_message: {}\nsignature: {}\nfamily: {}\nstage: {}\n",
      told.exception_type, told.exception_message, told.signature, told.family,
      to_string(told.stage));
  if (!told.layers.empty()) {
    text += fmt::format("first_failing_layers: {}\n", fmt::join(told.layers, ", "));
  }
  if (!told.reshape_layers.empty()) {
    text += fmt::format("reshape_layers: {}\n", fmt::join(told.reshape_layers, ", "));
  }
  if (told.negative_exponent) {
    text += fmt::format("negexp: layer {}, desired_shift {}, data_bits {}\n",
                        told.negative_exponent->layer, told.negative_exponent->desired_shift,
                        told.negative_exponent->data_bits);
  }
  return text + fmt::format("next: {}\nlog: {}\n", next_step_of(told), file);
}

std::string summary_tsv_header() {
  return "stage\tmodule\trun_tag\tinput_len\tinput_chan\tcalib_npz\thar_path\thef_path\thar_"
         "success\t"
         "hef_success\texception_type\tfailure_head\thar_log\thef_log\tfailure_log\tfamily\t"
         "first_failing_layers\n";
}

std::string summary_tsv_row(const LogExplanation& told, const std::string& file,
                            const std::string& failure_log) {
  const std::string stem = std::filesystem::path(file).stem().string();
  const bool compiles = told.stage == LogStage::compile;
  const std::vector<std::string> cells = {std::string(to_string(told.stage)),
                                          stem,
                                          stem,
                                          "",
                                          "",
                                          "",
                                          std::string(told.number("har_path")),
                                          std::string(told.number("hef_path")),
                                          stage_success(told, LogStage::parse),
                                          stage_success(told, LogStage::compile),
                                          told.exception_type,
                                          told.failure_head,
                                          compiles ? "" : file,
                                          compiles ? file : "",
                                          failure_log,
                                          told.family,
                                          fmt::format("{}", fmt::join(told.layers, ","))};
  std::string row;
  for (const std::string& one : cells)
    row += (row.empty() && &one == &cells[0] ? "" : "\t") + cell(one);
  return row + "\n";
}

}  // namespace tessera::hailo
