// The service with the encoder that its contract was written for, held to the latents of ONNX
// Runtime.
#include <cmath>
#include <fstream>

#include <gtest/gtest.h>

#include "server/running_server.h"

namespace tessera::test {
namespace {

const std::string kImu = TESSERA_LOCAL_DATA "/imu/";

std::string text_of(const std::string& name) {
  std::ifstream file(kImu + name);
  return {std::istreambuf_iterator<char>(file), {}};
}

// As the service takes them: the samples hold other fields, too.
std::string request_of(const std::string& name) {
  return Json{{"x", Json::parse(text_of(name))["x"]}}.dump();
}

TEST(Service, GivesTheLatentsOfOnnxRuntime) {
  server::ServeOptions options;
  options.models = {{"encoder", kImu + "tcn_encoder_for_edgeinfer.onnx"}};
  options.import.sensor = read_sensor_input(kImu + "model_config.json").value();
  RunningServer server(options);
  Client client(server.port());
  const Json golden = Json::parse(text_of("golden_latents.json"));
  for (const std::string name : {"random_imu_sample.json", "realistic_imu_sample.json"}) {
    const Answer answer = client.ask(post("/infer", request_of(name)));
    ASSERT_EQ(answer.status, 200) << answer.body;
    const Json latent = answer.json()["latent"];
    const Json& expected = golden[name + ":zscored"];
    ASSERT_EQ(latent.size(), 64U);
    double dot = 0;
    double ours = 0;
    double theirs = 0;
    for (size_t i = 0; i < 64; ++i) {
      const double a = latent[i];
      const double b = expected[i];
      EXPECT_NEAR(a, b, 1e-4) << name << " " << i;
      dot += a * b;
      ours += a * a;
      theirs += b * b;
    }
    EXPECT_GT(dot / std::sqrt(ours * theirs), 0.99999);
  }
  const Answer tall = client.ask(post("/infer", request_of("static_imu_sample.json")));
  EXPECT_EQ(tall.status, 400);
  EXPECT_EQ(tall.json()["error"]["message"], "has 105 rows; the network takes 100");
}

}  // namespace
}  // namespace tessera::test
