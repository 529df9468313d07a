// Exceptions, statuses, tables and blocks: what takes more than a row to read.
#include <algorithm>

#include "vendor/hailo/log/characters.h"
#include "vendor/hailo/log/reading.h"

namespace tessera::hailo {
namespace {

const ExceptionClass* find_class(std::string_view name) {
  for (const ExceptionClass& one : exception_classes()) {
    if (one.name == name) return &one;
  }
  return nullptr;
}

// "package.module.Class" at the head of a line, before a colon or alone on it.
std::string_view class_at_head(std::string_view text) {
  size_t n = 0;
  while (n < text.size() && (is_word(text[n]) || text[n] == '.')) ++n;
  if (n == 0 || (n < text.size() && text[n] != ':')) return {};
  std::string_view name = text.substr(0, n);
  name = name.substr(name.rfind('.') + 1);
  if (find_class(name) != nullptr) return name;
  const bool looks_raised = name.size() > 9 && name[0] >= 'A' && name[0] <= 'Z' &&
                            (name.ends_with("Error") || name.ends_with("Exception"));
  return looks_raised ? name : std::string_view();
}

// "UnsupportedSliceLayerError in op X: ...".
std::string_view class_of_operation(std::string_view text) {
  const size_t in = text.find(" in op ");
  if (in == std::string_view::npos) return {};
  size_t begin = in;
  while (begin > 0 && is_word(text[begin - 1])) --begin;
  const std::string_view name = text.substr(begin, in - begin);
  return name.ends_with("Error") || name.ends_with("Exception") ? name : std::string_view();
}

std::vector<std::string> cells_of(std::string_view row) {
  std::vector<std::string> cells;
  for (size_t at = row.find('|'); at != std::string_view::npos && cells.size() < 8;) {
    const size_t end = row.find('|', at + 1);
    if (end == std::string_view::npos) break;
    std::string cell(row.substr(at + 1, end - at - 1));
    cell.erase(std::remove(cell.begin(), cell.end(), ' '), cell.end());
    std::replace(cell.begin(), cell.end(), ',', '.');
    if (!cell.empty() && cell.back() == '%') cell.pop_back();
    cells.push_back(std::move(cell));
    at = end;
  }
  return cells;
}

bool is_share(const std::string& cell) {
  return !cell.empty() && cell.size() < 12 &&
         cell.find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace

bool LogReading::read_exception(const LogLine& line) {
  const std::string_view operation = class_of_operation(line.text);
  if (!operation.empty() && run_.op_exception.empty()) run_.op_exception = operation;
  const std::string_view name = class_at_head(line.text);
  if (name.empty()) return false;
  const size_t colon = line.text.find(':');
  std::string message = colon == std::string::npos ? "" : line.text.substr(colon + 1);
  message.erase(0, std::min(message.find_first_not_of(' '), message.size()));
  // What is raised on the way out of an exception says less than the cause.
  const ExceptionClass* known = find_class(name);
  run_.exception = name;
  run_.exception_message = message.substr(0, 600);
  if (message.empty()) pending_exception_ = name;
  const bool parser = name.starts_with("Unsupported");
  const std::string_view family = known != nullptr ? known->family
                                  : parser         ? std::string_view("parser_unsupported")
                                                   : std::string_view("unknown");
  fail(family,
       known != nullptr ? known->rank
       : parser         ? rank::kTold
                        : rank::kStatus,
       LogStage::none, line.text);
  return true;
}

bool LogReading::read_statuses(const LogLine& line) {
  if (line.level == "info") return false;
  bool found = false;
  for (size_t at = line.text.find("HAILO_"); at != std::string::npos;
       at = line.text.find("HAILO_", at + 1)) {
    if (at > 0 && is_word(line.text[at - 1])) continue;
    size_t end = at;
    while (end < line.text.size() && is_word(line.text[end])) ++end;
    const RuntimeStatus* status = find_status(std::string_view(line.text).substr(at, end - at));
    if (status == nullptr || (line.is_cut && end == line.text.size())) continue;
    take_status(*status, line.text);
    found = true;
  }
  return found;
}

void LogReading::take_status(const RuntimeStatus& status, std::string_view message) {
  if (run_.status == nullptr || run_.status->rank < status.rank) {
    run_.status = &status;
    set_number("status", std::to_string(status.number));
  }
  fail(status.family, status.rank, LogStage::run, message);
  if (run_.stage == LogStage::none || run_.stage == LogStage::info) run_.stage = LogStage::run;
  if (told_.tool.empty()) set_tool("HailoRT");
}

void LogReading::read_utilization(const LogLine& line) {
  const std::string_view text = line.text;
  if (text.ends_with("utilization:") && text.size() < 200) {
    const std::string_view name = text.substr(0, text.rfind(' '));
    if (told_.utilization.size() < 64 && !name.empty() &&
        name.find(' ') == std::string_view::npos) {
      told_.utilization.push_back({std::string(name), {}});
    }
    return;
  }
  if (!text.starts_with("| cluster_") && !text.starts_with("| Total")) return;
  const std::vector<std::string> cells = cells_of(text);
  if (cells.size() != 4 || !is_share(cells[1]) || !is_share(cells[2]) || !is_share(cells[3]))
    return;
  auto& all = told_.utilization;
  const bool fresh =
      all.empty() || (!all.back().rows.empty() && all.back().rows.back().name == "Total");
  if (fresh && all.size() < 64) all.push_back({});
  if (all.back().rows.size() < 32)
    all.back().rows.push_back({cells[0], cells[1], cells[2], cells[3]});
}

// The layers after "Unsupported layers for the target": a name and a colon alone on a line, each
// followed by its settings.
void LogReading::read_layer_block(const LogLine& line) {
  if (!in_layer_block_) return;
  if (line.begins_record || line.is_cut) {
    in_layer_block_ = false;
    return;
  }
  std::string_view text = line.text;
  if (text.ends_with(':')) {
    text.remove_suffix(1);
    if (is_layer_name(text)) {
      auto& layers = run_.reasons["unsupported_precision"].layers;
      if (layers.size() < 512) layers.emplace_back(text);
      return;
    }
  }
  in_layer_block_ = text.find(": ") != std::string_view::npos && text.find(' ') > text.find(':');
}

}  // namespace tessera::hailo
