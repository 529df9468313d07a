// The file of the index: opened, checked, made anew where it is of no use, and copied into memory
// where it cannot be written.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "evidence/runs/database.h"
#include "tessera/result.h"

namespace tessera {

std::filesystem::path index_path(const std::filesystem::path& root);

struct IndexFile {
  Database database;
  std::shared_ptr<void> lock;  // shared with other users of the file; nobody replaces it meanwhile
};

// A damaged index and one of another version are replaced; `notes` says so. Errors: kAlreadyExists
// for a database of another program, which is left alone; those of Database and of locking.
Result<IndexFile> open_index_file(const std::filesystem::path& root,
                                  std::vector<std::string>& notes);
// Replaces the file by an empty index. `lock` is given up.
Result<IndexFile> replace_index_file(const std::filesystem::path& root, IndexFile old);

// The index in memory: a copy of the file where that is whole and nobody writes it, else empty.
Result<Database> index_in_memory(const std::filesystem::path& root);
Result<Database> empty_index_in_memory();

}  // namespace tessera
