// A server in this process, and a client that sends whatever bytes a test wants.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "base/descriptor.h"
#include "server/http_server.h"

namespace tessera::test {

using Json = nlohmann::ordered_json;

// A network that a test understands: the latent of a window is the sum of each of its columns.
struct FakeBehaviour {
  std::atomic<int> delay_ms{0};
  std::atomic<bool> fails{false};
  std::atomic<bool> gives_nan{false};
  std::atomic<int> windows{0};  // that were evaluated
};

class FakeWindows final : public WindowModel {
 public:
  FakeWindows(WindowContract contract, std::shared_ptr<FakeBehaviour> behaviour)
      : contract_(std::move(contract)), behaviour_(std::move(behaviour)) {}

  WindowContract contract() const override { return contract_; }
  int64_t latent_values() const override { return contract_.columns * contract_.devices; }
  std::string backend() const override { return "fake"; }
  Arithmetic arithmetic() const override { return Arithmetic::float32; }
  Result<void> run(std::span<const ConstValues> windows, std::span<const Values> latents) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(behaviour_->delay_ms.load()));
    if (behaviour_->fails)
      return TESSERA_ERROR(kUnavailable, "device", "does not answer", "plug it in");
    for (size_t i = 0; i < windows.size(); ++i) {
      for (size_t row = 0; row < latents[i].size(); ++row) {
        float sum = behaviour_->gives_nan ? std::numeric_limits<float>::quiet_NaN() : 0.0F;
        for (int64_t t = 0; t < contract_.rows; ++t)
          sum += windows[i][row * static_cast<size_t>(contract_.rows) + static_cast<size_t>(t)];
        latents[i][row] = sum;
      }
    }
    behaviour_->windows += static_cast<int>(windows.size());
    return {};
  }

 private:
  WindowContract contract_;
  std::shared_ptr<FakeBehaviour> behaviour_;
};

inline WindowContract small_contract() {
  return {.rows = 2, .columns = 3, .devices = 1, .ranges = {}};
}
inline WindowContract imu_contract() {
  return {.rows = 100, .columns = 9, .devices = 1, .ranges = imu_ranges()};
}

inline server::ServedModel fake_model(const std::string& name, const WindowContract& contract,
                                      std::shared_ptr<FakeBehaviour> behaviour) {
  return {name, "", [contract, behaviour]() -> Result<std::unique_ptr<WindowModel>> {
            return std::unique_ptr<WindowModel>(std::make_unique<FakeWindows>(contract, behaviour));
          }};
}

class RunningServer {
 public:
  explicit RunningServer(server::ServeOptions options) : log_(server::LogLevel::error) {
    options.port = 0;
    options.workers = std::max(1, options.workers);
    auto started = server::HttpServer::start(std::move(options), log_);
    EXPECT_TRUE(started) << started.error().to_string();
    if (!started) return;
    server_ = std::move(*started);
    thread_ = std::thread([this] { ended_ = server_->run([this] { return stop_.load(); }); });
  }
  ~RunningServer() { (void)stop().has_value(); }

  uint16_t port() const { return server_->port(); }
  void begin_stopping() { stop_ = true; }
  // What run() gave.
  Result<void> stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    return ended_;
  }

 private:
  server::EventLog log_;
  std::unique_ptr<server::HttpServer> server_;
  std::atomic<bool> stop_{false};
  Result<void> ended_;
  std::thread thread_;
};

struct Answer {
  int status = 0;                              // 0: the connection ended without one
  std::map<std::string, std::string> headers;  // names in small letters
  std::string body;

  Json json() const { return Json::parse(body, nullptr, false); }
  std::string field() const {
    const Json document = json();
    return document.is_object() ? document.value("/error/field"_json_pointer, std::string())
                                : std::string();
  }
  std::string code() const {
    const Json document = json();
    return document.is_object() ? document.value("/error/code"_json_pointer, std::string())
                                : std::string();
  }
};

class Client {
 public:
  explicit Client(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        ::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }

  bool connected() const { return connected_; }
  // As much as the server takes; false where it has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  void end_sending() { ::shutdown(socket_.get(), SHUT_WR); }

  // Waits for more bytes; false at the end of the connection or after `seconds`.
  bool read_more(double seconds = 20) {
    pollfd ready{socket_.get(), POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(seconds * 1000)) <= 0) return false;
    char buffer[65536];
    const ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
    if (got <= 0) {
      closed_ = true;
      return false;
    }
    pending_.append(buffer, static_cast<size_t>(got));
    return true;
  }

  // The next answer; those of 100 Continue are passed over.
  Answer answer(bool of_head = false) {
    Answer answer;
    size_t end = 0;
    while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) return {};
    }
    const std::string head = pending_.substr(0, end + 2);
    pending_.erase(0, end + 4);
    answer.status = std::atoi(head.substr(head.find(' ') + 1, 3).c_str());
    if (answer.status == 100) return this->answer(of_head);
    for (size_t at = head.find("\r\n") + 2; at < head.size();) {
      const size_t line_end = head.find("\r\n", at);
      const std::string line = head.substr(at, line_end - at);
      const size_t colon = line.find(": ");
      std::string name = line.substr(0, colon);
      std::transform(name.begin(), name.end(), name.begin(), ::tolower);
      answer.headers[name] = line.substr(colon + 2);
      at = line_end + 2;
    }
    if (of_head || answer.status == 101) return answer;
    const size_t size = std::stoul(answer.headers["content-length"]);
    while (pending_.size() < size) {
      if (!read_more()) return {};
    }
    answer.body = pending_.substr(0, size);
    pending_.erase(0, size);
    return answer;
  }
  Answer ask(std::string_view request) {
    send(request);
    return answer();
  }

  // Whether the server ends the connection within `seconds`.
  bool is_closed_within(double seconds) {
    const auto begin = std::chrono::steady_clock::now();
    while (!closed_ &&
           std::chrono::steady_clock::now() - begin < std::chrono::duration<double>(seconds))
      read_more(0.05);
    return closed_;
  }
  std::string& pending() { return pending_; }
  int descriptor() const { return socket_.get(); }

 private:
  Descriptor socket_;
  std::string pending_;
  bool connected_ = false;
  bool closed_ = false;
};

inline std::string post(const std::string& target, std::string_view body,
                        const std::string& type = "application/json",
                        const std::string& headers = "") {
  return "POST " + target + " HTTP/1.1\r\nHost: t\r\nContent-Type: " + type + "\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}
inline std::string get(const std::string& target, const std::string& headers = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: t\r\n" + headers + "\r\n";
}

inline const std::string kSmallWindow = R"({"x": [[1, 2, 3], [4, 5, 6]]})";

// A small network under the name "sums".
class ServerTest : public ::testing::Test {
 protected:
  server::ServeOptions options() const {
    server::ServeOptions options;
    options.models = {fake_model("sums", small_contract(), behaviour_)};
    return options;
  }
  std::shared_ptr<FakeBehaviour> behaviour_ = std::make_shared<FakeBehaviour>();
};

}  // namespace tessera::test
