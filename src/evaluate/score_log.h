// Scores as they are made, kept in a file so that an evaluation goes on after it was ended in any
// way.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "tessera/metrics.h"
#include "tessera/result.h"

namespace tessera {

struct ItemScores {
  int sample_rate = 0;  // Hz, of the files
  int64_t frames = 0;
  std::vector<SeparationScore> models;  // in the order of the evaluation
  std::set<std::string> warnings = {};  // of the networks; not kept in the log
};

// A line of JSON for each item, after one that names what is evaluated.
class ScoreLog {
 public:
  // `binding` stands for all that the scores depend on besides the files. A line that was not
  // written to its end is dropped. Errors: kMismatch for the log of another binding, unless `force`
  // begins a new one; kCorrupt for a file that is no log; those of reading and writing.
  static Result<ScoreLog> open(const std::filesystem::path& path, const std::string& binding,
                               bool force);

  // Null where it is not known, or where its files changed since: `stamp` tells them.
  const ItemScores* find(const std::string& name, const std::string& stamp) const;

  // On the disk when it returns. Errors: kNoSpace, kIo.
  Result<void> add(const std::string& name, const std::string& stamp, const ItemScores& scores);

 private:
  struct Entry {
    std::string stamp;
    ItemScores scores;
  };

  ScoreLog() = default;
  Result<void> parse(std::string_view text, const std::string& binding);
  Result<void> parse_item(std::string_view line);
  Result<void> append(const std::string& line);

  std::filesystem::path path_;
  Descriptor file_;
  std::map<std::string, Entry> entries_;
  int64_t bytes_ = 0;  // of whole lines
};

}  // namespace tessera
