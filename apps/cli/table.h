// Table: aligned columns of text for people.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::cli {

class Table {
 public:
  enum class Align { left, right };

  void add_column(std::string title, Align align = Align::left);
  void add_columns(std::initializer_list<const char*> titles, Align align = Align::left);
  // One cell per column.
  void add_row(std::vector<std::string> cells);
  // A line across the table before the next row.
  void add_rule();
  // Rows that differ in their first cell only become the first of them, which says how many it
  // stands for: "x 24".
  void fold_equal_rows();
  size_t rows() const { return rows_.size(); }

  // Titles, a rule and the rows, each line indented by `indent` spaces.
  std::string to_string(int indent = 0) const;

 private:
  struct Column {
    std::string title;
    Align align;
  };
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;  // an empty row is a rule
};

// Columns that a terminal needs for UTF-8 text, one per code point.
size_t display_width(std::string_view text);

// 5050545 -> "5 050 545".
std::string grouped(int64_t number);
// "5 050 545 bytes", "1 byte".
std::string grouped(int64_t number, std::string_view noun);
// 1536 -> "1.5 KiB".
std::string bytes_text(int64_t bytes);

}  // namespace tessera::cli
