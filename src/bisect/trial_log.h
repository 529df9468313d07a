// What a bisection has measured, kept in a file so that it can go on after an interruption.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tessera/result.h"

namespace tessera {

struct Trial {
  double error = 0;                 // energy
  std::optional<double> si_snr_db;  // where there are references
};

class TrialLog {
 public:
  // An empty path keeps nothing. A file that is damaged or of another `binding` is not used: a note
  // says so, and the next trial replaces it.
  TrialLog(std::filesystem::path path, std::string binding, std::vector<Note>& notes);

  const Trial* find(const std::string& key) const;
  // Errors: those of writing.
  Result<void> add(const std::string& key, const Trial& trial);

  int64_t resumed() const { return resumed_; }

 private:
  Result<void> save() const;

  std::filesystem::path path_;
  std::string binding_;
  std::map<std::string, Trial> trials_;
  int64_t resumed_ = 0;
};

}  // namespace tessera
