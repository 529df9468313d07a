// Destination: where releases go, a folder of this machine or of another that ssh reaches. Whatever
// is done there is a script of the POSIX shell, so that both are one case.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

#include "tessera/result.h"

namespace tessera {

struct ScriptAnswer {
  int code = 0;        // of the script's exit
  std::string output;  // standard output and error, its first 64 KiB
};

class Destination {
 public:
  // "DIR", "HOST:DIR" or "USER@HOST:DIR"; on another machine DIR is absolute. Errors:
  // kInvalidArgument; a folder's name may have letters, digits and ._+-/ only, since it goes into a
  // unit of systemd.
  static Result<Destination> parse(const std::string& text);

  const std::string& folder() const { return folder_; }  // absolute
  bool is_remote() const { return !host_.empty(); }
  std::string name() const { return is_remote() ? host_ + ":" + folder_ : folder_; }

  // Errors: kUnavailable where the machine cannot be reached or the script does not end in time;
  // kCancelled. A script that fails is an answer.
  Result<ScriptAnswer> run(const std::string& script, std::chrono::seconds limit) const;
  // `from`, a folder of this machine, becomes `to` there, which does not exist yet. Errors: as
  // run(), with what the copy said.
  Result<void> copy(const std::filesystem::path& from, const std::string& to) const;

  // Asked while something runs; true stops it.
  std::function<bool()> is_cancelled;

 private:
  Result<ScriptAnswer> run_program(const std::string& program, std::vector<std::string> arguments,
                                   std::chrono::seconds limit) const;

  std::string host_;  // empty: this machine
  std::string folder_;
};

// `text` as one word of any POSIX shell, whatever is in it.
std::string single_quoted(std::string_view text);

}  // namespace tessera
