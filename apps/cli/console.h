// Console: everything a command says. Results go to standard output, remarks to standard error;
// under --json standard output carries one JSON document and the remarks are part of it.
#pragma once

#include <fmt/format.h>
#include <cstdio>

#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "tessera/result.h"

namespace tessera::cli {

class Console {
 public:
  explicit Console(bool json) : json_(json) {}

  bool json() const { return json_; }
  // Standard output is for a command's own bytes: results for people go to standard error.
  void give_standard_output_away() { out_ = stderr; }

  // A result for people, without a newline of its own. Nothing under --json.
  template <typename... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) {
    if (!json_) write_out(fmt::format(format, std::forward<Args>(args)...));
  }

  // Remarks: a decision worth saying aloud; something that may spoil the result.
  void note(std::string_view line);
  void warning(std::string_view line);
  // Passes the library's remarks on.
  Log log();

  // Prints the document (with "notes" and "warnings") under --json. Errors: kNoSpace or kIo when
  // standard output did not take everything written so far.
  Result<void> finish(nlohmann::ordered_json document);
  // What a command that fails has found out all the same: printed with its error under --json.
  void keep(nlohmann::ordered_json document) { kept_ = std::move(document); }
  // An error, as three lines on standard error or as {"error": {...}} on standard output.
  void fail(const Error& error);

  // The line at the bottom of a terminal that Progress redraws; an empty one erases it.
  void set_status_line(std::string_view line);

 private:
  void write_out(std::string_view text);
  void write_remark(std::string_view kind, std::string_view line);
  void show(const nlohmann::ordered_json& document);
  void put_out(std::string_view text);
  void flush_out();

  bool json_;
  std::FILE* out_ = stdout;
  std::mutex mutex_;  // guards the streams and status_shown_
  bool status_shown_ = false;
  int write_error_ = 0;  // errno of the first failure to write standard output
  nlohmann::ordered_json kept_;
  std::vector<std::string> notes_;
  std::vector<std::string> warnings_;
};

// The text with what a terminal may obey or cannot show (a name in a hostile file may hold its
// commands) as \xNN: control characters, and bytes that are no UTF-8. Lines and tabs stay.
std::string printable(std::string_view text);
// The same, and line ends too.
std::string printable_line(std::string_view text);

// The document as a file holds it; bytes that are no UTF-8 become U+FFFD.
std::string json_text(const nlohmann::ordered_json& document);

}  // namespace tessera::cli
