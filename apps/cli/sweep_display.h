// Cases of a sweep as they end.
#pragma once

#include <string>

#include "cli/console.h"
#include "sweep/sweep_runner.h"

namespace tessera::cli {

// One line for each case as it ends; on a terminal, below them, what is running.
class LiveTable {
 public:
  LiveTable(Console& console, const SweepDefinition& definition);
  ~LiveTable() { console_.set_status_line(""); }
  LiveTable(const LiveTable&) = delete;
  LiveTable& operator=(const LiveTable&) = delete;

  void show(const CaseEvent& event);

 private:
  void row(const CaseEvent& event);

  Console& console_;
  size_t width_ = 4;
  bool terminal_ = false;
  std::string running_;
};

}  // namespace tessera::cli
