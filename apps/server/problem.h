// Problem: why a request was refused, as its answer tells it.
//
//   {"error": {"code": "invalid_argument", "field": "x", "message": "has 105 rows; the network
//   takes 100",
//              "hint": "send 100 rows of 9 numbers"}}
#pragma once

#include <optional>
#include <string>

#include "server/http_types.h"
#include "tessera/result.h"

namespace tessera::server {

struct Problem {
  int status = 400;
  std::string code;  // stable, for programs
  std::string message;
  std::string field = {};  // of the request: "x[3][2]", "model", "Content-Type"
  std::string hint = {};
  std::optional<int> retry_after_seconds = {};
  std::string allowed_methods = {};  // with 405
};

Response response_of(const Problem& problem);

// Of what a client sent, by apps/http_status.h.
Problem problem_of(const Error& error);
// Of the service itself: 503, "unavailable".
Problem failure_of(const Error& error);

Problem unknown_path(const std::string& path);
Problem method_not_allowed(const std::string& method, const std::string& allowed);
Problem overloaded(const std::string& what);  // 429
Problem stopping();                           // 503
Problem deadline_exceeded();                  // 503

}  // namespace tessera::server
