// Process: runs another program to its end, with its output in a file, and ends all of it when its
// time is over.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/result.h"

namespace tessera {

struct ProcessOptions {
  // A name is looked for in PATH, the caller's, or the one that `environment` sets.
  std::string program;
  std::vector<std::string> arguments;
  std::filesystem::path folder;  // it runs in; empty: the caller's
  // Standard output and error, one after the other as they come; replaced if it exists.
  std::filesystem::path output;
  std::map<std::string, std::string> environment;  // set beside the caller's
  std::optional<std::chrono::milliseconds> time_limit;
  // Between the request to end and its enforcement.
  std::chrono::milliseconds grace{5000};
  // More of it is read and dropped, so that the program goes on.
  uint64_t output_limit_bytes = uint64_t{1} << 30;
  // Gets what comes, as it comes, on the caller's thread.
  std::function<void(std::string_view)> on_output;
  // Asked about ten times a second; true ends the program as a time limit does.
  std::function<bool()> is_cancelled;
};

struct ProcessEnd {
  enum class How : uint8_t { exited, signalled, timed_out, cancelled };
  How how = How::exited;
  int code = 0;  // of exit, or the signal's number
  double seconds = 0;
  uint64_t output_bytes = 0;
  bool output_truncated = false;

  bool succeeded() const { return how == How::exited && code == 0; }
};
std::string to_string(const ProcessEnd& end);  // "exit code 1", "signal 9", "stopped after 5 s"

// Runs the program with standard input from /dev/null, in a process group of its own, and waits for
// it. The group gets SIGTERM at the time limit, and SIGKILL after the grace; what is left of it
// when the program has ended gets SIGKILL too. Errors: kNotFound where the program or its folder
// does not exist; kNoSpace, kIo for its output (it is ended then); kResourceLimit where the system
// allows no further process. That it fails is no error.
Result<ProcessEnd> run_process(const ProcessOptions& options);

// Where a program lies, as run_process() finds it; nullopt if it does not.
std::optional<std::filesystem::path> find_program(const std::string& name);

}  // namespace tessera
