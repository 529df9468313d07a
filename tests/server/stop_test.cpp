// How the server begins and ends.
#include <gtest/gtest.h>

#include "running_server.h"

namespace tessera::test {
namespace {

class Stop : public ServerTest {};

TEST_F(Stop, AnswersWhatItHasAccepted) {
  server::ServeOptions slow = options();
  behaviour_->delay_ms = 400;
  slow.max_batch = 1;
  RunningServer server(slow);
  Client working(server.port());
  Client waiting(server.port());
  Client idle(server.port());
  Client body(server.port());
  ASSERT_EQ(idle.ask(get("/healthz")).status, 200);
  working.send(post("/infer", kSmallWindow));
  waiting.send(post("/infer", kSmallWindow));
  const std::string request = post("/infer", kSmallWindow);
  body.send(request.substr(0, request.size() - 5));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  server.begin_stopping();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  Client late(server.port());
  EXPECT_FALSE(late.connected() && late.ask(get("/healthz")).status != 0);
  body.send(request.substr(request.size() - 5));
  for (Client* client : {&working, &waiting, &body}) {
    const Answer answer = client->answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.at("connection"), "close");
    EXPECT_TRUE(client->is_closed_within(5));
  }
  EXPECT_TRUE(idle.is_closed_within(5));
  EXPECT_TRUE(server.stop());
}

TEST_F(Stop, AConnectionThatIsKeptMayAskOnceMore) {
  server::ServeOptions patient = options();
  patient.drain_seconds = 1;
  RunningServer server(patient);
  Client client(server.port());
  ASSERT_EQ(client.ask(get("/readyz")).status, 200);
  server.begin_stopping();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const Answer last = client.ask(get("/readyz"));
  EXPECT_EQ(last.status, 503);
  EXPECT_EQ(last.code(), "stopping");
  EXPECT_EQ(last.headers.at("connection"), "close");
  EXPECT_TRUE(server.stop());
}

TEST_F(Stop, CutsWhatDoesNotEnd) {
  server::ServeOptions hurried = options();
  hurried.stop_seconds = 0.5;
  RunningServer server(hurried);
  Client client(server.port());
  client.send("POST /infer HTTP/1.1\r\nHost: t\r\n");  // and nothing more
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  const auto begin = std::chrono::steady_clock::now();
  const Result<void> ended = server.stop();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

// Servers follow each other on one port while clients ask without pause. Whoever was accepted is
// answered.
TEST_F(Stop, ARestartUnderLoadLosesNoAcceptedRequest) {
  Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 512), 0);
  socklen_t size = sizeof address;
  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  const uint16_t port = ntohs(address.sin_port);

  std::atomic<bool> done{false};
  std::atomic<int> answered{0};
  std::atomic<int> lost{0};
  std::vector<std::thread> clients;
  for (int t = 0; t < 6; ++t) {
    clients.emplace_back([&, t] {
      auto client = std::make_unique<Client>(port);
      for (int i = 0; !done; ++i) {
        const int value = t * 100000 + i;
        Answer answer =
            client->ask(post("/infer", "{\"x\": [[" + std::to_string(value) + ",0,0],[0,0,0]]}"));
        if (answer.status == 200 && answer.json()["latent"][0] == value) {
          ++answered;
        } else {
          ++lost;
        }
        if (answer.status == 0 || answer.headers["connection"] == "close")
          client = std::make_unique<Client>(port);
      }
    });
  }
  for (int generation = 0; generation < 5; ++generation) {
    server::ServeOptions passed = options();
    passed.listen_descriptor =
        ::dup(listener.get());  // as systemd keeps a socket while services come and go
    RunningServer server(passed);
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    EXPECT_TRUE(server.stop());
  }
  server::ServeOptions last = options();
  last.listen_descriptor = ::dup(listener.get());
  RunningServer server(last);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  done = true;
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(lost.load(), 0);
  EXPECT_GT(answered.load(), 100);
}

TEST_F(Stop, AddressesThatOthersReachNeedATokenOrConsent) {
  server::EventLog log(server::LogLevel::error);
  server::ServeOptions open = options();
  open.host = "0.0.0.0";
  open.port = 0;
  const auto refused = server::HttpServer::start(open, log);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().subject, "ServeOptions::token");
  open.allow_anonymous = true;
  EXPECT_TRUE(server::HttpServer::start(open, log));
  open.allow_anonymous = false;
  open.token = "0123456789abcdef";
  EXPECT_TRUE(server::HttpServer::start(open, log));
}

TEST_F(Stop, OptionsThatMeanNothingAreRefusedByName) {
  server::EventLog log(server::LogLevel::error);
  const auto subject_of = [&](const std::function<void(server::ServeOptions&)>& change) {
    server::ServeOptions options = this->options();
    options.port = 0;
    change(options);
    const auto started = server::HttpServer::start(options, log);
    return started ? std::string() : started.error().subject;
  };
  EXPECT_EQ(subject_of([](auto& options) { options.models.clear(); }), "ServeOptions::models");
  EXPECT_EQ(subject_of([](auto& options) { options.models[0].name = "a/b"; }),
            "ServeOptions::models");
  EXPECT_EQ(subject_of([](auto& options) { options.models.push_back(options.models[0]); }),
            "ServeOptions::models");
  EXPECT_EQ(subject_of([](auto& options) { options.queue = 0; }), "ServeOptions::queue");
  EXPECT_EQ(subject_of([](auto& options) { options.idle_seconds = -1; }),
            "ServeOptions::idle_seconds");
  EXPECT_EQ(subject_of([](auto& options) { options.token = "short"; }), "ServeOptions::token");
  EXPECT_EQ(subject_of([](auto& options) { options.token = "0123456789 abcdef"; }),
            "ServeOptions::token");
  EXPECT_EQ(subject_of([](auto& options) { options.host = "nowhere"; }), "ServeOptions::host");
  EXPECT_EQ(subject_of([](auto& options) {
              options.models[0] = {"missing", "/nonexistent/net.pth"};
            }),
            "/nonexistent/net.pth");
}

TEST_F(Stop, APortThatIsTakenIsToldBeforeTheModelsAreLoaded) {
  RunningServer server(options());
  server::EventLog log(server::LogLevel::error);
  server::ServeOptions same = options();
  same.models[0].open_windows = []() -> Result<std::unique_ptr<WindowModel>> {
    ADD_FAILURE() << "loaded";
    return TESSERA_ERROR(kUnavailable, "", "", "");
  };
  same.port = server.port();
  const auto second = server::HttpServer::start(same, log);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kIo);
}

// Connections that only wait cost little.
TEST_F(Stop, AThousandIdleConnectionsCostFewMegabytes) {
  RunningServer server(options());
  const auto resident_bytes = [] {
    long pages = 0;
    std::FILE* file = std::fopen("/proc/self/statm", "r");
    EXPECT_EQ(std::fscanf(file, "%*s %ld", &pages), 1);
    std::fclose(file);
    return pages * ::sysconf(_SC_PAGESIZE);
  };
  std::vector<std::unique_ptr<Client>> clients;
  const long before = resident_bytes();
  for (int i = 0; i < 1000; ++i) {
    clients.push_back(std::make_unique<Client>(server.port()));
    ASSERT_TRUE(clients.back()->connected()) << i;
  }
  for (auto& client : clients) ASSERT_EQ(client->ask(post("/infer", kSmallWindow)).status, 200);
  EXPECT_LT(resident_bytes() - before, 100L << 20);
  RecordProperty("bytes", static_cast<int>(resident_bytes() - before));
}

}  // namespace
}  // namespace tessera::test
