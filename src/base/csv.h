// Tables of comma-separated values (RFC 4180), read by libcsv.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tessera/result.h"

namespace tessera {

struct CsvTable {
  std::vector<std::string> columns;            // of the first row
  std::vector<std::vector<std::string>> rows;  // each with one field per column

  // Index of the column of this name, or -1.
  int column(const std::string& name) const;
};

// For untrusted files. Errors: those of read_file(); kCorrupt where a quote is not closed, a row
// has another number of fields than the first, a name stands twice, or there is no row at all;
// kResourceLimit beyond 64 MiB or 2^22 fields. Rows are counted from 1, the one of names included.
Result<CsvTable> read_csv(const std::filesystem::path& path);

// The rows as they stand, of a file that need not begin with names; they may be of any widths.
// Errors: those of read_file(); kCorrupt where a quote is not closed; kResourceLimit as above.
Result<std::vector<std::vector<std::string>>> read_csv_rows(const std::filesystem::path& path);

}  // namespace tessera
