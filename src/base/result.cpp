#include "tessera/result.h"

#include <cstdio>
#include <cstdlib>

namespace tessera {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument: return "invalid_argument";
    case ErrorCode::kNotFound: return "not_found";
    case ErrorCode::kAlreadyExists: return "already_exists";
    case ErrorCode::kIo: return "io";
    case ErrorCode::kNoSpace: return "no_space";
    case ErrorCode::kCorrupt: return "corrupt";
    case ErrorCode::kUnsafe: return "unsafe";
    case ErrorCode::kUnsupported: return "unsupported";
    case ErrorCode::kInvalidModel: return "invalid_model";
    case ErrorCode::kResourceLimit: return "resource_limit";
    case ErrorCode::kUnavailable: return "unavailable";
    case ErrorCode::kMismatch: return "mismatch";
    case ErrorCode::kCancelled: return "cancelled";
  }
  return "unknown";
}

std::string Error::to_string() const {
  std::string text;
  if (!subject.empty()) text += subject + ": ";
  text += message;
  if (!hint.empty()) text += " (" + hint + ")";
  return text;
}

namespace internal {

void check_failed(const char* condition, const char* where, std::string_view note) {
  std::fprintf(stderr, "tessera: bug: check failed at %s: %s: %.*s\n", where, condition,
               static_cast<int>(note.size()), note.data());
  std::abort();
}

}  // namespace internal
}  // namespace tessera
