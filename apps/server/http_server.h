// HttpServer: a Service behind HTTP/1.1 and WebSocket.
//
//   TESSERA_TRY(auto server, HttpServer::start(options, log));   // listens, all models loaded
//   server->run([&] { return stop_wanted; });                    // until then; answers what was
//   accepted
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "server/event_log.h"
#include "server/serve_options.h"
#include "tessera/result.h"

namespace tessera::server {

class HttpServer {
 public:
  // Opens the models, then listens. Errors: those of Service::create(); kInvalidArgument for an
  // address that is none or that others reach without a token; kIo where it is taken.
  static Result<std::unique_ptr<HttpServer>> start(ServeOptions options, EventLog& log);
  ~HttpServer();

  // The address with the port that was taken: "http://127.0.0.1:8080".
  const std::string& url() const;
  uint16_t port() const;

  // Serves on this thread until `is_stop_wanted`, which is asked many times a second; then accepts
  // nothing more, answers what was accepted, and returns. Connections that are not done after
  // stop_seconds are cut: kCancelled.
  Result<void> run(const std::function<bool()>& is_stop_wanted);

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tessera::server
