#include "evidence/evidence_table.h"

#include <fmt/format.h>

#include <charconv>
#include <regex>

#include "tessera/file.h"

namespace tessera {
namespace {

constexpr uint64_t kEvidenceLimitBytes = uint64_t{32} << 20;
constexpr int64_t kNumberLimit = int64_t{1} << 40;

std::vector<std::string> split(std::string_view line, char separator) {
  std::vector<std::string> fields;
  while (true) {
    const size_t at = line.find(separator);
    fields.emplace_back(line.substr(0, at));
    if (at == std::string_view::npos) return fields;
    line.remove_prefix(at + 1);
  }
}

}  // namespace

Result<EvidenceTable> EvidenceTable::read(const std::filesystem::path& path,
                                          std::vector<std::string_view> columns) {
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kEvidenceLimitBytes));
  const std::string text(bytes.begin(), bytes.end());
  EvidenceTable table;
  table.origin_ = path.string();
  table.columns_ = std::move(columns);
  size_t number = 0;
  for (std::string& line : split(text, '\n')) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    std::vector<std::string> fields = split(line, '\t');
    if (number == 1) {
      fields.resize(std::min(fields.size(), table.columns_.size()));
      if (std::equal(fields.begin(), fields.end(), table.columns_.begin(), table.columns_.end())) {
        continue;
      }
      return TESSERA_ERROR(
          kCorrupt, fmt::format("{}:1", table.origin_),
          fmt::format("the first line must name the columns {}", fmt::join(table.columns_, ", ")),
          "give the records of real compiles, as in tests/data/hailo");
    }
    if (line.empty() || line.starts_with("TOTAL")) continue;
    table.rows_.push_back(std::move(fields));
    table.lines_.push_back(number);
    if (table.rows_.back().size() < table.columns_.size()) {
      return table.error(table.rows_.size() - 1,
                         fmt::format("has {} columns, needs {}", table.rows_.back().size(),
                                     table.columns_.size()));
    }
  }
  return table;
}

Error EvidenceTable::error(size_t row, const std::string& what) const {
  return TESSERA_ERROR(kCorrupt, fmt::format("{}:{}", origin_, lines_[row]), what,
                       "correct that line or leave it out");
}

Result<int64_t> EvidenceTable::number(size_t row, size_t column) const {
  const std::string& field = text(row, column);
  int64_t value = 0;
  const auto [end, failure] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (failure != std::errc{} || end != field.data() + field.size() || value < 0 ||
      value > kNumberLimit) {
    return error(row, fmt::format("{} must be a whole number, not '{}'", columns_[column], field));
  }
  return value;
}

Result<std::vector<std::vector<int64_t>>> EvidenceTable::tuples(size_t row, size_t column) const {
  const std::string& field = text(row, column);
  std::vector<std::vector<int64_t>> groups;
  bool open = false;
  for (size_t i = 0; i < field.size();) {
    const char c = field[i];
    if (c == '(' || c == '{') groups.emplace_back();
    if (c == '(' || c == '{') open = true;
    if (c == ')' || c == '}') open = false;
    if (c < '0' || c > '9') {
      ++i;
      continue;
    }
    int64_t value = 0;
    const auto [end, failure] =
        std::from_chars(field.data() + i, field.data() + field.size(), value);
    if (failure != std::errc{} || value > kNumberLimit || !open) {
      return error(row, fmt::format("{} must be a list of tuples of whole numbers, not '{}'",
                                    columns_[column], field.substr(0, 40)));
    }
    groups.back().push_back(value);
    i = static_cast<size_t>(end - field.data());
  }
  return groups;
}

LayerName parse_layer_name(std::string_view name) {
  const std::string base(name.substr(name.rfind('/') + 1));  // npos + 1 is 0
  LayerName result;
  static const std::regex kTree("^(sh|fs|ws|concat|concat_w|concat_f)_from_.*");
  static const std::regex kEnd("_(dc|sdc|fs|ws|lanes_concat|lanes_feature_splitter)$");
  static const std::regex kPart("_(s?d[0-9]+|lanes_([0-9]+))$");
  result.host = base.starts_with("auto_reshape_from") || base.find("portal_from") != base.npos;
  result.shortcut = base.starts_with("sh_from_");
  std::smatch match;
  if (base.size() > 512) {
    result.group = base;
  } else if (std::regex_match(base, kTree) || std::regex_search(base, match, kEnd)) {
    result.helper = true;
    result.group = std::regex_replace(base, kEnd, "");
  } else if (std::regex_search(base, match, kPart)) {
    result.group = match.prefix();
    if (match[2].matched && match[2].length() < 4) result.lanes = std::stoll(match[2].str());
  } else {
    result.group = base;
  }
  return result;
}

}  // namespace tessera
