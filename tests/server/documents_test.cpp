// What the service tells of itself: health, metrics, models, its OpenAPI document.
#include <gtest/gtest.h>

#include <regex>

#include "running_server.h"
#include "server/routes.h"
#include "support/recordings.h"

namespace tessera::test {
namespace {

class Documents : public ServerTest {};

TEST_F(Documents, HealthTellsTheContractsFields) {
  server::ServeOptions both = options();
  both.models.push_back({"voices", kDemoNetwork});
  RunningServer server(both);
  Client client(server.port());
  const Json health = client.ask(get("/healthz")).json();
  EXPECT_EQ(health["ok"], true);
  EXPECT_EQ(health["model"], "sums");
  EXPECT_EQ(health["device"], "fake");
  EXPECT_GE(health["uptime_s"].get<double>(), 0.0);
  EXPECT_FALSE(health["version"].get<std::string>().empty());
  EXPECT_TRUE(health.contains("package_hash"));
  EXPECT_EQ(health["models"].size(), 2U);
  EXPECT_EQ(health["models"][1]["hash"].get<std::string>().size(), 32U);
  const Json models = client.ask(get("/v1/models")).json()["models"];
  EXPECT_EQ(models[0]["kind"], "sensor_encoder");
  EXPECT_EQ(models[0]["rows"], 2);
  EXPECT_EQ(models[0]["columns"], 3);
  EXPECT_EQ(models[1]["kind"], "separator");
  EXPECT_EQ(models[1]["voices"], 2);
  EXPECT_EQ(models[1]["sample_rate"], 8000);
}

TEST_F(Documents, MetricsCountWhatWasAnswered) {
  RunningServer server(options());
  Client client(server.port());
  for (int i = 0; i < 3; ++i) client.ask(post("/infer", kSmallWindow));
  client.ask(post("/infer", "{}"));
  client.ask(get("/nowhere/" + std::string(50, 'x')));
  const Answer answer = client.ask(get("/metrics"));
  EXPECT_TRUE(answer.headers.at("content-type").starts_with("text/plain"));
  for (const std::string line :
       {R"(tessera_http_requests_total{path="/infer",status="200"} 3)",
        R"(tessera_http_requests_total{path="/infer",status="422"} 1)",
        R"(tessera_http_requests_total{path="other",status="404"} 1)",
        R"(tessera_http_request_seconds_count{path="/infer"} 4)",
        R"(tessera_model_ready{model="sums"} 1)", "tessera_connections 1"}) {
    EXPECT_NE(answer.body.find(line), std::string::npos) << line << "\n" << answer.body;
  }
  // Every line is a comment or a sample.
  const std::regex sample(R"([a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9.eE+-]+)");
  std::istringstream lines(answer.body);
  for (std::string line; std::getline(lines, line);)
    EXPECT_TRUE(line.starts_with("# ") || std::regex_match(line, sample)) << line;
}

TEST_F(Documents, OpenApiListsTheRoutesAndTheirAnswers) {
  server::ServeOptions guarded = options();
  guarded.token = "0123456789abcdef";
  guarded.models.push_back(fake_model("imu", imu_contract(), behaviour_));
  RunningServer server(guarded);
  Client client(server.port());
  const Json document =
      client.ask(get("/openapi.json", "Authorization: Bearer 0123456789abcdef\r\n")).json();
  EXPECT_EQ(document["openapi"], "3.0.3");
  size_t operations = 0;
  for (const auto& [path, item] : document["paths"].items()) operations += item.size();
  EXPECT_EQ(operations, server::routes().size());
  for (const server::Route& route : server::routes()) {
    std::string method(route.method);
    std::transform(method.begin(), method.end(), method.begin(), ::tolower);
    const Json& operation = document["paths"][std::string(route.path)][method];
    ASSERT_TRUE(operation.is_object()) << route.path;
    EXPECT_EQ(operation.contains("security"), !route.is_public) << route.path;
    EXPECT_EQ(operation.contains("requestBody"), route.body != server::BodyKind::none)
        << route.path;
  }
  // What the tests of this folder see is what the document says.
  const Json& responses = document["paths"]["/infer"]["post"]["responses"];
  for (const char* status :
       {"200", "400", "401", "404", "408", "413", "415", "422", "429", "431", "503"})
    EXPECT_TRUE(responses.contains(status)) << status;
  const Json& windows = document["components"]["schemas"]["Window"]["properties"]["x"]["anyOf"];
  EXPECT_EQ(windows[1]["minItems"], 100);
  EXPECT_EQ(windows[1]["items"]["maxItems"], 9);
  // Every reference leads somewhere.
  const std::string text = document.dump();
  const std::regex reference("\"#(/components/[A-Za-z/]+)\"");
  for (std::sregex_iterator found(text.begin(), text.end(), reference), end; found != end; ++found)
    EXPECT_TRUE(document.contains(Json::json_pointer((*found)[1].str()))) << (*found)[1];
}

}  // namespace
}  // namespace tessera::test
