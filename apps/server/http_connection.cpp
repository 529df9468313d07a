#include "server/http_connection.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/optional.hpp>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "server/stream_connection.h"

namespace tessera::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using beast::error_code;
using tcp = asio::ip::tcp;

constexpr uint32_t kMaxHeadBytes = 16 * 1024;
constexpr size_t kReadBytes = 8 * 1024;
// What a client may still send after it was refused, so that it reads the answer rather than a reset.
constexpr size_t kLingerBytes = size_t{1} << 20;
constexpr double kLingerSeconds = 2;

std::chrono::milliseconds duration(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

Problem bad_request(std::string message, std::string field = "request") {
  return {.status = 400,
          .code = "bad_request",
          .message = std::move(message),
          .field = std::move(field),
          .hint = "send HTTP/1.1 as RFC 9112 describes it"};
}

// Of what the parser refuses; none where the peer has gone.
std::optional<Problem> problem_of_parsing(const error_code& error, bool timed_out, uint64_t most) {
  if (error == http::error::body_limit) {
    return Problem{.status = 413,
                   .code = "payload_too_large",
                   .message = "is larger than the " + std::to_string(most) + " bytes that are taken here",
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

// What the parser lets pass and RFC 9112 does not: where two readers of one connection could see two different
// requests, it is refused.
std::optional<Problem> problem_of_head(const http::request<http::string_body>& request) {
  const auto count = [&](http::field name) {
    const auto range = request.equal_range(name);
    return std::distance(range.first, range.second);
  };
  if (request.version() != 11 && request.version() != 10) return bad_request("speaks another version of HTTP", "version");
  if (count(http::field::host) > 1 || (request.version() == 11 && count(http::field::host) != 1))
    return bad_request("must be there once", "Host");
  const bool has_coding = count(http::field::transfer_encoding) > 0;
  const bool has_length = count(http::field::content_length) > 0;
  if (has_coding && has_length) return bad_request("must not be there beside Content-Length", "Transfer-Encoding");
  if (count(http::field::content_length) > 1) return bad_request("is there more than once", "Content-Length");
  if (has_coding && (count(http::field::transfer_encoding) > 1 ||
                     !beast::iequals(request[http::field::transfer_encoding], "chunked") || request.version() == 10))
    return bad_request("is not 'chunked'", "Transfer-Encoding");
  if (count(http::field::content_type) > 1) return bad_request("is there more than once", "Content-Type");
  if (count(http::field::authorization) > 1) return bad_request("is there more than once", "Authorization");
  for (const auto& field : request) {
    for (const char c : field.value()) {
      if (static_cast<unsigned char>(c) < 0x20 && c != '\t')
        return bad_request("holds control characters", std::string(field.name_string().substr(0, 40)));
    }
  }
  return std::nullopt;
}

std::string text_of(beast::string_view text) {
  return {text.data(), text.size()};
}

class HttpConnection final : public Connection, public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(tcp::socket socket, ServerContext& context)
      : stream_(std::move(socket)), context_(context), timer_(context.io) {
    error_code ignored;
    const auto endpoint = stream_.socket().remote_endpoint(ignored);
    remote_ = ignored ? std::string() : endpoint.address().to_string();
    context_.opened(this);
  }
  ~HttpConnection() override {
    release_body();
    context_.closed(this);
  }

  void begin() { wait_for_request(); }

  void stopping() override {}
  void drain() override {
    if (waiting_) stream_.cancel();
  }
  void abort() override {
    cancel_work();
    close();
  }

 private:
  using Self = std::shared_ptr<HttpConnection>;

  // Idle connections hold a small buffer and no parser.
  void wait_for_request() {
    parser_.reset();
    if (buffer_.size() > 0) {
      read_head();
      return;
    }
    if (context_.draining) {
      close();
      return;
    }
    buffer_.shrink_to_fit();
    arm(context_.options.idle_seconds);
    read_first();
  }

  void read_first() {
    waiting_ = true;
    stream_.async_read_some(buffer_.prepare(kReadBytes), [self = shared_from_this()](error_code error, size_t bytes) {
      self->waiting_ = false;
      if (error == asio::error::operation_aborted && !self->timed_out_ && self->has_arrived()) {
        self->read_first();  // a request that came while this connection was being given up
      } else if (error) {
        self->close();
      } else {
        self->buffer_.commit(bytes);
        self->read_head();
      }
    });
  }
  bool has_arrived() {
    error_code error;
    return stream_.socket().available(error) > 0 && !error;
  }

  // What is under way is given up after so long. One timer serves, since one thing is under way at a time.
  void arm(double seconds) {
    timed_out_ = false;
    timer_.expires_after(duration(seconds));
    timer_.async_wait([self = shared_from_this(), number = ++timer_number_](error_code error) {
      if (error || self->timer_number_ != number) return;
      self->timed_out_ = true;
      self->stream_.cancel();
    });
  }
  void disarm() {
    ++timer_number_;
    timer_.cancel();
  }

  void read_head() {
    begun_ = Clock::now();
    id_ = context_.next_id();
    path_ = "other";
    method_.clear();
    target_.clear();
    version_ = 11;
    keep_alive_ = true;
    parser_.emplace();
    parser_->header_limit(kMaxHeadBytes);
    parser_->body_limit(std::numeric_limits<uint64_t>::max());  // admit() says it, by what the head asks for
    arm(context_.options.header_seconds);
    http::async_read_header(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, size_t) {
      self->take_head(error);
    });
  }

  void take_head(error_code error) {
    if (error == http::error::end_of_stream) {
      close();
      return;
    }
    if (error) {
      refuse_broken(error, 0);
      return;
    }
    const auto& request = parser_->get();
    method_ = text_of(request.method_string());
    target_ = text_of(request.target());
    keep_alive_ = request.keep_alive();
    version_ = request.version();
    is_head_ = request.method() == http::verb::head;
    if (version_ != 10 && version_ != 11) version_ = 11;
    if (const auto problem = problem_of_head(request)) {
      refuse(*problem);
      return;
    }
    RequestHead head = head_of(request);
    auto admitted = context_.service.admit(head);
    if (const auto* problem = std::get_if<Problem>(&admitted)) {
      // Without a body nothing is left unread.
      if (!head.has_body) {
        respond(response_of(*problem));
      } else {
        refuse(*problem);
      }
      return;
    }
    admission_ = std::move(std::get<Admission>(admitted));
    path_ = admission_.path;
    request_ = Request();
    request_.head = std::move(head);
    if (admission_.route->is_stream && request_.head.is_upgrade) {
      open_stream();
      return;
    }
    read_body(text_of(request[http::field::expect]));
  }

  static RequestHead head_of(const http::request<http::string_body>& request) {
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
    if (length != request.end()) head.body_bytes = std::strtoull(text_of(length->value()).c_str(), nullptr, 10);
    if (is_chunked) head.body_bytes.reset();
    head.has_body = is_chunked || head.body_bytes.value_or(0) > 0;
    head.is_upgrade = beast::websocket::is_upgrade(request);
    return head;
  }

  void read_body(const std::string& expectation) {
    const uint64_t most = admission_.max_body_bytes;
    // Set before any of it is parsed.
    parser_->body_limit(most);
    reserved_ = request_.head.body_bytes.value_or(most);
    if (context_.body_bytes + reserved_ > static_cast<uint64_t>(context_.options.max_body_memory_bytes)) {
      reserved_ = 0;
      refuse(overloaded("the bodies of other requests fill the memory that is meant for them"));
      return;
    }
    context_.body_bytes += reserved_;
    arm(context_.options.body_seconds);
    if (!request_.head.has_body || !beast::iequals(expectation, "100-continue")) {
      read_rest();
      return;
    }
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()),
                      [self = shared_from_this()](error_code error, size_t) {
                        if (error) {
                          self->close();
                        } else {
                          self->read_rest();
                        }
                      });
  }

  void read_rest() {
    if (parser_->is_done()) {
      dispatch();
      return;
    }
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code error, size_t) {
      if (error) {
        self->refuse_broken(error, self->admission_.max_body_bytes);
      } else {
        self->dispatch();
      }
    });
  }

  void dispatch() {
    request_.path = admission_.path;
    request_.query = admission_.query;
    request_.id = id_;
    request_.body = std::move(parser_->get().body());
    bytes_in_ = request_.body.size();
    const auto time = duration(admission_.deadline_seconds);
    request_.deadline = begun_ + time;
    cancelled_ = request_.cancelled;
    const uint64_t number = ++answer_;
    timer_.expires_at(request_.deadline);
    timer_.async_wait([self = shared_from_this(), number = ++timer_number_](error_code error) {
      if (error || self->timer_number_ != number) return;
      self->cancel_work();
      self->respond(response_of(deadline_exceeded()));
    });
    // Whatever comes after the first answer is late.
    context_.service.handle(admission_, std::move(request_),
                            [self = shared_from_this(), number](Response response) {
                              auto kept = std::make_shared<Response>(std::move(response));
                              asio::post(self->context_.io, [self, number, kept] {
                                if (self->answer_ == number) self->respond(std::move(*kept));
                              });
                            });
  }

  void open_stream() {
    if (context_.streams >= context_.options.max_streams) {
      respond(response_of(overloaded("as many streams are open as may be")));
      return;
    }
    ++context_.streams;
    disarm();
    const uint64_t number = ++answer_;
    auto query = std::make_shared<Query>(admission_.query);
    const bool taken = context_.service.tasks().submit([self = shared_from_this(), query, number] {
      auto opened = std::make_shared<std::variant<PcmStream, Problem>>(self->context_.service.open_stream(*query));
      asio::post(self->context_.io, [self, opened, number] {
        if (self->answer_ == number) {
          self->begin_stream(*opened);
        } else {
          --self->context_.streams;
        }
      });
    });
    if (taken) return;
    --context_.streams;
    respond(response_of(overloaded("too much waits to be done")));
  }

  void begin_stream(std::variant<PcmStream, Problem>& opened) {
    if (const auto* problem = std::get_if<Problem>(&opened)) {
      --context_.streams;
      respond(response_of(*problem));
      return;
    }
    log_answer(101, 0);
    ++answer_;
    serve_stream(std::move(stream_), parser_->release(), std::move(std::get<PcmStream>(opened)), id_, context_);
  }

  // A request of which nothing can be said about what follows it.
  void refuse(const Problem& problem) {
    keep_alive_ = false;
    respond(response_of(problem));
  }

  void refuse_broken(error_code error, uint64_t most) {
    const auto problem = problem_of_parsing(error, timed_out_, most);
    if (!problem) {
      close();
      return;
    }
    // So far the request is what was understood of it.
    is_head_ = false;
    refuse(*problem);
  }

  void respond(Response response) {
    ++answer_;
    disarm();
    release_body();
    if (context_.draining || context_.service.is_stopping()) keep_alive_ = false;
    auto message = std::make_shared<http::response<http::string_body>>();
    message->version(version_);
    message->result(static_cast<unsigned>(response.status));
    message->set(http::field::content_type, response.content_type);
    message->set("X-Request-Id", id_);
    message->set(http::field::cache_control, "no-store");
    message->set("X-Content-Type-Options", "nosniff");
    if (response.status == 401) message->set(http::field::www_authenticate, "Bearer");
    if (response.status == 426) message->set(http::field::upgrade, "websocket");
    for (const auto& [name, value] : response.headers) message->set(name, value);
    message->keep_alive(keep_alive_);
    if (response.status == 426) message->set(http::field::connection, keep_alive_ ? "upgrade" : "upgrade, close");
    message->content_length(response.body.size());
    log_answer(response.status, response.body.size());
    if (!is_head_) message->body() = std::move(response.body);
    arm(context_.options.write_seconds);
    if (is_head_) {
      auto serializer = std::make_shared<http::response_serializer<http::string_body>>(*message);
      http::async_write_header(stream_, *serializer,
                               [self = shared_from_this(), message, serializer](error_code error, size_t) {
                                 self->answered(error);
                               });
      return;
    }
    http::async_write(stream_, *message,
                      [self = shared_from_this(), message](error_code error, size_t) { self->answered(error); });
  }

  void answered(error_code error) {
    is_head_ = false;
    if (error) {
      close();
    } else if (!keep_alive_) {
      shut_down();
    } else {
      wait_for_request();
    }
  }

  void log_answer(int status, size_t bytes_out) {
    const double seconds = std::chrono::duration<double>(Clock::now() - begun_).count();
    context_.metrics.answered(path_, status, seconds);
    const LogLevel level = status >= 500 ? LogLevel::warning : LogLevel::info;
    context_.log.write(level, "request",
                       {{"id", id_},
                        {"remote", remote_},
                        {"method", std::string_view(method_).substr(0, 20)},
                        {"target", std::string_view(target_).substr(0, 200)},
                        {"status", static_cast<int64_t>(status)},
                        {"ms", 1e3 * seconds},
                        {"bytes_in", static_cast<int64_t>(bytes_in_)},
                        {"bytes_out", static_cast<int64_t>(bytes_out)}});
    bytes_in_ = 0;
  }

  void release_body() {
    context_.body_bytes -= reserved_;
    reserved_ = 0;
  }
  void cancel_work() {
    if (cancelled_) cancelled_->store(true);
  }

  // The answer is sent; what the client is still sending is read and dropped, for a while.
  void shut_down() {
    error_code error;
    stream_.socket().shutdown(tcp::socket::shutdown_send, error);
    if (error) {
      close();
      return;
    }
    parser_.reset();
    buffer_.clear();
    lingered_ = 0;
    arm(kLingerSeconds);
    linger();
  }
  void linger() {
    stream_.async_read_some(buffer_.prepare(kReadBytes), [self = shared_from_this()](error_code error, size_t bytes) {
      self->lingered_ += bytes;
      if (error || self->lingered_ > kLingerBytes) {
        self->close();
      } else {
        self->linger();
      }
    });
  }
  void close() {
    ++answer_;
    disarm();
    error_code ignored;
    stream_.socket().close(ignored);
  }

  beast::tcp_stream stream_;
  ServerContext& context_;
  asio::steady_timer timer_;  // of what is under way: idling, a head, a body, the work, an answer
  uint64_t timer_number_ = 0;
  bool timed_out_ = false;
  beast::flat_buffer buffer_{kMaxHeadBytes + 64 * 1024};
  boost::optional<http::request_parser<http::string_body>> parser_;
  std::string remote_;

  // Of the present request.
  Admission admission_;
  Request request_;
  std::shared_ptr<std::atomic<bool>> cancelled_;
  std::string id_;
  std::string method_;
  std::string target_;
  std::string path_;
  Clock::time_point begun_;
  uint64_t reserved_ = 0;
  size_t bytes_in_ = 0;
  bool keep_alive_ = true;
  unsigned version_ = 11;
  bool is_head_ = false;

  uint64_t answer_ = 0;  // changes with every request and every answer
  size_t lingered_ = 0;
  bool waiting_ = false;
};

}  // namespace

std::string ServerContext::next_id() {
  char text[40];
  std::snprintf(text, sizeof text, "%08llx-%llu", static_cast<unsigned long long>(id_prefix & 0xffffffffU),
                static_cast<unsigned long long>(++requests));
  return text;
}

void serve_connection(tcp::socket socket, ServerContext& context) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  std::make_shared<HttpConnection>(std::move(socket), context)->begin();
}

void refuse_connection(tcp::socket socket, ServerContext& context) {
  static const std::string kRefusal = [] {
    const Response response = response_of({.status = 503,
                                           .code = "too_many_connections",
                                           .message = "as many connections are open as may be",
                                           .hint = "wait as long as Retry-After says, then connect again",
                                           .retry_after_seconds = 1});
    return "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\nConnection: "
           "close\r\nContent-Length: " +
           std::to_string(response.body.size()) + "\r\n\r\n" + response.body;
  }();
  context.log.write(LogLevel::warning, "connection_refused", {});
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(kRefusal), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

}  // namespace tessera::server
