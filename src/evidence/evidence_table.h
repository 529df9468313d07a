// Tab-separated records of real compiles, read with bounds and line numbers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/result.h"

namespace tessera {

class EvidenceTable {
 public:
  // The first line must begin with `columns`, in that order; rows beginning with "TOTAL" are
  // sums and left out. Errors: as read_file; kCorrupt.
  static Result<EvidenceTable> read(const std::filesystem::path& path,
                                    std::vector<std::string_view> columns);

  size_t rows() const { return rows_.size(); }
  const std::string& text(size_t row, size_t column) const { return rows_[row][column]; }
  // Errors: kCorrupt naming the line unless the field is one whole number below 2^40.
  Result<int64_t> number(size_t row, size_t column) const;
  // Every whole number in the field, grouped by brackets: "[(2, 3), (4, 5)]" is {{2, 3}, {4, 5}}.
  Result<std::vector<std::vector<int64_t>>> tuples(size_t row, size_t column) const;
  Error error(size_t row, const std::string& what) const;

 private:
  std::string origin_;
  std::vector<std::string_view> columns_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<size_t> lines_;
};

// Names the compiler gives to parts and helpers of a layer: "net/conv3_sd4" is part of "conv3",
// "concat_from_conv3_sd0-3_to_conv3_sdc" helps it.
struct LayerName {
  std::string group;    // the logical layer
  bool helper = false;  // joins, divides or repeats tensors
  bool shortcut = false;
  bool host = false;  // outside the clusters: format conversions and portals
  int64_t lanes = 1;  // "_lanes_2"
};
LayerName parse_layer_name(std::string_view name);

}  // namespace tessera
