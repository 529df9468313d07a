// The one table that maps errors to exit codes: help, documentation and behaviour all read it.
#pragma once

#include <array>
#include <string_view>

#include "tessera/result.h"

namespace tessera {

// Codes that no ErrorCode stands for.
inline constexpr int kExitSuccess = 0;
inline constexpr int kExitBug = 1;    // an exception nobody foresaw; please report it
inline constexpr int kExitUsage = 2;  // the command line itself was not understood

struct ExitCode {
  ErrorCode error;
  int code;
  std::string_view when;  // one phrase for --help
  std::string_view next;  // what to do where the error itself does not tell
};

inline constexpr std::array<ExitCode, 13> kExitCodes{{
    {ErrorCode::kInvalidArgument, 3, "an option or input value has no meaning here",
     "see --help of the command"},
    {ErrorCode::kNotFound, 4, "a file, name or tensor does not exist", "check the path"},
    {ErrorCode::kAlreadyExists, 5, "an output is in the way (--force replaces it)",
     "--force replaces it"},
    {ErrorCode::kIo, 6, "the system refused to read or write",
     "check the disk and who may read and write there"},
    {ErrorCode::kNoSpace, 7, "the disk or quota is full", "free some space, or write elsewhere"},
    {ErrorCode::kCorrupt, 8, "a file is damaged or not of its format",
     "copy or download the file again"},
    {ErrorCode::kUnsafe, 9, "a file tries what data must not do",
     "use a file from a source that you trust"},
    {ErrorCode::kUnsupported, 10, "well formed, but beyond what Tessera can do",
     "export or train the network without it"},
    {ErrorCode::kInvalidModel, 11, "the network contradicts itself",
     "check the file with the program that wrote it"},
    {ErrorCode::kResourceLimit, 12, "a memory, size or count limit",
     "give a smaller file or a shorter input"},
    {ErrorCode::kUnavailable, 13, "a backend or component is missing here",
     "'tessera doctor' tells what is missing"},
    {ErrorCode::kMismatch, 14, "two things that had to be equal are not",
     "please report it with the files"},
    {ErrorCode::kCancelled, 15, "stopped on request", "the same command starts again"},
}};

constexpr int exit_code(ErrorCode error) {
  for (const ExitCode& row : kExitCodes) {
    if (row.error == error) return row.code;
  }
  return kExitBug;
}

constexpr std::string_view next_step(ErrorCode error) {
  for (const ExitCode& row : kExitCodes) {
    if (row.error == error) return row.next;
  }
  return "please report it";
}

}  // namespace tessera
