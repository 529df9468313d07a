// Between Beast's messages and the service's.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "server/http_types.h"
#include "server/problem.h"

namespace tessera::server {

using HttpRequest = boost::beast::http::request<boost::beast::http::string_body>;
using HttpResponse = boost::beast::http::response<boost::beast::http::string_body>;

inline constexpr uint32_t kMaxHeadBytes = 16 * 1024;

std::string text_of(boost::beast::string_view text);

// 400, where a client does not follow RFC 9112.
Problem bad_request(std::string message, std::string field = "request");

// Of what Beast's parser refuses, or of a request that did not come in time; `max_body_bytes` is
// what was allowed. None where the peer has gone.
std::optional<Problem> problem_of_parsing(const boost::beast::error_code& error, bool timed_out,
                                          uint64_t max_body_bytes);

// What the parser lets pass and RFC 9112 does not: where two readers of one connection could see
// two different requests, it is refused.
std::optional<Problem> problem_of_head(const HttpRequest& request);

RequestHead head_of(const HttpRequest& request);

struct ResponseFraming {
  std::string id;  // of the request
  unsigned version = 11;
  bool keep_alive = true;
};

// All but the body.
HttpResponse message_of(const Response& response, const ResponseFraming& framing);

}  // namespace tessera::server
