#include "evidence/runs/imported_rows.h"

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_set>

#include <fmt/format.h>

namespace tessera {
namespace {

// Numbers of a summary: whole, or nothing.
constexpr std::string_view kCounts[] = {"input_len", "input_chan", "n_filters", "bn_chan",
                                        "hid_chan",  "skip_chan",  "n_blocks",  "n_repeats"};

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

// Scripts write outcomes in words of their own.
std::optional<RecordedOutcome> recorded_outcome(std::string_view text) {
  const std::string word = lower_case(text);
  for (const char* yes : {"true", "1", "yes", "pass", "passed", "ok"})
    if (word == yes) return RecordedOutcome::passed;
  for (const char* no : {"false", "0", "no", "fail", "failed"})
    if (word == no) return RecordedOutcome::failed;
  for (const char* none : {"", "none", "nan", "-", "n/a", "not_tried", "skipped"})
    if (word == none) return RecordedOutcome::not_tried;
  return std::nullopt;
}

bool is_count(std::string_view text) {
  return text.size() <= 12 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A name for the case's folder: what cannot stand in one becomes '_'.
std::string case_name_of(std::string_view module) {
  std::string name(module.substr(0, 200));
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || c == '.' || c == '+' || c == '@';
    if (!plain) c = '_';
  }
  if (!name.empty() && name[0] == '.') name[0] = '_';
  return name;
}

// What is wrong with the row; empty if nothing is.
std::string fault_of(const TsvTable& table, const TsvTable::Row& row) {
  if (row.fields.size() > table.columns.size())
    return fmt::format("has {} fields, the table {} columns", row.fields.size(),
                       table.columns.size());
  const size_t last =
      std::max({table.column("module"), table.column("har_success"), table.column("hef_success")});
  if (row.fields.size() <= last)
    return fmt::format("has {} fields, {} are needed", row.fields.size(), last + 1);
  if (table.text(row, table.column("module")).empty()) return "names no module";
  for (const char* column : {"har_success", "hef_success"}) {
    const std::string_view word = table.text(row, table.column(column));
    if (!recorded_outcome(word))
      return fmt::format("{} is '{}', neither true nor false", column,
                         tsv_field(word.substr(0, 40)));
  }
  if (recorded_outcome(table.text(row, table.column("har_success"))) == RecordedOutcome::failed &&
      recorded_outcome(table.text(row, table.column("hef_success"))) == RecordedOutcome::passed)
    return "was compiled though it was not translated";
  for (const std::string_view column : kCounts) {
    const std::string_view text = table.text(row, table.column(column));
    if (!is_count(text))
      return fmt::format("{} is '{}', no whole number", column, tsv_field(text.substr(0, 40)));
  }
  return "";
}

}  // namespace

bool is_summary(const TsvTable& table) {
  for (const char* column : {"module", "har_success", "hef_success"})
    if (table.column(column) == kNoColumn) return false;
  return true;
}

Result<ImportedRows> check_rows(const TsvTable& table, const std::string& origin) {
  if (!is_summary(table)) {
    return TESSERA_ERROR(kCorrupt, fmt::format("{}:1", origin),
                         "must name the columns module, har_success and hef_success",
                         "give the summary table of a run");
  }
  ImportedRows result;
  std::vector<std::string_view> columns(std::begin(kSummaryColumns), std::end(kSummaryColumns));
  for (const std::string_view one : kLadderColumns)
    result.has_ladder = result.has_ladder || table.column(one) != kNoColumn;
  if (result.has_ladder)
    columns.insert(columns.end(), std::begin(kLadderColumns), std::end(kLadderColumns));
  std::unordered_set<std::string> names;
  for (const TsvTable::Row& row : table.rows) {
    if (const std::string fault = fault_of(table, row); !fault.empty()) {
      result.bad.push_back(fmt::format("{}:{}: {}", origin, row.line, fault));
      continue;
    }
    const auto field = [&](std::string_view column) {
      return tsv_field(table.text(row, table.column(column)));
    };
    ImportedRow& one = result.rows.emplace_back();
    const std::string module = field("module");
    std::string name = case_name_of(module);
    if (names.contains(name) && !field("run_tag").empty())
      name = case_name_of(name + "@" + field("run_tag"));
    const std::string first = name;
    for (int n = 2; names.contains(name); ++n) name = fmt::format("{}+{}", first, n);
    names.insert(name);
    RecordedCase& outcome = one.outcome;
    outcome.name = name;
    outcome.stage = field("stage");
    outcome.finished = true;
    outcome.har = *recorded_outcome(table.text(row, table.column("har_success")));
    outcome.hef = *recorded_outcome(table.text(row, table.column("hef_success")));
    outcome.exception_type = field("exception_type");
    outcome.exception_message = field("failure_head");
    outcome.family = field("family");
    outcome.har_path = field("har_path");
    outcome.hef_path = field("hef_path");
    for (const std::string_view column : columns) one.summary.push_back(field(column));
    one.summary[1] = name;
    for (size_t c = 0; c < table.columns.size(); ++c) {
      const std::string_view text = table.text(row, c);
      const bool is_known = std::find(std::begin(kSummaryColumns), std::end(kSummaryColumns),
                                      table.columns[c]) != std::end(kSummaryColumns);
      if (!is_known && !text.empty()) outcome.parameters[table.columns[c]] = text;
    }
    if (module != name) outcome.parameters["module"] = module;
    for (const char* column : {"failure_log", "hef_log", "har_log"})
      if (std::string log = field(column); !log.empty()) one.logs.push_back(std::move(log));
  }
  return result;
}

}  // namespace tessera
