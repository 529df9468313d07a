// Tables of earlier compiles as runs, so that they are evidence too.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tessera/result.h"

namespace tessera {

struct ImportedTable {
  std::filesystem::path source;
  std::string run;  // folder, relative to the root; empty: nothing was made of it
  int64_t cases = 0;
  int64_t found_files = 0;            // results named by the rows that are there
  std::vector<std::string> bad_rows;  // "table.tsv:12: har_success is 'maybe'"
};

struct RunImportOptions {
  std::string name{};    // of the runs; empty: the table's
  std::string target{};  // the chip that was compiled for; empty: not known
  bool force = false;    // import a table again that was imported before
};

// Tables of a folder whose first line names the columns of a summary, in order of their names; a
// file stands for itself. At most eight folders deep. Errors: kNotFound where there is none; kIo.
Result<std::vector<std::filesystem::path>> find_tables(const std::filesystem::path& source);

// Makes ROOT/<stamp>-<name>/ of a table: its rows as summary.tsv, and of every row a result.json
// whose family of failure is told from the log it names, where that is there, else from its text.
// The folder appears whole or not at all. Files that rows name stay where they are: the run keeps
// relative paths to them. Rows that are none are left out and named. Errors: kAlreadyExists where
// the same table was imported before, naming the run; kCorrupt for a table without a good row;
// those of reading and writing.
Result<ImportedTable> import_table(const std::filesystem::path& table,
                                   const std::filesystem::path& root,
                                   const RunImportOptions& options);

}  // namespace tessera
