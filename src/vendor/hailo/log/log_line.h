// Lines of a log as people paste and tools write it: without terminal codes, carriage returns,
// prefixes of what collected it, and the noise of other libraries.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace tessera::hailo {

struct LogLine {
  std::string text;        // one line without its prefixes, blanks collapsed
  std::string head;        // the prefixes
  std::string_view level;  // "info", "warning", "error", "critical"; empty if none is told
  // Begins a record of its own. A line that does not may continue the one before it.
  bool begins_record = false;
  bool is_frame = false;  // of a Python traceback: a file, or a line of its source
  bool is_cut = false;    // the log, or the bound on lines, ends within it
};

// Splits bytes into lines. Memory stays bounded whatever the log is: longer lines than 64 KiB lose
// their end.
class LogLines {
 public:
  using Sink = std::function<void(const LogLine&)>;
  explicit LogLines(Sink sink) : sink_(std::move(sink)) {}

  void feed(std::string_view bytes);
  // The rest, which no line end closes.
  void finish();

 private:
  void end_line(bool is_closed);

  Sink sink_;
  std::string line_;
  bool overlong_ = false;
  bool after_frame_ = false;
};

}  // namespace tessera::hailo
