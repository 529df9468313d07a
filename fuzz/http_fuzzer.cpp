// Any bytes as what a client sends to the service, over a real connection: each answer is one of
// HTTP with a status that the service documents, and the connection ends when the client's side
// does.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <thread>

#include "base/descriptor.h"
#include "server/http_server.h"

namespace {

using namespace tessera;

// Sums of columns.
class Sums final : public WindowModel {
 public:
  WindowContract contract() const override {
    return {.rows = 2, .columns = 3, .devices = 1, .ranges = {}};
  }
  int64_t latent_values() const override { return 3; }
  std::string backend() const override { return "sums"; }
  Arithmetic arithmetic() const override { return Arithmetic::float32; }
  Result<void> run(std::span<const ConstValues> windows, std::span<const Values> latents) override {
    for (size_t i = 0; i < windows.size(); ++i) {
      for (size_t c = 0; c < 3; ++c) latents[i][c] = windows[i][2 * c] + windows[i][2 * c + 1];
    }
    return {};
  }
};

// One for all inputs; it ends with the process.
uint16_t server_port() {
  static const uint16_t port = [] {
    server::ServeOptions options;
    options.port = 0;
    options.workers = 1;
    options.max_body_bytes = 1 << 16;
    options.models = {{"sums", "", []() -> Result<std::unique_ptr<WindowModel>> {
                         return std::unique_ptr<WindowModel>(std::make_unique<Sums>());
                       }}};
    static auto* log = new server::EventLog(server::LogLevel::error);
    auto started = server::HttpServer::start(options, *log);
    TESSERA_CHECK(started.has_value(), "the server starts");
    static server::HttpServer* server = started->release();
    std::thread([] { (void)server->run([] { return false; }).has_value(); }).detach();
    return server->port();
  }();
  return port;
}

std::string exchange(const uint8_t* data, size_t size) {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server_port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience{8, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  TESSERA_CHECK(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0,
                "the server accepts");
  for (size_t sent = 0; sent < size;) {
    const ssize_t got = ::send(socket.get(), data + sent, size - sent, MSG_NOSIGNAL);
    if (got <= 0) break;
    sent += static_cast<size_t>(got);
  }
  ::shutdown(socket.get(), SHUT_WR);
  std::string answers;
  char buffer[8192];
  ssize_t got = 0;
  while ((got = ::recv(socket.get(), buffer, sizeof buffer, 0)) > 0)
    answers.append(buffer, static_cast<size_t>(got));
  TESSERA_CHECK(got == 0 || errno == ECONNRESET, "the connection ends");
  return answers;
}

void check_answers(std::string_view answers) {
  static const std::set<int> kStatuses = {100, 200, 400, 401, 403, 404, 405, 408,
                                          413, 415, 422, 426, 429, 431, 503};
  while (!answers.empty()) {
    TESSERA_CHECK(answers.starts_with("HTTP/1.1 ") || answers.starts_with("HTTP/1.0 "),
                  "an answer is one of HTTP");
    const int status = std::atoi(std::string(answers.substr(9, 3)).c_str());
    TESSERA_CHECK(kStatuses.contains(status), "the status is a documented one");
    const size_t end = answers.find("\r\n\r\n");
    TESSERA_CHECK(end != std::string_view::npos, "the head of an answer ends");
    const std::string head(answers.substr(0, end + 2));
    answers.remove_prefix(end + 4);
    if (status == 100) continue;
    const size_t length = head.find("Content-Length: ");
    TESSERA_CHECK(length != std::string::npos, "an answer tells its length");
    const size_t size = std::strtoul(head.c_str() + length + 16, nullptr, 10);
    // An answer to HEAD has no body: it is the last one, or the next one follows at once.
    if (answers.starts_with("HTTP/1.") || answers.empty()) continue;
    TESSERA_CHECK(answers.size() >= size, "an answer is whole");
    answers.remove_prefix(size);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  check_answers(exchange(data, size));
  return 0;
}
