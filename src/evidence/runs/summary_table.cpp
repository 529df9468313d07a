#include "evidence/runs/summary_table.h"

#include <algorithm>

#include <fmt/format.h>

namespace tessera {
namespace {

constexpr size_t kMaxColumns = 256;
constexpr size_t kMaxRows = size_t{1} << 20;

std::vector<std::string> tab_separated(std::string_view line) {
  std::vector<std::string> fields;
  for (;;) {
    const size_t at = line.find('\t');
    fields.emplace_back(line.substr(0, at));
    if (at == std::string_view::npos) return fields;
    line.remove_prefix(at + 1);
  }
}

Error corrupt_table(const std::string& name, const std::string& what) {
  return TESSERA_ERROR(kCorrupt, name, what,
                       "the first line names the columns, each further one is a case");
}

}  // namespace

size_t TsvTable::column(std::string_view name) const {
  const auto at = std::find(columns.begin(), columns.end(), name);
  return at == columns.end() ? kNoColumn : static_cast<size_t>(at - columns.begin());
}

std::string_view TsvTable::text(const Row& row, size_t column) const {
  return column < row.fields.size() ? std::string_view(row.fields[column]) : std::string_view();
}

Result<TsvTable> parse_tsv(std::string_view text, const std::string& name) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // spreadsheets write it
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (text.find('\0') != std::string_view::npos)
    return corrupt_table(name, "is no table of text: it holds NUL bytes");
  TsvTable table;
  for (size_t line_number = 1; !text.empty(); ++line_number) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line_number > 1 && line.empty()) continue;
    if (static_cast<size_t>(std::count(line.begin(), line.end(), '\t')) >= kMaxColumns) {
      return TESSERA_ERROR(kResourceLimit, fmt::format("{}:{}", name, line_number),
                           fmt::format("has more than {} columns", kMaxColumns), "");
    }
    if (line_number == 1) {
      table.columns = tab_separated(line);
      continue;
    }
    if (table.rows.size() == kMaxRows) {
      return TESSERA_ERROR(kResourceLimit, name, fmt::format("has more than {} rows", kMaxRows),
                           "split it into several tables");
    }
    table.rows.push_back({line_number, tab_separated(line)});
  }
  if (table.columns.empty() || table.columns == std::vector<std::string>{""})
    return corrupt_table(name, "has no line that names its columns");
  for (const std::string& one : table.columns) {
    if (std::count(table.columns.begin(), table.columns.end(), one) > 1)
      return corrupt_table(name, fmt::format("names the column '{}' twice", tsv_field(one)));
  }
  return table;
}

std::string tsv_field(std::string_view text) {
  std::string field(text);
  for (char& c : field) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = ' ';
  }
  return field;
}

}  // namespace tessera
