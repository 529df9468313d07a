#include "base/csv.h"

#include <csv.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "tessera/file.h"

namespace tessera {
namespace {

constexpr uint64_t kMaxCsvBytes = uint64_t{64} << 20;
constexpr size_t kMaxCsvFields = size_t{1} << 22;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

struct CsvRows {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
  size_t fields = 0;
  bool too_many = false;
};

void add_field(void* text, size_t bytes, void* data) {
  auto& rows = *static_cast<CsvRows*>(data);
  if (++rows.fields > kMaxCsvFields) rows.too_many = true;
  if (!rows.too_many) rows.row.emplace_back(static_cast<const char*>(text), bytes);
}

void end_row(int, void* data) {
  auto& rows = *static_cast<CsvRows*>(data);
  if (!rows.too_many) rows.rows.push_back(std::move(rows.row));
  rows.row.clear();
}

Error csv_error_of(const std::filesystem::path& path, std::string message) {
  return TESSERA_ERROR(kCorrupt, path.string(), std::move(message),
                       "give a table of comma-separated values whose first row has the names");
}

}  // namespace

Result<std::vector<std::vector<std::string>>> read_csv_rows(const std::filesystem::path& path) {
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kMaxCsvBytes));
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  csv_parser parser;
  if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
    return csv_error_of(path, "cannot be parsed");
  const std::unique_ptr<csv_parser, void (*)(csv_parser*)> freed(&parser, csv_free);
  CsvRows rows;
  const bool whole =
      csv_parse(&parser, text.data(), text.size(), add_field, end_row, &rows) == text.size() &&
      csv_fini(&parser, add_field, end_row, &rows) == 0;
  if (rows.too_many) {
    return TESSERA_ERROR(kResourceLimit, path.string(),
                         fmt::format("has more than {} fields", kMaxCsvFields), "split it");
  }
  if (!whole) {
    return csv_error_of(
        path, fmt::format("row {}: {}", rows.rows.size() + 1, csv_strerror(csv_error(&parser))));
  }
  return std::move(rows.rows);
}

int CsvTable::column(const std::string& name) const {
  const auto found = std::find(columns.begin(), columns.end(), name);
  return found == columns.end() ? -1 : static_cast<int>(found - columns.begin());
}

Result<CsvTable> read_csv(const std::filesystem::path& path) {
  TESSERA_TRY(auto rows, read_csv_rows(path));
  if (rows.empty()) return csv_error_of(path, "holds no row");
  CsvTable table;
  table.columns = std::move(rows.front());
  rows.erase(rows.begin());
  std::set<std::string_view> names;
  for (const std::string& name : table.columns) {
    if (!names.insert(name).second)
      return csv_error_of(path, fmt::format("names column '{}' twice", name));
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].size() == table.columns.size()) continue;
    return csv_error_of(path, fmt::format("row {} has {} fields, the first row {}", i + 2,
                                          rows[i].size(), table.columns.size()));
  }
  table.rows = std::move(rows);
  return table;
}

}  // namespace tessera
