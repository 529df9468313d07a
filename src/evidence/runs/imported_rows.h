// Rows of somebody's summary table, checked one by one.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "evidence/runs/run_folder.h"
#include "evidence/runs/summary_table.h"

namespace tessera {

struct ImportedRow {
  RecordedCase outcome;  // har_path and hef_path as recorded
  // As recorded, one per column of kSummaryColumns and kLadderColumns; `module` is the case's name.
  std::vector<std::string> summary;
  std::vector<std::string> logs;  // as recorded: that of the failure first
};

struct ImportedRows {
  std::vector<ImportedRow> rows;
  std::vector<std::string> bad;  // "table.tsv:12: har_success is 'maybe'"
  bool has_ladder = false;
};

// Errors: kCorrupt for a table without the columns that tell an outcome. Cases of one name are told
// apart by their run_tag, else by a number.
Result<ImportedRows> check_rows(const TsvTable& table, const std::string& origin);

// Whether the line of names is that of a summary.
bool is_summary(const TsvTable& table);

}  // namespace tessera
