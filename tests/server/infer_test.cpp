// Windows over HTTP: right answers, and every refusal with its status and the field it names.
#include "running_server.h"

#include <gtest/gtest.h>

namespace tessera::test {
namespace {

std::string imu_window(int rows, int columns, const std::string& value = "1.5") {
  std::string text = "{\"x\": [";
  for (int r = 0; r < rows; ++r) {
    text += r > 0 ? ",[" : "[";
    for (int c = 0; c < columns; ++c) text += (c > 0 ? "," : "") + value;
    text += "]";
  }
  return text + "]}";
}

class Infer : public ServerTest {};

TEST_F(Infer, AnswersWithTheLatentAndWhereItCameFrom) {
  RunningServer server(options());
  Client client(server.port());
  const Answer answer = client.ask(post("/infer", kSmallWindow));
  ASSERT_EQ(answer.status, 200) << answer.body;
  const Json document = answer.json();
  EXPECT_EQ(document["latent"], (Json{5, 7, 9}));
  EXPECT_EQ(document["model"], "sums");
  EXPECT_EQ(document["backend"], "fake");
  EXPECT_EQ(document["arithmetic"], "float32");
  EXPECT_GE(document["network_ms"].get<double>(), 0.0);
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  EXPECT_FALSE(answer.headers.at("x-request-id").empty());
}

TEST_F(Infer, KeepsTheConnectionAndAnswersInOrder) {
  RunningServer server(options());
  Client client(server.port());
  std::string requests;
  for (int i = 0; i < 20; ++i)
    requests += post("/infer", "{\"x\": [[" + std::to_string(i) + ",0,0],[0,0,0]]}");
  client.send(requests);  // all at once, before the first answer
  for (int i = 0; i < 20; ++i) {
    const Answer answer = client.answer();
    ASSERT_EQ(answer.status, 200) << i;
    EXPECT_EQ(answer.json()["latent"][0], i);
  }
}

TEST_F(Infer, TakesABatchAndNamesTheWindowThatIsWrong) {
  RunningServer server(options());
  Client client(server.port());
  const Answer answer =
      client.ask(post("/v1/infer/batch", R"({"x": [[[1,2,3],[4,5,6]],[[0,0,1],[0,0,1]]]})"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json()["latents"], (Json{{5, 7, 9}, {0, 0, 2}}));
  const Answer wrong =
      client.ask(post("/v1/infer/batch", R"({"x": [[[1,2,3],[4,5,6]],[[0,0,1]]]})"));
  EXPECT_EQ(wrong.status, 400);
  EXPECT_EQ(wrong.field(), "x[1]");
}

TEST_F(Infer, RefusesABatchThatNoQueueHolds) {
  server::ServeOptions few = options();
  few.queue = 2;
  few.max_windows = 3;
  RunningServer server(few);
  Client client(server.port());
  const std::string window = "[[1,2,3],[4,5,6]]";
  EXPECT_EQ(client.ask(post("/v1/infer/batch", "{\"x\": [" + window + "," + window + "]}")).status,
            200);
  const Answer queue = client.ask(
      post("/v1/infer/batch", "{\"x\": [" + window + "," + window + "," + window + "]}"));
  EXPECT_EQ(queue.status, 413);
  EXPECT_EQ(queue.field(), "x");
  const std::string four = window + "," + window + "," + window + "," + window;
  EXPECT_EQ(client.ask(post("/v1/infer/batch", "{\"x\": [" + four + "]}")).status, 413);
}

TEST_F(Infer, ChoosesAmongModelsByName) {
  server::ServeOptions two = options();
  two.models.push_back(fake_model("imu", imu_contract(), behaviour_));
  RunningServer server(two);
  Client client(server.port());
  const Answer none = client.ask(post("/infer", kSmallWindow));
  EXPECT_EQ(none.status, 400);
  EXPECT_EQ(none.field(), "model");
  EXPECT_EQ(client.ask(post("/infer?model=sums", kSmallWindow)).status, 200);
  EXPECT_EQ(client.ask(post("/infer?model=imu", imu_window(100, 9))).status, 200);
  const Answer unknown = client.ask(post("/infer?model=other", kSmallWindow));
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.field(), "model");
  EXPECT_EQ(client.ask(post("/v1/separate", "x", "audio/wav")).status, 503);  // none is loaded
}

struct Case {
  const char* name;
  std::string body;
  int status;
  std::string field;
};

class InferRefusals : public ServerTest, public ::testing::WithParamInterface<Case> {};

TEST_P(InferRefusals, HaveTheirStatusAndNameTheField) {
  server::ServeOptions options;
  options.models = {fake_model("imu", imu_contract(), behaviour_)};
  RunningServer server(options);
  Client client(server.port());
  const Answer answer = client.ask(post("/infer", GetParam().body));
  EXPECT_EQ(answer.status, GetParam().status) << answer.body;
  EXPECT_EQ(answer.field(), GetParam().field) << answer.body;
  EXPECT_FALSE(answer.json()["error"]["message"].get<std::string>().empty());
  EXPECT_EQ(behaviour_->windows.load(), 0);
  // The connection is none the worse for it.
  EXPECT_EQ(client.ask(post("/infer", imu_window(100, 9))).status, 200);
}

INSTANTIATE_TEST_SUITE_P(
    Contract, InferRefusals,
    ::testing::Values(Case{"Rows105", imu_window(105, 9), 400, "x"},
                      Case{"Columns8", imu_window(100, 8), 400, "x[0]"},
                      Case{"Rows0", R"({"x": []})", 400, "x"},
                      Case{"NaN", imu_window(100, 9, "NaN"), 422, "x[0][0]"},
                      Case{"Strings", imu_window(100, 9, "\"1\""), 422, "x[0][0]"},
                      Case{"Null", imu_window(100, 9, "null"), 422, "x[0][0]"},
                      Case{"BeyondRange", imu_window(100, 9, "501"), 422, "x[0][0]"},
                      Case{"GyroBeyondRange", imu_window(100, 9, "35.1"), 422, "x[0][3]"},
                      Case{"BeyondDouble", imu_window(100, 9, "1e400"), 422, "x[0][0]"},
                      Case{"Empty", "", 422, "body"}, Case{"NoX", "{}", 422, "x"},
                      Case{"OtherField", R"({"window": []})", 422, "window"},
                      Case{"Garbage", "\x01\x02\xff", 422, "body"}),
    [](const auto& param) { return param.param.name; });

TEST_F(Infer, NeverInventsAnAnswer) {
  RunningServer server(options());
  Client client(server.port());
  behaviour_->fails = true;
  const Answer dead = client.ask(post("/infer", kSmallWindow));
  EXPECT_EQ(dead.status, 503);
  EXPECT_EQ(dead.code(), "unavailable");
  EXPECT_EQ(dead.body.find("latent"), std::string::npos);
  EXPECT_TRUE(dead.headers.contains("retry-after"));
  EXPECT_EQ(client.ask(post("/v1/infer/batch", R"({"x": [[[1,2,3],[4,5,6]]]})")).status, 503);
  EXPECT_EQ(client.ask(get("/readyz")).status, 503);
  EXPECT_EQ(client.ask(get("/healthz")).status, 200);  // the process lives, and says so
  behaviour_->fails = false;
  behaviour_->gives_nan = true;
  EXPECT_EQ(client.ask(post("/infer", kSmallWindow)).status, 503);
  behaviour_->gives_nan = false;
  EXPECT_EQ(client.ask(post("/infer", kSmallWindow)).status, 200);
  EXPECT_EQ(client.ask(get("/readyz")).status, 200);
}

TEST_F(Infer, RefusesTheExcessAndAnswersTheRest) {
  server::ServeOptions slow = options();
  slow.queue = 2;
  slow.max_batch = 1;
  behaviour_->delay_ms = 300;
  RunningServer server(slow);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 12; ++i) {
    clients.push_back(std::make_unique<Client>(server.port()));
    clients.back()->send(post("/infer", "{\"x\": [[" + std::to_string(i) + ",0,0],[0,0,0]]}"));
  }
  int answered = 0;
  int refused = 0;
  for (int i = 0; i < 12; ++i) {
    const Answer answer = clients[static_cast<size_t>(i)]->answer();
    if (answer.status == 200) {
      ++answered;
      EXPECT_EQ(answer.json()["latent"][0], i);
    } else {
      ++refused;
      EXPECT_EQ(answer.status, 429);
      EXPECT_EQ(answer.headers.at("retry-after"), "1");
      EXPECT_EQ(answer.code(), "too_many_requests");
    }
  }
  EXPECT_GE(answered, 2);
  EXPECT_GE(refused, 6);
}

TEST_F(Infer, AnswersAtTheDeadlineAndCancelsWhatWaits) {
  server::ServeOptions slow = options();
  slow.window_deadline_seconds = 0.2;
  slow.max_batch = 1;
  behaviour_->delay_ms = 700;
  RunningServer server(slow);
  Client first(server.port());
  Client second(server.port());
  first.send(post("/infer", kSmallWindow));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  second.send(post("/infer", kSmallWindow));
  const auto begin = std::chrono::steady_clock::now();
  for (Client* client : {&first, &second}) {
    const Answer answer = client->answer();
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.code(), "deadline_exceeded");
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(600));
  ASSERT_TRUE(server.stop());
  EXPECT_EQ(behaviour_->windows.load(), 1);  // the second was not begun
}

TEST_F(Infer, ServesManyClientsAtOnce) {
  server::ServeOptions many = options();
  many.workers = 2;
  many.queue = 256;
  RunningServer server(many);
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      Client client(server.port());
      for (int i = 0; i < 50; ++i) {
        const int value = t * 1000 + i;
        const Answer answer =
            client.ask(post("/infer", "{\"x\": [[" + std::to_string(value) + ",0,0],[1,0,0]]}"));
        if (answer.status == 200 && answer.json()["latent"][0] == value + 1) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right.load(), 8 * 50);
}

}  // namespace
}  // namespace tessera::test
