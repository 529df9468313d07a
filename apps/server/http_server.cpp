#include "server/http_server.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstdio>
#include <random>
#include <vector>

#include "base/system_error.h"
#include "server/http_connection.h"

namespace tessera::server {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr int kBacklog = 1024;
constexpr std::chrono::milliseconds kPoll{20};  // between looks at is_stop_wanted
constexpr std::chrono::milliseconds kAcceptPause{
    100};  // where the system gives no more descriptors
constexpr int kSpareDescriptors = 64;

Error unusable(const std::string& host, uint16_t port, const error_code& error) {
  return TESSERA_ERROR(kIo, fmt::format("{}:{}", host, port),
                       "cannot be listened on: " + error.message(),
                       "choose another port, or stop what listens there");
}

Result<asio::ip::address> address_of(const std::string& host) {
  error_code error;
  const auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
  if (!error) return address;
  return TESSERA_ERROR(kInvalidArgument, "ServeOptions::host",
                       fmt::format("'{}' is no address", host),
                       "give an address of this machine, e.g. 127.0.0.1");
}

// As many connections as are allowed need as many descriptors.
void allow_descriptors(int count) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const auto wanted = static_cast<rlim_t>(count + kSpareDescriptors);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Too many are open.
void refuse_connection(tcp::socket socket, EventLog& log) {
  static const std::string kRefusal = [] {
    const Response response =
        response_of({.status = 503,
                     .code = "too_many_connections",
                     .message = "as many connections are open as may be",
                     .hint = "wait as long as Retry-After says, then connect again",
                     .retry_after_seconds = 1});
    return "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: "
           "1\r\nConnection: "
           "close\r\nContent-Length: " +
           std::to_string(response.body.size()) + "\r\n\r\n" + response.body;
  }();
  log.write(LogLevel::warning, "connection_refused", {});
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(kRefusal), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

}  // namespace

std::string ServerContext::next_id() {
  char text[40];
  std::snprintf(text, sizeof text, "%08llx-%llu",
                static_cast<unsigned long long>(id_prefix & 0xffffffffU),
                static_cast<unsigned long long>(++requests));
  return text;
}

struct HttpServer::State {
  State(ServeOptions given, EventLog& log_of_events)
      : options(std::move(given)), log(log_of_events) {}

  ServeOptions options;
  EventLog& log;
  Metrics metrics;
  asio::io_context io{1};
  std::unique_ptr<Service> service;
  std::unique_ptr<ServerContext> context;
  tcp::acceptor acceptor{io};
  asio::steady_timer accept_pause{io};
  std::string url;
  uint16_t port = 0;

  Result<void> listen();
  void accept();
  void take(tcp::socket socket);
  void begin_stopping();
};

Result<void> HttpServer::State::listen() {
  error_code error;
  if (options.listen_descriptor >= 0) {
    sockaddr_storage name{};
    socklen_t size = sizeof name;
    if (::getsockname(options.listen_descriptor, reinterpret_cast<sockaddr*>(&name), &size) != 0)
      return system_error(errno, "the socket that was passed", "read");
    acceptor.assign(name.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), options.listen_descriptor,
                    error);
    if (error) return unusable(options.host, options.port, error);
  } else {
    TESSERA_TRY(const asio::ip::address address, address_of(options.host));
    if (!address.is_loopback() && options.token.empty() && !options.allow_anonymous) {
      return TESSERA_ERROR(
          kInvalidArgument, "ServeOptions::token",
          fmt::format("is missing, and others reach {}", options.host),
          "set ServeOptions::token, or ServeOptions::allow_anonymous where everybody may use it");
    }
    const tcp::endpoint endpoint(address, options.port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(kBacklog, error);
    if (error) return unusable(options.host, options.port, error);
  }
  const tcp::endpoint local = acceptor.local_endpoint(error);
  if (error) return unusable(options.host, options.port, error);
  port = local.port();
  const std::string host = local.address().to_string();
  url = local.address().is_v6() ? fmt::format("http://[{}]:{}", host, port)
                                : fmt::format("http://{}:{}", host, port);
  return {};
}

void HttpServer::State::accept() {
  acceptor.async_accept([this](error_code error, tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (!error) {
      take(std::move(socket));
      accept();
      return;
    }
    // No descriptors, no memory: connections that end give them back.
    accept_pause.expires_after(kAcceptPause);
    accept_pause.async_wait([this](error_code stopped) {
      if (!stopped) accept();
    });
  });
}

void HttpServer::State::take(tcp::socket socket) {
  if (context->connections.size() >= static_cast<size_t>(options.max_connections)) {
    refuse_connection(std::move(socket), log);
  } else {
    serve_connection(std::move(socket), *context);
  }
}

// Connections that the system has accepted for us are ours: they are taken before the door is
// closed.
void HttpServer::State::begin_stopping() {
  service->begin_stopping();
  accept_pause.cancel();
  error_code error;
  acceptor.cancel(error);
  acceptor.non_blocking(true, error);
  for (;;) {
    tcp::socket socket(io);
    acceptor.accept(socket, error);
    if (error) break;
    take(std::move(socket));
  }
  acceptor.close(error);
  const std::vector<Connection*> connections(context->connections.begin(),
                                             context->connections.end());
  for (Connection* connection : connections) connection->stopping();
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() {
  if (state_ == nullptr || !state_->context) return;
  const std::vector<Connection*> left(state_->context->connections.begin(),
                                      state_->context->connections.end());
  for (Connection* connection : left) connection->abort();
  // Workers end, and their late answers reach connections that have ended; what these share goes
  // last.
  state_->service->begin_stopping();
  state_->service.reset();
  state_->io.restart();
  while (!state_->context->connections.empty() &&
         state_->io.run_one_for(std::chrono::seconds(1)) > 0) {
  }
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(ServeOptions options, EventLog& log) {
  allow_descriptors(options.max_connections);
  auto state = std::make_unique<State>(std::move(options), log);
  TESSERA_TRY_VOID(state->options.validate());
  // An address that cannot be used is told before minutes of loading.
  TESSERA_TRY_VOID(state->listen());
  TESSERA_TRY(state->service, Service::create(state->options, state->metrics, log));
  state->context = std::make_unique<ServerContext>(
      ServerContext{state->io, *state->service, state->options, state->metrics, log});
  state->context->id_prefix = std::random_device()();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

const std::string& HttpServer::url() const {
  return state_->url;
}
uint16_t HttpServer::port() const {
  return state_->port;
}

Result<void> HttpServer::run(const std::function<bool()>& is_stop_wanted) {
  State& state = *state_;
  state.log.write(LogLevel::info, "started", {{"url", state.url}});
  state.accept();
  asio::steady_timer poll(state.io);
  const std::function<void()> look = [&] {
    poll.expires_after(kPoll);
    poll.async_wait([&](error_code error) {
      if (error) return;
      if (is_stop_wanted()) {
        state.io.stop();
      } else {
        look();
      }
    });
  };
  look();
  state.io.run();
  state.log.write(LogLevel::info, "stopping",
                  {{"connections", static_cast<int64_t>(state.context->connections.size())}});
  state.io.restart();
  state.begin_stopping();
  const Clock::time_point begin = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  while (!state.context->connections.empty() && seconds() < state.options.stop_seconds) {
    if (!state.context->draining && seconds() >= state.options.drain_seconds) {
      state.context->draining = true;
      const std::vector<Connection*> idle(state.context->connections.begin(),
                                          state.context->connections.end());
      for (Connection* connection : idle) connection->drain();
    }
    state.io.run_for(kPoll);
    state.io.restart();
  }
  const auto left = static_cast<int64_t>(state.context->connections.size());
  state.log.write(left == 0 ? LogLevel::info : LogLevel::error, "stopped",
                  {{"connections_cut", left}});
  if (left == 0) return {};
  return TESSERA_ERROR(kCancelled, state.url,
                       fmt::format("{} connections were cut when the time to stop was over", left),
                       "set ServeOptions::stop_seconds to more");
}

}  // namespace tessera::server
