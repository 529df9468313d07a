#include "server/http_connection.h"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/optional.hpp>
#include <limits>

#include "server/activity_timer.h"
#include "server/http_messages.h"
#include "server/lingering_close.h"
#include "server/stream_connection.h"

namespace tessera::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using beast::error_code;
using tcp = asio::ip::tcp;

constexpr size_t kReadBytes = 8 * 1024;

class HttpConnection final : public Connection,
                             public std::enable_shared_from_this<HttpConnection> {
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
    stream_.async_read_some(
        buffer_.prepare(kReadBytes), [self = shared_from_this()](error_code error, size_t bytes) {
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

  // What is under way is given up after so long.
  void arm(double seconds) {
    timed_out_ = false;
    timer_.start(seconds, [self = shared_from_this()] {
      self->timed_out_ = true;
      self->stream_.cancel();
    });
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
    parser_->body_limit(
        std::numeric_limits<uint64_t>::max());  // admit() says it, by what the head asks for
    arm(context_.options.header_seconds);
    head_bytes_ = 0;
    read_more_of_head();
  }
  // Beast 1.74 bounds the part of a head that it has not parsed, not all of it.
  void read_more_of_head() {
    http::async_read_some(stream_, buffer_, *parser_,
                          [self = shared_from_this()](error_code error, size_t bytes) {
                            self->head_bytes_ += bytes;
                            if (!error && self->head_bytes_ > kMaxHeadBytes)
                              error = http::error::header_limit;
                            if (error || self->parser_->is_header_done()) {
                              self->take_head(error);
                            } else {
                              self->read_more_of_head();
                            }
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
      // What follows would be read as frames by one and as a request by another.
      if (buffer_.size() > 0) {
        refuse(bad_request("goes on before its upgrade was answered"));
      } else {
        open_stream();
      }
      return;
    }
    read_body(text_of(request[http::field::expect]));
  }

  void read_body(const std::string& expectation) {
    const uint64_t most = admission_.max_body_bytes;
    // Set before any of it is parsed.
    parser_->body_limit(most);
    reserved_ = request_.head.body_bytes.value_or(most);
    if (context_.body_bytes + reserved_ >
        static_cast<uint64_t>(context_.options.max_body_memory_bytes)) {
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
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](error_code error, size_t) {
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
    request_.deadline = begun_ + duration_of(admission_.deadline_seconds);
    cancelled_ = request_.cancelled;
    const uint64_t number = ++answer_;
    timer_.start(request_.deadline, [self = shared_from_this()] {
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
    timer_.stop();
    const uint64_t number = ++answer_;
    auto query = std::make_shared<Query>(admission_.query);
    const bool taken = context_.service.tasks().submit([self = shared_from_this(), query, number] {
      auto opened = std::make_shared<std::variant<PcmStream, Problem>>(
          self->context_.service.open_stream(*query));
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
    serve_stream(std::move(stream_), parser_->release(), std::move(std::get<PcmStream>(opened)),
                 id_, context_);
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
    timer_.stop();
    release_body();
    if (context_.draining || context_.service.is_stopping()) keep_alive_ = false;
    auto message = std::make_shared<HttpResponse>(
        message_of(response, {.id = id_, .version = version_, .keep_alive = keep_alive_}));
    log_answer(response.status, response.body.size());
    if (!is_head_) message->body() = std::move(response.body);
    arm(context_.options.write_seconds);
    if (is_head_) {
      auto serializer = std::make_shared<http::response_serializer<http::string_body>>(*message);
      http::async_write_header(stream_, *serializer,
                               [self = shared_from_this(), message, serializer](
                                   error_code error, size_t) { self->answered(error); });
      return;
    }
    http::async_write(
        stream_, *message,
        [self = shared_from_this(), message](error_code error, size_t) { self->answered(error); });
  }

  void answered(error_code error) {
    is_head_ = false;
    if (error) {
      close();
    } else if (!keep_alive_) {
      timer_.stop();
      close_lingering(std::move(stream_));
    } else {
      wait_for_request();
    }
  }

  void log_answer(int status, size_t bytes_out) {
    const double seconds = std::chrono::duration<double>(Clock::now() - begun_).count();
    context_.metrics.answered(path_, status, seconds);
    log_request(context_.log,
                {id_, remote_, method_, target_, status, seconds, bytes_in_, bytes_out});
    bytes_in_ = 0;
  }

  void release_body() {
    context_.body_bytes -= reserved_;
    reserved_ = 0;
  }
  void cancel_work() {
    if (cancelled_) cancelled_->store(true);
  }

  void close() {
    ++answer_;
    timer_.stop();
    error_code ignored;
    stream_.socket().close(ignored);
  }

  beast::tcp_stream stream_;
  ServerContext& context_;
  ActivityTimer timer_;
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
  size_t head_bytes_ = 0;
  uint64_t reserved_ = 0;
  size_t bytes_in_ = 0;
  bool keep_alive_ = true;
  unsigned version_ = 11;
  bool is_head_ = false;

  uint64_t answer_ = 0;  // changes with every request and every answer
  bool waiting_ = false;
};

}  // namespace

void serve_connection(tcp::socket socket, ServerContext& context) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  std::make_shared<HttpConnection>(std::move(socket), context)->begin();
}

}  // namespace tessera::server
