#include "cli/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tessera/result.h"

namespace tessera::cli {

void Table::add_column(std::string title, Align align) {
  columns_.push_back({std::move(title), align});
}

void Table::add_columns(std::initializer_list<const char*> titles, Align align) {
  for (const char* title : titles) add_column(title, align);
}

void Table::add_row(std::vector<std::string> cells) {
  TESSERA_CHECK(cells.size() == columns_.size(), "one cell per column");
  rows_.push_back(std::move(cells));
}

void Table::add_rule() {
  rows_.emplace_back();
}

void Table::fold_equal_rows() {
  std::vector<std::vector<std::string>> firsts;
  std::vector<int64_t> counts;
  for (std::vector<std::string>& row : rows_) {
    const auto same = [&](const std::vector<std::string>& other) {
      return !row.empty() && row.size() == other.size() &&
             std::equal(row.begin() + 1, row.end(), other.begin() + 1);
    };
    const auto found = std::find_if(firsts.begin(), firsts.end(), same);
    if (found != firsts.end()) {
      ++counts[static_cast<size_t>(found - firsts.begin())];
    } else {
      firsts.push_back(std::move(row));
      counts.push_back(1);
    }
  }
  for (size_t i = 0; i < firsts.size(); ++i) {
    if (counts[i] > 1) firsts[i][0] += fmt::format(" x {}", counts[i]);
  }
  rows_ = std::move(firsts);
}

std::string Table::to_string(int indent) const {
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    size_t width = display_width(columns_[i].title);
    for (const auto& row : rows_) {
      if (!row.empty()) width = std::max(width, display_width(row[i]));
    }
    widths.push_back(width);
  }
  const std::string margin(static_cast<size_t>(indent), ' ');
  std::string text;
  const auto line = [&](const auto& cell_of) {
    std::string out = margin;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const std::string cell = cell_of(i);
      const std::string fill(widths[i] - display_width(cell), ' ');
      if (i > 0) out += "  ";
      out += columns_[i].align == Align::right ? fill + cell : cell + fill;
    }
    out.erase(out.find_last_not_of(' ') + 1);
    text += out + "\n";
  };
  const auto rule = [&](size_t i) { return std::string(widths[i], '-'); };
  line([&](size_t i) { return columns_[i].title; });
  line(rule);
  for (const auto& row : rows_) {
    if (row.empty()) {
      line(rule);
    } else {
      line([&](size_t i) { return row[i]; });
    }
  }
  return text;
}

size_t display_width(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string grouped(int64_t number) {
  const std::string digits = fmt::format("{}", number < 0 ? -number : number);
  std::string text = number < 0 ? "-" : "";
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ' ';
    text += digits[i];
  }
  return text;
}

std::string grouped(int64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", grouped(number), noun, number == 1 ? "" : "s");
}

std::string bytes_text(int64_t bytes) {
  constexpr std::array<std::string_view, 4> kUnits{"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace tessera::cli
