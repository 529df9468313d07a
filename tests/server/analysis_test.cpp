// Analyses over HTTP: frames bit by bit, what recurs in them, how devices move together, and every
// refusal.
#include "running_server.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tessera::test {
namespace {

constexpr const char* kBase = "/api/v1/analysis/";

// Of the network "sums": two rows of three columns, whose latent is the sum of each column.
class Analysis : public ServerTest {
 protected:
  static Answer start(Client& client, const std::string& body = R"({"hop": 1})") {
    return client.ask(post(std::string(kBase) + "start", body));
  }
  static std::string id_of(const Answer& started) {
    return started.json()["session_id"].get<std::string>();
  }
  static Answer stream(Client& client, const std::string& id, const std::string& rows) {
    return client.ask(post(std::string(kBase) + "stream",
                           R"({"session_id": ")" + id + R"(", "x": )" + rows + "}"));
  }
  static Answer ask(Client& client, const std::string& what) {
    return client.ask(get(kBase + what));
  }

  // Row t: what `value` gives, and its square.
  static std::string rows(int begin, int count, const std::function<double(int)>& value) {
    std::string text = "[";
    for (int t = begin; t < begin + count; ++t)
      text += (t > begin ? "," : "") +
              ("[" + std::to_string(value(t)) + "," + std::to_string(value(t) * value(t)) + ",0]");
    return text + "]";
  }
};

double wave(int t) {
  return std::sin(0.7 * t) + std::sin(0.11 * t * t);
}

TEST_F(Analysis, CountsFramesAndLatentsAndForgetsWhenTold) {
  RunningServer server(options());
  Client client(server.port());
  const Answer started = start(client);
  ASSERT_EQ(started.status, 200) << started.body;
  EXPECT_EQ(started.json()["rows"], 2);
  EXPECT_EQ(started.json()["latent_values"], 3);
  const std::string id = id_of(started);
  EXPECT_EQ(stream(client, id, "[[1,2,3]]").json()["latents"], 0);
  const Answer more = stream(client, id, "[[4,5,6],[7,8,9]]");
  ASSERT_EQ(more.status, 200) << more.body;
  EXPECT_EQ(more.json()["frames"], 3);
  EXPECT_EQ(more.json()["latents"], 2);
  EXPECT_EQ(more.json()["new_latents"], 2);
  const Answer stopped =
      client.ask(post(std::string(kBase) + "stop", R"({"session_id": ")" + id + "\"}"));
  EXPECT_EQ(stopped.status, 200);
  EXPECT_EQ(stopped.json()["latents"], 2);
  const Answer gone = stream(client, id, "[[1,2,3]]");
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(gone.field(), "session_id");
}

TEST_F(Analysis, FindsWhatRecurs) {
  RunningServer server(options());
  Client client(server.port());
  const std::string id = id_of(start(client));
  // The frames 40 to 59 once more from frame 100 on.
  const auto repeated = [](int t) { return wave(t >= 100 && t < 120 ? t - 60 : t); };
  for (int begin = 0; begin < 150; begin += 30) {
    const Answer answer = stream(client, id, rows(begin, 30, repeated));
    ASSERT_EQ(answer.status, 200) << answer.body;
  }
  const Answer found = ask(client, "motifs?session_id=" + id + "&length=16&count=1");
  ASSERT_EQ(found.status, 200) << found.body;
  const Json motif = found.json()["motifs"][0];
  EXPECT_LT(motif["distance"].get<double>(), 1e-2);
  std::vector<int> frames{motif["occurrences"][0]["frame"], motif["occurrences"][1]["frame"]};
  std::sort(frames.begin(), frames.end());
  EXPECT_EQ(frames[1] - frames[0], 60);
  EXPECT_GE(frames[0], 40);
  EXPECT_LE(frames[0], 43);
  EXPECT_EQ(found.json()["motif_frames"], 17);
}

TEST_F(Analysis, SeesThatOneDeviceFollowsAnother) {
  RunningServer server(options());
  Client client(server.port());
  const std::string a = id_of(start(client));
  const std::string b = id_of(start(client));
  EXPECT_NE(a, b);
  ASSERT_EQ(stream(client, a, rows(0, 60, wave)).status, 200);
  ASSERT_EQ(stream(client, b, rows(0, 60, [](int t) { return wave(t - 5); })).status, 200);
  const Answer found = ask(client, "synchrony?session_id=" + a + "&with=" + b + "&max_lag=8");
  ASSERT_EQ(found.status, 200) << found.body;
  EXPECT_EQ(found.json()["best_lag"], 5);
  EXPECT_GT(found.json()["best_correlation"].get<double>(), 0.99);
  EXPECT_EQ(found.json()["correlation"].size(), 17u);
  const Answer itself = ask(client, "synchrony?session_id=" + a + "&with=" + a);
  EXPECT_NEAR(itself.json()["phase_locking"].get<double>(), 1, 1e-9);
  const Answer alone = ask(client, "synchrony?session_id=" + a);
  EXPECT_EQ(alone.status, 400);
  EXPECT_EQ(alone.field(), "with");
}

TEST_F(Analysis, ComparesTheDevicesOfOneModel) {
  server::ServeOptions two = options();
  two.models = {
      fake_model("pair", {.rows = 1, .columns = 1, .devices = 2, .ranges = {}}, behaviour_)};
  RunningServer server(two);
  Client client(server.port());
  const std::string id = id_of(start(client));
  const auto series = [](int shift) {
    std::string text = "[";
    for (int t = 0; t < 50; ++t)
      text += (t > 0 ? "," : "") + ("[" + std::to_string(wave(t - shift)) + "]");
    return text + "]";
  };
  const Answer streamed = stream(client, id, "[" + series(0) + "," + series(3) + "]");
  ASSERT_EQ(streamed.status, 200) << streamed.body;
  const Answer found = ask(client, "synchrony?session_id=" + id);
  ASSERT_EQ(found.status, 200) << found.body;
  EXPECT_EQ(found.json()["best_lag"], 3);
  const Answer uneven = stream(client, id, "[[[1],[2]],[[1]]]");
  EXPECT_EQ(uneven.status, 400);
  EXPECT_EQ(uneven.field(), "x[1]");
  EXPECT_EQ(ask(client, "motifs?session_id=" + id + "&device=1&length=4").status, 200);
  EXPECT_EQ(ask(client, "motifs?session_id=" + id + "&device=2&length=4").field(), "device");
}

TEST_F(Analysis, RefusesWhatIsNotAskedForAndNamesIt) {
  RunningServer server(options());
  Client client(server.port());
  const std::string id = id_of(start(client));
  const auto expect = [](const Answer& answer, int status, const std::string& field) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.field(), field) << answer.body;
  };
  expect(start(client, "[]"), 422, "body");
  expect(start(client, "{\"hop\": 0}"), 422, "hop");
  expect(start(client, "{\"hop\": 1.5}"), 422, "hop");
  expect(start(client, "{\"hop\": 99999999999999999999}"), 422, "hop");
  expect(start(client, "{\"capacity\": 1000000}"), 422, "capacity");
  expect(start(client, "{\"model\": 3}"), 422, "model");
  expect(start(client, "{\"model\": \"other\"}"), 404, "model");
  expect(start(client, "{\"windows\": 3}"), 422, "windows");
  expect(stream(client, "0000", "[[1,2,3]]"), 404, "session_id");
  expect(stream(client, id, "[[1,2]]"), 400, "x[0]");
  expect(stream(client, id, "[]"), 400, "x");
  expect(stream(client, id, "[[1,2,null]]"), 422, "x[0][2]");
  expect(stream(client, id, "[[1,2,NaN]]"), 422, "x[0][2]");
  expect(stream(client, id, "[[1,2,1e99]]"), 422, "x[0][2]");
  expect(stream(client, id, "[[1,2,3]"), 422, "x[1]");
  expect(client.ask(post(std::string(kBase) + "stream", R"({"x": [[1,2,3]]})")), 422, "session_id");
  expect(client.ask(post(std::string(kBase) + "stream", R"({"session_id": 4, "x": [[1,2,3]]})")),
         422, "session_id");
  expect(client.ask(post(std::string(kBase) + "stream",
                         R"({"session_id": ")" + id + R"(", "session_id": "b", "x": [[1,2,3]]})")),
         422, "session_id");
  expect(client.ask(post(std::string(kBase) + "stop", "{}")), 422, "session_id");
  expect(ask(client, "motifs"), 400, "session_id");
  expect(ask(client, "motifs?session_id=" + id + "&length=x"), 400, "length");
  expect(ask(client, "motifs?session_id=" + id + "&count=33"), 400, "count");
  expect(ask(client, "motifs?session_id=" + id), 400, "length");  // nothing was streamed
  expect(ask(client, "motifs?session_id=" + id + "&other=1"), 400, "other");
  expect(ask(client, "synchrony?session_id=" + id + "&with=0000"), 404, "with");
  expect(ask(client, "synchrony?session_id=" + id + "&with=" + id), 400, "session_id");
  EXPECT_EQ(client.ask(get(std::string(kBase) + "start")).status, 405);
  {
    Client other(server.port());  // a connection whose body is not read ends
    expect(start(other, "{\"model\": \"" + std::string(5000, 'x') + "\"}"), 413, "body");
  }
  // None of it was taken.
  EXPECT_EQ(stream(client, id, "[[1,2,3]]").json()["frames"], 1);
}

TEST_F(Analysis, KeepsNoMoreThanItsLimits) {
  server::ServeOptions few = options();
  few.max_analyses = 2;
  few.max_windows = 4;
  RunningServer server(few);
  Client client(server.port());
  const std::string id = id_of(start(client, R"({"hop": 1, "capacity": 5})"));
  EXPECT_EQ(start(client).status, 200);
  const Answer third = start(client);
  EXPECT_EQ(third.status, 429);
  EXPECT_FALSE(third.headers.at("retry-after").empty());
  const Answer many = stream(client, id, rows(0, 9, wave));
  EXPECT_EQ(many.status, 413);
  EXPECT_EQ(many.field(), "x");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(stream(client, id, rows(4 * i, 4, wave)).status, 200) << i;
  const Answer last = stream(client, id, rows(16, 1, wave));
  EXPECT_EQ(last.json()["latents"], 16);
  EXPECT_EQ(last.json()["first_kept"], 11);
}

TEST_F(Analysis, ExpiresWhenNobodyAsksForIt) {
  server::ServeOptions quick = options();
  quick.analysis_idle_seconds = 0.3;
  RunningServer server(quick);
  Client client(server.port());
  const std::string id = id_of(start(client));
  for (int i = 0; i < 4; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_EQ(stream(client, id, "[[1,2,3]]").status, 200);  // asked for, it stays
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(450));
  EXPECT_EQ(stream(client, id, "[[1,2,3]]").status, 404);
}

TEST_F(Analysis, NeverInventsALatentAndTakesFramesAgainAfterAFailure) {
  RunningServer server(options());
  Client client(server.port());
  const std::string id = id_of(start(client));
  behaviour_->fails = true;
  EXPECT_EQ(stream(client, id, "[[1,2,3],[1,2,3]]").status, 503);
  behaviour_->fails = false;
  const Answer again = stream(client, id, "[[1,2,3],[1,2,3]]");
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.json()["frames"], 2);
  EXPECT_EQ(again.json()["latents"], 1);
}

TEST_F(Analysis, TakesOneRequestOfASessionAtATime) {
  RunningServer server(options());
  Client client(server.port());
  Client second(server.port());
  const std::string id = id_of(start(client));
  behaviour_->delay_ms = 600;
  client.send(post(std::string(kBase) + "stream",
                   R"({"session_id": ")" + id + R"(", "x": [[1,2,3],[4,5,6]]})"));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const Answer busy = stream(second, id, "[[7,8,9]]");
  EXPECT_EQ(busy.status, 409);
  EXPECT_EQ(busy.field(), "session_id");
  EXPECT_EQ(client.answer().json()["frames"], 2);
  behaviour_->delay_ms = 0;
  EXPECT_EQ(stream(second, id, "[[7,8,9]]").json()["frames"], 3);
}

TEST_F(Analysis, IsDescribed) {
  RunningServer server(options());
  Client client(server.port());
  const Json document = client.ask(get("/openapi.json")).json();
  for (const std::string path : {"start", "stream", "motifs", "synchrony", "stop"})
    EXPECT_TRUE(document["paths"].contains(kBase + path)) << path;
  // Every schema that is referred to is there.
  const std::string text = document.dump();
  for (size_t at = 0; (at = text.find("#/components/schemas/", at)) != std::string::npos; ++at) {
    const std::string name = text.substr(at + 21, text.find('"', at) - at - 21);
    EXPECT_TRUE(document["components"]["schemas"].contains(name)) << name;
  }
}

}  // namespace
}  // namespace tessera::test
