// The summary table of a run: a row per case, tab separated, a line of column names first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/result.h"

namespace tessera {

// The columns that every summary has, and those that ladders add.
inline constexpr std::string_view kSummaryColumns[] = {
    "stage",          "module",       "run_tag",  "input_len",   "input_chan",
    "calib_npz",      "har_path",     "hef_path", "har_success", "hef_success",
    "exception_type", "failure_head", "har_log",  "hef_log",     "failure_log"};
inline constexpr std::string_view kLadderColumns[] = {"n_filters", "bn_chan",  "hid_chan",
                                                      "skip_chan", "n_blocks", "n_repeats"};

inline constexpr size_t kNoColumn = ~size_t{0};

// A table of tab-separated fields from an untrusted file. Rows may be shorter or longer than the
// line of names: whoever reads them judges that.
struct TsvTable {
  std::vector<std::string> columns;
  struct Row {
    size_t line = 0;  // from 1, the names being line 1
    std::vector<std::string> fields;
  };
  std::vector<Row> rows;  // empty lines are none

  size_t column(std::string_view name) const;  // kNoColumn
  // Empty where the row or the table has no such column.
  std::string_view text(const Row& row, size_t column) const;
};

// Errors: kCorrupt without a line of names, with a name twice or a NUL byte; kResourceLimit beyond
// 256 columns or 2^20 rows. `name` is the subject of errors.
Result<TsvTable> parse_tsv(std::string_view text, const std::string& name);

// The text as one field: tabs, line ends and control characters become spaces.
std::string tsv_field(std::string_view text);

}  // namespace tessera
