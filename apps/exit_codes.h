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
};

inline constexpr std::array<ExitCode, 13> kExitCodes{{
    {ErrorCode::kInvalidArgument, 3, "an option or input value has no meaning here"},
    {ErrorCode::kNotFound, 4, "a file, name or tensor does not exist"},
    {ErrorCode::kAlreadyExists, 5, "an output is in the way (--force replaces it)"},
    {ErrorCode::kIo, 6, "the system refused to read or write"},
    {ErrorCode::kNoSpace, 7, "the disk or quota is full"},
    {ErrorCode::kCorrupt, 8, "a file is damaged or not of its format"},
    {ErrorCode::kUnsafe, 9, "a file tries what data must not do"},
    {ErrorCode::kUnsupported, 10, "well formed, but beyond what Tessera can do"},
    {ErrorCode::kInvalidModel, 11, "the network contradicts itself"},
    {ErrorCode::kResourceLimit, 12, "a memory, size or count limit"},
    {ErrorCode::kUnavailable, 13, "a backend or component is missing here"},
    {ErrorCode::kMismatch, 14, "two things that had to be equal are not"},
    {ErrorCode::kCancelled, 15, "stopped on request"},
}};

constexpr int exit_code(ErrorCode error) {
  for (const ExitCode& row : kExitCodes) {
    if (row.error == error) return row.code;
  }
  return kExitBug;
}

}  // namespace tessera
