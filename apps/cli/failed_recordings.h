// Recordings of a batch that could not be done, while the others were.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/console.h"
#include "tessera/result.h"

namespace tessera::cli {

class FailedRecordings {
 public:
  // Warns of it at once.
  void add(const std::string& input, Error error, Console& console);

  bool empty() const { return failed_.empty(); }
  size_t size() const { return failed_.size(); }
  const Error& first() const { return failed_.front().error; }

  // A row for each, for people.
  std::string table() const;
  // {"input", "code", "message", "hint"} of each.
  Document document() const;
  // What the command ends with where `all` recordings were asked for: the code is the first one's.
  Error summary(size_t all) const;

 private:
  struct Failed {
    std::string input;
    Error error;
  };
  std::vector<Failed> failed_;
};

}  // namespace tessera::cli
