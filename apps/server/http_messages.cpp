#include "server/http_messages.h"

#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <cstdlib>

namespace tessera::server {

namespace beast = boost::beast;
namespace http = beast::http;

std::string text_of(beast::string_view text) {
  return {text.data(), text.size()};
}

Problem bad_request(std::string message, std::string field) {
  return {.status = 400,
          .code = "bad_request",
          .message = std::move(message),
          .field = std::move(field),
          .hint = "send HTTP/1.1 as RFC 9112 describes it"};
}

std::optional<Problem> problem_of_parsing(const beast::error_code& error, bool timed_out,
                                          uint64_t max_body_bytes) {
  if (error == http::error::body_limit) {
    return Problem{.status = 413,
                   .code = "payload_too_large",
                   .message = "is larger than the " + std::to_string(max_body_bytes) +
                              " bytes that are taken here",
                   .field = "body",
                   .hint = "send less at a time"};
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return Problem{.status = 431,
                   .code = "head_too_large",
                   .message = "is larger than " + std::to_string(kMaxHeadBytes) + " bytes",
                   .field = "head",
                   .hint = "send fewer or shorter headers"};
  }
  if (timed_out) {
    return Problem{.status = 408,
                   .code = "request_timeout",
                   .message = "did not arrive in time",
                   .field = "request",
                   .hint = "send it without pauses"};
  }
  if (error == http::error::partial_message) return bad_request("ends too early");
  if (error.category() == http::make_error_code(http::error::end_of_stream).category())
    return bad_request(error.message());
  return std::nullopt;
}

std::optional<Problem> problem_of_head(const HttpRequest& request) {
  const auto count = [&](http::field name) {
    const auto range = request.equal_range(name);
    return std::distance(range.first, range.second);
  };
  if (request.version() != 11 && request.version() != 10)
    return bad_request("speaks another version of HTTP", "version");
  if (count(http::field::host) > 1 || (request.version() == 11 && count(http::field::host) != 1))
    return bad_request("must be there once", "Host");
  const bool has_coding = count(http::field::transfer_encoding) > 0;
  const bool has_length = count(http::field::content_length) > 0;
  for (const char c : request[http::field::content_length]) {
    if (c < '0' || c > '9') return bad_request("is no number", "Content-Length");
  }
  if (has_coding && has_length)
    return bad_request("must not be there beside Content-Length", "Transfer-Encoding");
  if (count(http::field::content_length) > 1)
    return bad_request("is there more than once", "Content-Length");
  if (has_coding && (count(http::field::transfer_encoding) > 1 ||
                     !beast::iequals(request[http::field::transfer_encoding], "chunked") ||
                     request.version() == 10))
    return bad_request("is not 'chunked'", "Transfer-Encoding");
  if (count(http::field::content_type) > 1)
    return bad_request("is there more than once", "Content-Type");
  if (count(http::field::authorization) > 1)
    return bad_request("is there more than once", "Authorization");
  for (const auto& field : request) {
    for (const char c : field.value()) {
      if (static_cast<unsigned char>(c) < 0x20 && c != '\t')
        return bad_request("holds control characters",
                           std::string(field.name_string().substr(0, 40)));
    }
  }
  return std::nullopt;
}

RequestHead head_of(const HttpRequest& request) {
  RequestHead head;
  head.method = text_of(request.method_string());
  head.target = text_of(request.target());
  head.content_type = text_of(request[http::field::content_type]);
  head.accept = text_of(request[http::field::accept]);
  head.authorization = text_of(request[http::field::authorization]);
  head.origin = text_of(request[http::field::origin]);
  head.host = text_of(request[http::field::host]);
  const bool is_chunked = request.chunked();
  head.body_bytes = 0;
  const auto length = request.find(http::field::content_length);
  if (length != request.end())
    head.body_bytes = std::strtoull(text_of(length->value()).c_str(), nullptr, 10);
  if (is_chunked) head.body_bytes.reset();
  head.has_body = is_chunked || head.body_bytes.value_or(0) > 0;
  head.is_upgrade = beast::websocket::is_upgrade(request);
  return head;
}

HttpResponse message_of(const Response& response, const ResponseFraming& framing) {
  HttpResponse message;
  message.version(framing.version);
  message.result(static_cast<unsigned>(response.status));
  message.set(http::field::content_type, response.content_type);
  message.set("X-Request-Id", framing.id);
  message.set(http::field::cache_control, "no-store");
  message.set("X-Content-Type-Options", "nosniff");
  if (response.status == 401) message.set(http::field::www_authenticate, "Bearer");
  for (const auto& [name, value] : response.headers) message.set(name, value);
  message.keep_alive(framing.keep_alive);
  if (!framing.keep_alive) message.set(http::field::connection, "close");
  if (response.status == 426) {
    message.set(http::field::upgrade, "websocket");
    message.set(http::field::connection, framing.keep_alive ? "upgrade" : "upgrade, close");
  }
  message.content_length(response.body.size());
  return message;
}

}  // namespace tessera::server
