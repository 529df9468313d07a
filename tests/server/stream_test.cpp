// Streams over WebSocket, frame by frame as RFC 6455 has them.
#include <gtest/gtest.h>

#include <cstring>

#include "running_server.h"
#include "support/recordings.h"
#include "tessera/streaming.h"

namespace tessera::test {
namespace {

const std::string kCausal = TESSERA_SOURCE_DIR "/models/convtasnet_demo_causal_8k.pth";

enum Opcode : uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10
};

std::string frame(uint8_t opcode, std::string_view payload, bool is_final = true,
                  bool is_masked = true) {
  std::string bytes(1, static_cast<char>((is_final ? 0x80 : 0) | opcode));
  const auto mask_bit = static_cast<uint8_t>(is_masked ? 0x80 : 0);
  if (payload.size() < 126) {
    bytes += static_cast<char>(mask_bit | payload.size());
  } else if (payload.size() < 65536) {
    bytes += static_cast<char>(mask_bit | 126);
    for (int shift = 8; shift >= 0; shift -= 8) bytes += static_cast<char>(payload.size() >> shift);
  } else {
    bytes += static_cast<char>(mask_bit | 127);
    for (int shift = 56; shift >= 0; shift -= 8)
      bytes += static_cast<char>(payload.size() >> shift);
  }
  const char mask[4] = {0x12, 0x34, 0x56, 0x78};
  if (is_masked) bytes.append(mask, 4);
  for (size_t i = 0; i < payload.size(); ++i)
    bytes += is_masked ? static_cast<char>(payload[i] ^ mask[i % 4]) : payload[i];
  return bytes;
}

struct Message {
  int opcode = -1;  // -1: the connection ended without one
  std::string payload;

  Json json() const { return Json::parse(payload, nullptr, false); }
  int close_code() const {
    if (payload.size() < 2) return 0;
    return static_cast<uint8_t>(payload[0]) * 256 + static_cast<uint8_t>(payload[1]);
  }
};

Message next_message(Client& client) {
  std::string& bytes = client.pending();
  const auto need = [&](size_t count) {
    while (bytes.size() < count) {
      if (!client.read_more()) return false;
    }
    return true;
  };
  if (!need(2)) return {};
  Message message;
  message.opcode = bytes[0] & 0x0f;
  size_t size = static_cast<uint8_t>(bytes[1]) & 0x7f;
  size_t at = 2;
  const size_t extended = size == 126 ? 2 : size == 127 ? 8 : 0;
  if (!need(at + extended)) return {};
  if (extended > 0) {
    size = 0;
    for (size_t i = 0; i < extended; ++i) size = size * 256 + static_cast<uint8_t>(bytes[at + i]);
  }
  at += extended;
  if (!need(at + size)) return {};
  message.payload = bytes.substr(at, size);
  bytes.erase(0, at + size);
  return message;
}

std::string upgrade(const std::string& query = "", const std::string& headers = "") {
  return get("/v1/stream" + query,
             "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
                 headers);
}

std::string bytes_of(std::span<const float> samples) {
  return {reinterpret_cast<const char*>(samples.data()), samples.size() * sizeof(float)};
}

class Streams : public ::testing::Test {
 protected:
  static server::ServeOptions options() {
    server::ServeOptions options;
    options.models = {{"causal", kCausal}, {"global", kDemoNetwork}};
    options.workers = 1;
    return options;
  }
  // Up to the network's greeting.
  static void open(Client& client, const std::string& query = "?model=causal") {
    client.send(upgrade(query));
    const Answer answer = client.answer();
    ASSERT_EQ(answer.status, 101) << answer.body;
    EXPECT_EQ(answer.headers.at("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    const Message greeting = next_message(client);
    ASSERT_EQ(greeting.opcode, kText);
    EXPECT_EQ(greeting.json()["type"], "ready");
    EXPECT_EQ(greeting.json()["voices"], 2);
    EXPECT_EQ(greeting.json()["sample_rate"], 8000);
  }
};

TEST_F(Streams, GiveTheVoicesOfTheLibraryBitForBit) {
  RunningServer server(options());
  Client client(server.port());
  open(client);
  const std::vector<float> samples = random_wave(4003, 9);
  const std::string bytes = bytes_of(samples);
  client.send(frame(kBinary, bytes.substr(0, 1001)));            // not whole samples
  client.send(frame(kBinary, bytes.substr(1001, 4000), false));  // in two frames
  client.send(frame(kPing, "are you there"));
  client.send(frame(kContinuation, bytes.substr(5001)));
  client.send(frame(kText, R"({"type": "end"})"));
  std::string voices;
  bool pong = false;
  Message message = next_message(client);
  for (; message.opcode == kBinary || message.opcode == kPong; message = next_message(client)) {
    if (message.opcode == kPong) {
      pong = message.payload == "are you there";
    } else {
      voices += message.payload;
    }
  }
  EXPECT_TRUE(pong);
  ASSERT_EQ(message.opcode, kText);
  EXPECT_EQ(message.json()["type"], "end");
  EXPECT_EQ(message.json()["samples"], 4003);
  EXPECT_EQ(message.json()["frames"], 4003);
  EXPECT_EQ(next_message(client).close_code(), 1000);

  auto session = StreamingSession::open(kCausal).value();
  std::vector<float> expected[2];
  for (const auto& part : {session.push(samples).value(), session.finish().value()}) {
    const auto width = static_cast<std::ptrdiff_t>(part[0].shape.w);
    for (int v = 0; v < 2; ++v)
      expected[v].insert(expected[v].end(), part[0].values.begin() + v * width,
                         part[0].values.begin() + (v + 1) * width);
  }
  ASSERT_EQ(voices.size(), bytes.size() * 2);
  for (size_t i = 0; i < samples.size(); ++i) {
    float both[2];
    std::memcpy(both, voices.data() + i * sizeof both, sizeof both);
    ASSERT_EQ(both[0], expected[0][i]) << i;
    ASSERT_EQ(both[1], expected[1][i]) << i;
  }
}

TEST_F(Streams, ANetworkThatCannotStreamIsRefusedByName) {
  RunningServer server(options());
  Client client(server.port());
  const Answer answer = client.ask(upgrade("?model=global"));
  EXPECT_EQ(answer.status, 422) << answer.body;
  EXPECT_EQ(answer.code(), "unsupported");
  EXPECT_FALSE(answer.field().empty());  // the node
  EXPECT_NE(answer.body.find("global cannot run on a stream"), std::string::npos) << answer.body;
  EXPECT_EQ(client.ask(get("/readyz")).status, 200);
}

TEST_F(Streams, RefuseWhatIsWrongBeforeTheyBegin) {
  server::ServeOptions one = options();
  one.max_streams = 1;
  RunningServer server(one);
  struct Case {
    std::string request;
    int status;
    std::string field;
  };
  const Case cases[] = {
      {upgrade("?model=causal&format=mp3"), 400, "format"},
      {upgrade("?model=causal&rate=44100"), 400, "rate"},
      {upgrade("?model=causal&rate=x"), 400, "rate"},
      {upgrade("?model=none"), 404, "model"},
      {upgrade(""), 400, "model"},
      {upgrade("?model=causal", "Origin: http://evil.example\r\n"), 403, "Origin"},
      {get("/v1/stream"), 426, "Upgrade"}};
  for (const Case& refused : cases) {
    Client client(server.port());
    const Answer answer = client.ask(refused.request);
    EXPECT_EQ(answer.status, refused.status) << answer.body;
    EXPECT_EQ(answer.field(), refused.field) << answer.body;
  }
  Client own(server.port());
  own.send(upgrade("?model=causal", "Origin: http://t\r\n"));
  ASSERT_EQ(own.answer().status, 101);
  Client second(server.port());
  EXPECT_EQ(second.ask(upgrade("?model=causal")).status, 429);
}

TEST_F(Streams, EndWithTheCodeOfWhatWasWrong) {
  RunningServer server(options());
  const float nan[] = {0.1F, std::numeric_limits<float>::quiet_NaN()};
  const struct {
    std::string bytes;
    int code;
    bool explains;
  } cases[] = {
      {frame(kBinary, bytes_of(nan)), 1007, true},
      {frame(kText, "hello"), 1008, true},
      {frame(kText, R"({"type": "end", "more": 1})"), 1008, true},
      {frame(kBinary, "abc") + frame(kText, R"({"type": "end"})"), 1007, true},
      {frame(kText, "\xff\xfe"), 1007, false},                          // no UTF-8
      {frame(kBinary, "abcd", true, false), 1002, false},               // not masked
      {frame(3, "abcd"), 1002, false},                                  // no such opcode
      {frame(kContinuation, "abcd"), 1002, false},                      // of nothing
      {frame(kPing, std::string(126, 'a')), 1002, false},               // a control frame that long
      {frame(kBinary, std::string((1 << 20) + 4, '\0')), 1009, false},  // beyond a message
      {std::string("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10) + std::string(4, '\0'), 1009,
       false},
      {std::string(300, '\xff'), 1002, false},
  };
  for (const auto& wrong : cases) {
    Client client(server.port());
    open(client);
    client.send(wrong.bytes);
    Message message = next_message(client);
    while (message.opcode == kBinary) message = next_message(client);
    if (wrong.explains) {
      ASSERT_EQ(message.opcode, kText);
      EXPECT_EQ(message.json()["type"], "error") << message.payload;
      message = next_message(client);
    }
    EXPECT_EQ(message.opcode, kClose);
    EXPECT_EQ(message.close_code(), wrong.code);
  }
  Client client(server.port());
  open(client);  // none of them took the place of a stream for good
}

TEST_F(Streams, AreToldThatTheServerStops) {
  RunningServer server(options());
  Client client(server.port());
  open(client);
  server.begin_stopping();
  Message message = next_message(client);
  ASSERT_EQ(message.opcode, kText);
  EXPECT_EQ(message.json()["error"]["code"], "stopping");
  message = next_message(client);
  EXPECT_EQ(message.close_code(), 1001);
  client.send(frame(kClose, message.payload));
  client.end_sending();
  EXPECT_TRUE(server.stop());
}

}  // namespace
}  // namespace tessera::test
