#include "server/stream_connection.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <deque>
#include <memory>

#include "base/json_fields.h"

namespace tessera::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using beast::error_code;

constexpr size_t kMaxMessageBytes = size_t{1} << 20;  // 32 s of float samples at 8 kHz
constexpr std::chrono::seconds kHandshakeTime{10};

struct Message {
  std::string bytes;
  bool is_text = false;
};

std::string error_text(const Problem& problem) {
  Json document = Json::parse(response_of(problem).body);
  document["type"] = "error";
  return document.dump();
}

class StreamConnection final : public Connection,
                               public std::enable_shared_from_this<StreamConnection> {
 public:
  StreamConnection(beast::tcp_stream connection, HttpRequest request, PcmStream stream,
                   std::string id, ServerContext& context)
      : socket_(std::move(connection)),
        request_(std::move(request)),
        stream_(std::move(stream)),
        id_(std::move(id)),
        context_(context) {
    context_.opened(this);
    context_.metrics.streams(context_.streams);
  }
  ~StreamConnection() override {
    context_.closed(this);
    --context_.streams;
    context_.metrics.streams(context_.streams);
    context_.log.write(LogLevel::info, "stream_ended",
                       {{"id", id_},
                        {"samples", stream_.session().samples_taken()},
                        {"frames", stream_.frames_given()}});
  }

  void begin() {
    websocket::stream_base::timeout timeouts{
        kHandshakeTime,
        std::chrono::milliseconds(static_cast<int64_t>(1000 * context_.options.idle_seconds)),
        true};
    socket_.set_option(timeouts);
    socket_.read_message_max(kMaxMessageBytes);
    socket_.auto_fragment(false);  // a message is a frame, for clients that are simple
    socket_.async_accept(request_, [self = shared_from_this()](error_code error) {
      if (error) return;
      self->request_ = {};
      self->socket_.text(true);
      self->send({Service::stream_greeting(self->stream_), true}, [self] { self->read(); });
    });
  }

  // What a client has sent is answered; then the stream ends.
  void stopping() override {
    is_stopping_ = true;
    if (reading_ && !closing_) end(websocket::close_code::going_away, tessera::server::stopping());
  }
  void drain() override {}
  void abort() override { beast::get_lowest_layer(socket_).close(); }

 private:
  void read() {
    if (is_stopping_) {
      end(websocket::close_code::going_away, tessera::server::stopping());
      return;
    }
    reading_ = true;
    buffer_.clear();
    socket_.async_read(buffer_, [self = shared_from_this()](error_code error, size_t) {
      self->reading_ = false;
      if (error || self->closing_) return;  // the socket has told its peer why
      self->take();
    });
  }

  void take() {
    if (ended_) return read();
    if (socket_.got_text()) return take_command();
    const auto data = buffer_.data();
    auto bytes = std::make_shared<std::string>(static_cast<const char*>(data.data()), data.size());
    compute([bytes](PcmStream& stream) { return stream.push(*bytes); }, [this] { read(); });
  }

  void take_command() {
    const auto data = buffer_.data();
    const std::string_view text(static_cast<const char*>(data.data()), data.size());
    const Json command = Json::parse(text, nullptr, false);
    const bool is_end = command.is_object() && command.size() == 1 && command.contains("type") &&
                        command["type"].is_string() && command["type"] == "end";
    if (!is_end) {
      end(websocket::close_code::policy_error,
          {.status = 422,
           .code = "corrupt",
           .message = "is no message of this protocol",
           .field = "message",
           .hint = "send samples as binary messages, and {\"type\": \"end\"} after the last"});
      return;
    }
    ended_ = true;
    compute([](PcmStream& stream) { return stream.finish(); }, [this] { finish(); });
  }

  void finish() {
    const Json farewell{{"type", "end"},
                        {"samples", stream_.session().samples_taken()},
                        {"frames", stream_.frames_given()},
                        {"clipped_samples", stream_.clipped_samples()}};
    send({farewell.dump(), true},
         [self = shared_from_this()] { self->close(websocket::close_code::normal); });
  }

  // Elsewhere than on the thread of all connections; nothing is read meanwhile, so that a client
  // which sends faster than the network computes is slowed down by TCP. `then` runs once its bytes
  // are sent.
  void compute(std::function<Result<std::string>(PcmStream&)> work, std::function<void()> then) {
    const int64_t before = stream_.session().samples_taken();
    const bool taken = context_.service.tasks().submit(
        [self = shared_from_this(), work = std::move(work), then = std::move(then), before] {
          auto result = std::make_shared<Result<std::string>>(work(self->stream_));
          asio::post(self->context_.io,
                     [self, result, then, before] { self->computed(*result, then, before); });
        });
    if (!taken)
      end(websocket::close_code::try_again_later, overloaded("too much waits to be computed"));
  }

  void computed(Result<std::string>& result, const std::function<void()>& then, int64_t before) {
    context_.metrics.stream_samples(stream_.session().samples_taken() - before);
    if (!result) {
      const ErrorCode code = result.error().code;
      const bool of_client = code == ErrorCode::kCorrupt || code == ErrorCode::kInvalidArgument;
      end(of_client ? websocket::close_code::bad_payload : websocket::close_code::internal_error,
          of_client ? problem_of(result.error()) : failure_of(result.error()));
      return;
    }
    if (result->empty()) return then();
    send({std::move(*result), false}, then);
  }

  // One message at a time.
  void send(Message message, std::function<void()> then) {
    auto kept = std::make_shared<Message>(std::move(message));
    socket_.text(kept->is_text);
    socket_.async_write(
        asio::buffer(kept->bytes),
        [self = shared_from_this(), kept, then = std::move(then)](error_code error, size_t) {
          if (!error) then();
        });
  }

  void end(websocket::close_code code, const Problem& problem) {
    closing_ = true;
    send({error_text(problem), true}, [self = shared_from_this(), code] { self->close(code); });
  }
  void close(websocket::close_code code) {
    closing_ = true;
    socket_.async_close(code, [self = shared_from_this()](error_code) {});
  }

  websocket::stream<beast::tcp_stream> socket_;
  HttpRequest request_;
  PcmStream stream_;
  const std::string id_;
  ServerContext& context_;
  beast::flat_buffer buffer_;
  bool reading_ = false;
  bool ended_ = false;
  bool closing_ = false;
  bool is_stopping_ = false;
};

}  // namespace

void serve_stream(beast::tcp_stream connection, HttpRequest request, PcmStream stream,
                  std::string id, ServerContext& context) {
  std::make_shared<StreamConnection>(std::move(connection), std::move(request), std::move(stream),
                                     std::move(id), context)
      ->begin();
}

}  // namespace tessera::server
