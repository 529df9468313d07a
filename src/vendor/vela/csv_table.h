// A small CSV file with a header: what Vela writes beside a compiled network.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/result.h"

namespace tessera::vela {

class CsvTable {
 public:
  // Fields may stand in double quotes, in which "" is one. Errors: kCorrupt for a row of another
  // length than the header, or without one.
  static Result<CsvTable> parse(std::string_view text, const std::string& origin);

  size_t rows() const { return rows_.size(); }
  bool has(std::string_view column) const;
  // Errors: kCorrupt naming the column that is missing, or the field that is no number.
  Result<std::string> text(size_t row, std::string_view column) const;
  Result<double> number(size_t row, std::string_view column) const;

 private:
  std::string origin_;
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace tessera::vela
