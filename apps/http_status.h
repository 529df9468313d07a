// The one table that maps errors to HTTP statuses, beside that of exit codes.
#pragma once

#include <array>

#include "tessera/result.h"

namespace tessera {

struct HttpStatus {
  ErrorCode error;
  int status;
};

// Errors of what a client sent. What fails inside the service is told as 503, whatever its code: a
// client can do nothing but come again, and never gets an answer that was not computed.
inline constexpr std::array<HttpStatus, 13> kHttpStatuses{{
    {ErrorCode::kInvalidArgument, 400},
    {ErrorCode::kNotFound, 404},
    {ErrorCode::kAlreadyExists, 409},
    {ErrorCode::kIo, 503},
    {ErrorCode::kNoSpace, 503},
    {ErrorCode::kCorrupt, 422},
    {ErrorCode::kUnsafe, 422},
    {ErrorCode::kUnsupported, 415},
    {ErrorCode::kInvalidModel, 503},
    {ErrorCode::kResourceLimit, 413},
    {ErrorCode::kUnavailable, 503},
    {ErrorCode::kMismatch, 503},
    {ErrorCode::kCancelled, 503},
}};

constexpr int http_status(ErrorCode error) {
  for (const HttpStatus& row : kHttpStatuses) {
    if (row.error == error) return row.status;
  }
  return 503;
}

}  // namespace tessera
