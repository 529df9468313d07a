// Requests that are wrong as HTTP: each is answered as documented, or its connection ends; the
// server goes on.
#include "running_server.h"

#include <gtest/gtest.h>

namespace tessera::test {
namespace {

class HostileRequests : public ServerTest {
 protected:
  // What else it may have seen, the server answers the next client.
  static void expect_alive(const RunningServer& server) {
    Client client(server.port());
    EXPECT_EQ(client.ask(post("/infer", kSmallWindow)).status, 200);
  }
};

struct Shape {
  const char* name;
  std::string bytes;
  int status;
};

class HostileShapes : public ServerTest, public ::testing::WithParamInterface<Shape> {};

// A second request stands behind each: it must never be answered, since two readers could disagree
// about where it begins.
TEST_P(HostileShapes, AreRefusedAndEndTheConnection) {
  RunningServer server(options());
  Client client(server.port());
  client.send(GetParam().bytes + get("/healthz"));
  Answer answer = client.answer();
  EXPECT_EQ(answer.status, GetParam().status) << answer.body;
  EXPECT_EQ(answer.headers["connection"], "close");
  EXPECT_FALSE(answer.json()["error"]["code"].get<std::string>().empty()) << answer.body;
  EXPECT_EQ(client.answer().status, 0);
  EXPECT_EQ(behaviour_->windows.load(), 0);
  Client next(server.port());
  EXPECT_EQ(next.ask(post("/infer", kSmallWindow)).status, 200);
}

std::string infer(const std::string& headers, const std::string& body) {
  return "POST /infer HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n" + headers +
         "\r\n" + body;
}

INSTANTIATE_TEST_SUITE_P(
    Smuggling, HostileShapes,
    ::testing::Values(
        Shape{"LengthAndChunked",
              infer("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
        Shape{"ChunkedAndLength",
              infer("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n"), 400},
        Shape{"TwoLengths", infer("Content-Length: 2\r\nContent-Length: 3\r\n", "{}"), 400},
        Shape{"TheSameLengthTwice", infer("Content-Length: 2\r\nContent-Length: 2\r\n", "{}"), 400},
        Shape{"ListOfLengths", infer("Content-Length: 2, 2\r\n", "{}"), 400},
        Shape{"NegativeLength", infer("Content-Length: -1\r\n", "{}"), 400},
        Shape{"SignedLength", infer("Content-Length: +2\r\n", "{}"), 400},
        Shape{"HexadecimalLength", infer("Content-Length: 0x2\r\n", "{}"), 400},
        Shape{"LengthBeyondNumbers", infer("Content-Length: 99999999999999999999999\r\n", "{}"),
              400},
        Shape{"OtherCoding", infer("Transfer-Encoding: gzip\r\n", ""), 400},
        Shape{"ChunkedTwice",
              infer("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
              400},
        Shape{"ChunkedThenIdentity", infer("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
              400},
        Shape{"GzipThenChunked", infer("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 400},
        Shape{"ChunkedInOldHttp",
              "POST /infer HTTP/1.0\r\nHost: t\r\nContent-Type: "
              "application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
              400},
        Shape{"BadChunkSize", infer("Transfer-Encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"),
              400},
        Shape{"ChunkSizeBeyondNumbers",
              infer("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n{}\r\n0\r\n\r\n"), 400},
        Shape{"ChunkLongerThanItSays",
              infer("Transfer-Encoding: chunked\r\n", "1\r\n{}\r\n0\r\n\r\n"), 400},
        Shape{"SpaceBeforeColon", infer("Content-Length : 2\r\n", "{}"), 400},
        Shape{"ControlInHeader", infer(std::string("X-A: b\0c\r\nContent-Length: 2\r\n", 30), "{}"),
              400},
        Shape{"BareLineFeeds", "POST /infer HTTP/1.1\nHost: t\nContent-Length: 2\n\n{}\n\n", 400},
        Shape{
            "NoHost",
            "POST /infer HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
            400},
        Shape{"TwoHosts", infer("Host: u\r\nContent-Length: 2\r\n", "{}"), 400},
        Shape{"NoHttp", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400},
        Shape{"OtherVersion", "GET /healthz HTTP/3.7\r\nHost: t\r\n\r\n", 400},
        Shape{"SpaceInTarget", "GET /heal thz HTTP/1.1\r\nHost: t\r\n\r\n", 400},
        Shape{"HugeHead", get("/healthz", "X-A: " + std::string(20000, 'a') + "\r\n"), 431},
        Shape{"ManyHeaders",
              [] {
                std::string headers;
                for (int i = 0; i < 3000; ++i) headers += "a: b\r\n";
                return get("/healthz", headers);
              }(),
              431}),
    [](const auto& shape) { return shape.param.name; });

TEST_F(HostileRequests, TwoGigabytesAreRefusedBeforeTheyAreSent) {
  RunningServer server(options());
  Client client(server.port());
  client.send(
      "POST /infer HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: "
      "2147483648\r\n\r\n");
  const Answer answer = client.answer();
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.field(), "body");
  EXPECT_TRUE(client.is_closed_within(5));
  Client waiting(server.port());
  waiting.send(
      "POST /infer HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: "
      "2147483648\r\nExpect: "
      "100-continue\r\n\r\n");
  EXPECT_EQ(waiting.answer().status, 413);  // and no 100 Continue before it
  expect_alive(server);
}

TEST_F(HostileRequests, ChunksWithoutEndAreCutAtTheLimit) {
  server::ServeOptions small = options();
  small.max_body_bytes = 100'000;
  RunningServer server(small);
  Client client(server.port());
  client.send(
      "POST /infer HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nTransfer-Encoding: "
      "chunked\r\n\r\n");
  const std::string chunk = "1000\r\n" + std::string(4096, ' ') + "\r\n";
  for (int i = 0; i < 100 && client.send(chunk); ++i) {
  }
  EXPECT_EQ(client.answer().status, 413);
  EXPECT_TRUE(client.is_closed_within(5));
  expect_alive(server);
}

TEST_F(HostileRequests, AChunkedBodyWithinTheLimitIsTaken) {
  RunningServer server(options());
  Client client(server.port());
  client.send(
      "POST /infer HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nTransfer-Encoding: "
      "chunked\r\n\r\n");
  for (const char c : kSmallWindow) client.send(std::string("1\r\n") + c + "\r\n");
  client.send("0\r\n\r\n");
  EXPECT_EQ(client.answer().status, 200);
}

TEST_F(HostileRequests, SlowHeadsAndBodiesTimeOut) {
  server::ServeOptions impatient = options();
  impatient.header_seconds = 0.4;
  impatient.body_seconds = 0.4;
  impatient.idle_seconds = 0.4;
  RunningServer server(impatient);
  Client head(server.port());
  Client body(server.port());
  Client idle(server.port());
  body.send(
      "POST /infer HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: "
      "50\r\n\r\n");
  const std::string slow =
      "GET /healthz HTTP/1.1\r\nHost: t\r\nX-A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  for (size_t i = 0; i < 8; ++i) {  // a byte now and then keeps nobody waiting
    head.send(slow.substr(i, 1));
    body.send(" ");
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  for (Client* client : {&head, &body}) {
    const Answer answer = client->answer();
    EXPECT_EQ(answer.status, 408);
    EXPECT_EQ(answer.code(), "request_timeout");
    EXPECT_TRUE(client->is_closed_within(5));
  }
  EXPECT_TRUE(idle.is_closed_within(2));
  EXPECT_TRUE(idle.pending().empty());  // nothing was asked
  expect_alive(server);
}

TEST_F(HostileRequests, ContentTypesAreLookedAt) {
  RunningServer server(options());
  Client client(server.port());
  for (const std::string type :
       {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
        "application/jsonp", "audio/wav"}) {
    Client each(server.port());
    const Answer answer = each.ask(post("/infer", kSmallWindow, type));
    EXPECT_EQ(answer.status, 415) << type;
    EXPECT_EQ(answer.field(), "Content-Type");
  }
  EXPECT_EQ(client.ask(post("/infer", kSmallWindow, "Application/JSON; charset=utf-8")).status,
            200);
  Client without(server.port());
  EXPECT_EQ(without.ask("POST /infer HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{}").status,
            415);
}

TEST_F(HostileRequests, PathsAreExactAndReachNoFile) {
  RunningServer server(options());
  for (const std::string target :
       {"/", "/infer/", "//infer", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/infer%00",
        "/INFER", "/v1/../infer", "/etc/passwd", "/v1/models/..", "/infer;a=b", "/healthz#x"}) {
    Client client(server.port());
    const Answer answer = client.ask(get(target));
    EXPECT_EQ(answer.status, 404) << target;
    EXPECT_EQ(answer.code(), "not_found");
  }
  for (const std::string target : {"http://evil/infer", "*", "infer"}) {
    Client client(server.port());
    EXPECT_EQ(client.ask(get(target)).status, 400) << target;
  }
  for (const std::string query :
       {"?model=%zz", "?model=%ff", "?model=a&model=b", "?other=1", "?model=%0a"}) {
    Client client(server.port());
    EXPECT_EQ(client.ask(post("/infer" + query, kSmallWindow)).status, 400) << query;
  }
}

TEST_F(HostileRequests, BodiesWhereNoneIsTakenEndTheConnection) {
  RunningServer server(options());
  for (const std::string headers : {"Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n"}) {
    for (const std::string target : {"/healthz", "/v1/stream"}) {
      Client client(server.port());
      client.send(get(target, headers + "Upgrade: websocket\r\nConnection: Upgrade\r\n") +
                  get("/healthz"));
      EXPECT_EQ(client.answer().status, 400) << headers << target;
      EXPECT_EQ(client.answer().status, 0);
    }
  }
  Client hasty(server.port());
  hasty.send(get("/v1/stream",
                 "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
                 "13\r\nSec-WebSocket-Key: "
                 "dGhlIHNhbXBsZSBub25jZQ==\r\n") +
             get("/healthz"));
  EXPECT_EQ(hasty.answer().status, 400);
  EXPECT_EQ(hasty.answer().status, 0);
}

TEST_F(HostileRequests, MethodsAreLookedAt) {
  RunningServer server(options());
  Client client(server.port());
  const Answer wrong = client.ask(get("/infer"));
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.at("allow"), "POST");
  EXPECT_EQ(client.ask("DELETE /healthz HTTP/1.1\r\nHost: t\r\n\r\n").headers.at("allow"), "GET");
  client.send("HEAD /healthz HTTP/1.1\r\nHost: t\r\n\r\n");
  const Answer head = client.answer(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_NE(head.headers.at("content-length"), "0");
  EXPECT_EQ(client.ask(get("/healthz")).status, 200);  // no body of the HEAD is in the way
  Client other(server.port());
  EXPECT_EQ(other.ask("BREW /infer HTTP/1.1\r\nHost: t\r\n\r\n").status, 405);
}

TEST_F(HostileRequests, TokensAreAskedForEverywhereButWhereHealthIsTold) {
  server::ServeOptions guarded = options();
  guarded.token = "0123456789abcdef0123456789abcdef";
  RunningServer server(guarded);
  const std::string right = "Authorization: Bearer " + guarded.token + "\r\n";
  for (const std::string& header : {std::string(), std::string("Authorization: Bearer \r\n"),
                                    std::string("Authorization: Bearer 0123456789abcdef\r\n"),
                                    "Authorization: Bearer " + guarded.token + "0\r\n",
                                    "Authorization: Basic " + guarded.token + "\r\n",
                                    "Authorization: " + guarded.token + "\r\n", right + right}) {
    Client client(server.port());
    const Answer answer = client.ask(post("/infer", kSmallWindow, "application/json", header));
    EXPECT_EQ(answer.status, header == right + right ? 400 : 401) << header;
    EXPECT_EQ(answer.field(), "Authorization");
    EXPECT_EQ(answer.body.find("0123456789"), std::string::npos);
    for (const std::string target : {"/metrics", "/v1/models", "/openapi.json", "/v1/stream"}) {
      Client other(server.port());
      EXPECT_NE(other.ask(get(target, header)).status, 200) << target;
    }
  }
  EXPECT_EQ(behaviour_->windows.load(), 0);
  Client client(server.port());
  EXPECT_EQ(client.ask(post("/infer", kSmallWindow, "application/json", right)).status, 200);
  EXPECT_EQ(client.ask(get("/metrics", right)).status, 200);
  EXPECT_EQ(client.ask(get("/healthz")).status, 200);
  EXPECT_EQ(client.ask(get("/readyz")).status, 200);
}

TEST_F(HostileRequests, EveryCutOfARequestLeavesTheServerAlive) {
  RunningServer server(options());
  const std::string whole = post("/infer", kSmallWindow);
  for (size_t size = 0; size < whole.size(); size += 3) {
    Client client(server.port());
    client.send(whole.substr(0, size));
    client.end_sending();
    const Answer answer = client.answer();
    EXPECT_TRUE(answer.status == 0 || answer.status == 400) << size << ": " << answer.status;
  }
  EXPECT_EQ(behaviour_->windows.load(), 0);
  expect_alive(server);
}

TEST_F(HostileRequests, ConnectionsBeyondTheLimitAreTold) {
  server::ServeOptions few = options();
  few.max_connections = 2;
  RunningServer server(few);
  auto first = std::make_unique<Client>(server.port());
  Client second(server.port());
  EXPECT_EQ(first->ask(get("/healthz")).status, 200);
  EXPECT_EQ(second.ask(get("/healthz")).status, 200);
  Client third(server.port());
  EXPECT_EQ(third.answer().status, 503);
  EXPECT_TRUE(third.is_closed_within(5));
  first.reset();
  for (int i = 0; i < 100; ++i) {
    Client next(server.port());
    if (next.ask(get("/healthz")).status == 200) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  FAIL() << "a place that is free again was not given away";
}

TEST_F(HostileRequests, BodiesShareTheMemoryMeantForThem) {
  server::ServeOptions tight = options();
  tight.max_body_memory_bytes = 300'000;
  RunningServer server(tight);
  const std::string head =
      "POST /v1/infer/batch HTTP/1.1\r\nHost: t\r\nContent-Type: "
      "application/json\r\nContent-Length: "
      "200000\r\n\r\n";
  Client first(server.port());
  first.send(head);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  Client second(server.port());
  second.send(head);
  EXPECT_EQ(second.answer().status, 429);
  first.send(std::string(200'000, ' '));
  EXPECT_EQ(first.answer().status, 422);
  Client third(server.port());
  third.send(head + std::string(200'000, ' '));
  EXPECT_EQ(third.answer().status, 422);
}

}  // namespace
}  // namespace tessera::test
