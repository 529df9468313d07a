// The target of a request: its path and query.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "server/http_types.h"
#include "server/problem.h"

namespace tessera::server {

struct Target {
  std::string path;  // as it was sent: nothing in it is decoded or resolved
  Query query;       // decoded
};

// Problems: 400 for a target that is no path, a query that is not percent-encoded UTF-8, or a
// parameter that is there twice.
std::variant<Target, Problem> parse_target(std::string_view target);

}  // namespace tessera::server
