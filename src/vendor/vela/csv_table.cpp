#include "vendor/vela/csv_table.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace tessera::vela {
namespace {

constexpr size_t kMaxRows = 1'000'000;

Error damaged(const std::string& origin, const std::string& what) {
  return TESSERA_ERROR(kCorrupt, origin, what, "compile the piece again");
}

// Takes one row off the text; quoted fields may hold commas and line ends.
std::vector<std::string> take_row(std::string_view& text) {
  std::vector<std::string> row(1);
  bool quoted = false;
  size_t at = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quoted) {
      if (c != '"') {
        row.back() += c;
      } else if (at + 1 < text.size() && text[at + 1] == '"') {
        row.back() += c;
        ++at;
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      row.emplace_back();
    } else if (c == '\n') {
      break;
    } else if (c != '\r') {
      row.back() += c;
    }
  }
  text.remove_prefix(std::min(at + 1, text.size()));
  return row;
}

}  // namespace

Result<CsvTable> CsvTable::parse(std::string_view text, const std::string& origin) {
  CsvTable table;
  table.origin_ = origin;
  if (text.empty()) return damaged(origin, "is empty");
  table.header_ = take_row(text);
  while (!text.empty()) {
    std::vector<std::string> row = take_row(text);
    if (row.size() == 1 && row[0].empty()) continue;
    if (row.size() != table.header_.size() || table.rows_.size() == kMaxRows) {
      return damaged(origin, fmt::format("row {} has {} fields, its header {}",
                                         table.rows_.size() + 1, row.size(), table.header_.size()));
    }
    table.rows_.push_back(std::move(row));
  }
  return table;
}

bool CsvTable::has(std::string_view column) const {
  return std::find(header_.begin(), header_.end(), column) != header_.end();
}

Result<std::string> CsvTable::text(size_t row, std::string_view column) const {
  const auto found = std::find(header_.begin(), header_.end(), column);
  if (found == header_.end()) return damaged(origin_, fmt::format("has no column '{}'", column));
  if (row >= rows_.size()) return damaged(origin_, fmt::format("has no row {}", row + 1));
  return rows_[row][static_cast<size_t>(found - header_.begin())];
}

Result<double> CsvTable::number(size_t row, std::string_view column) const {
  TESSERA_TRY(const std::string field, text(row, column));
  double value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error == std::errc() && end == field.data() + field.size() && std::isfinite(value))
    return value;
  return damaged(origin_, fmt::format("'{}' in the column '{}' is no number", field, column));
}

}  // namespace tessera::vela
