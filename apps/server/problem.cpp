#include "server/problem.h"

#include <fmt/format.h>

#include "base/json_fields.h"
#include "http_status.h"

namespace tessera::server {

Response response_of(const Problem& problem) {
  Json error{{"code", problem.code}};
  if (!problem.field.empty()) error["field"] = problem.field;
  error["message"] = problem.message;
  if (!problem.hint.empty()) error["hint"] = problem.hint;
  Response response;
  response.status = problem.status;
  response.body =
      Json{{"error", std::move(error)}}.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  if (problem.retry_after_seconds)
    response.headers.emplace_back("Retry-After", std::to_string(*problem.retry_after_seconds));
  if (!problem.allowed_methods.empty())
    response.headers.emplace_back("Allow", problem.allowed_methods);
  return response;
}

Problem problem_of(const Error& error) {
  Problem problem{http_status(error.code), std::string(to_string(error.code)), error.message,
                  error.subject, error.hint};
  if (problem.status == 503) problem.retry_after_seconds = 1;
  return problem;
}

Problem failure_of(const Error& error) {
  if (error.code == ErrorCode::kCancelled) return deadline_exceeded();
  return {.status = 503,
          .code = "unavailable",
          .message = "the network could not be evaluated: " + error.message,
          .hint = "try again later; /readyz and the log of the service tell more",
          .retry_after_seconds = 5};
}

Problem unknown_path(const std::string& path) {
  return {.status = 404,
          .code = "not_found",
          .message = fmt::format("there is nothing at {}", path.substr(0, 100)),
          .hint = "GET /openapi.json lists what there is"};
}

Problem method_not_allowed(const std::string& method, const std::string& allowed) {
  return {.status = 405,
          .code = "method_not_allowed",
          .message = fmt::format("{} is not what this path takes", method.substr(0, 20)),
          .hint = "use " + allowed,
          .allowed_methods = allowed};
}

Problem overloaded(const std::string& what) {
  return {.status = 429,
          .code = "too_many_requests",
          .message = what,
          .hint = "wait as long as Retry-After says, then send it again",
          .retry_after_seconds = 1};
}

Problem stopping() {
  return {.status = 503,
          .code = "stopping",
          .message = "the service is being stopped",
          .hint = "try again later",
          .retry_after_seconds = 5};
}

Problem deadline_exceeded() {
  return {
      .status = 503,
      .code = "deadline_exceeded",
      .message = "there was no answer in the time that a request may take; the work was cancelled",
      .hint = "send less at a time, or come again when less is going on",
      .retry_after_seconds = 1};
}

}  // namespace tessera::server
