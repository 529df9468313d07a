// tessera serve: the built tool, from its first line to the signal that ends it.
#include <signal.h>

#include <fstream>

#include <gtest/gtest.h>

#include "exit_codes.h"
#include "server/running_server.h"
#include "tool.h"

namespace tessera {
namespace {

using test::Answer;
using test::Client;
using test::get;
using test::post;

const std::string kEncoder = TESSERA_SOURCE_DIR "/tests/data/field/quantize_last_frame/last.onnx";

// The tool as a process of its own; killed if a test forgets it.
class ServingTool {
 public:
  explicit ServingTool(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {TESSERA_CLI, "serve"});
    child_ = ::fork();
    if (child_ == 0) {
      const int out = ::open((folder_ / "out").c_str(), O_WRONLY | O_CREAT, 0600);
      const int err = ::open((folder_ / "err").c_str(), O_WRONLY | O_CREAT, 0600);
      ::dup2(out, 1);
      ::dup2(err, 2);
      ::alarm(kToolDeadline_s);
      std::vector<char*> words;
      for (std::string& argument : arguments) words.push_back(argument.data());
      words.push_back(nullptr);
      ::execv(TESSERA_CLI, words.data());
      ::_exit(127);
    }
  }
  ~ServingTool() {
    if (child_ > 0) end(SIGKILL);
  }

  // 0 where it has ended or says nothing.
  uint16_t port() const {
    constexpr std::string_view kLine = "serving on http://127.0.0.1:";
    for (int i = 0; i < 600; ++i) {
      const std::string out = contents(folder_ / "out");
      if (out.starts_with(kLine) && out.ends_with('\n'))
        return static_cast<uint16_t>(std::stoi(out.substr(kLine.size())));
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return 0;
  }
  std::string err() const { return contents(folder_ / "err"); }
  // Its exit code.
  int end(int signal) {
    ::kill(child_, signal);
    int status = 0;
    ::waitpid(std::exchange(child_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  ScratchFolder folder_;
  pid_t child_ = -1;
};

TEST(CliServe, ServesUntilASignalAndEndsWell) {
  ServingTool tool({"voices=" + kDemoModel, kEncoder, "--listen", "127.0.0.1:0", "--workers", "1"});
  const uint16_t port = tool.port();
  ASSERT_NE(port, 0) << tool.err();
  Client client(port);
  const test::Json models = client.ask(get("/v1/models")).json()["models"];
  ASSERT_EQ(models.size(), 2U);
  EXPECT_EQ(models[0]["name"], "voices");
  EXPECT_EQ(models[1]["name"], "last");
  // A window as large as the network says.
  test::Json window = test::Json::array();
  for (int r = 0; r < models[1]["rows"]; ++r)
    window.push_back(test::Json(std::vector<double>(models[1]["columns"], 0.25)));
  const Answer latent = client.ask(post("/infer", test::Json{{"x", window}}.dump()));
  ASSERT_EQ(latent.status, 200) << latent.body;
  EXPECT_EQ(latent.json()["latent"].size(), models[1]["latent_values"].get<size_t>());
  const Answer voices = client.ask(post("/v1/separate", contents(kDemoMixture), "audio/wav"));
  EXPECT_EQ(voices.status, 200);
  EXPECT_EQ(tool.end(SIGTERM), 0);
}

TEST(CliServe, LogsOneObjectALineAndNoSecrets) {
  const ScratchFolder folder;
  std::ofstream(folder / "token") << "0123456789abcdef-secret\n";
  ServingTool tool(
      {kEncoder, "--listen", "127.0.0.1:0", "--token-file", (folder / "token").string()});
  const uint16_t port = tool.port();
  ASSERT_NE(port, 0) << tool.err();
  Client client(port);
  EXPECT_EQ(client.ask(get("/v1/models")).status, 401);
  EXPECT_EQ(
      client.ask(get("/v1/models", "Authorization: Bearer 0123456789abcdef-secret\r\n")).status,
      200);
  EXPECT_EQ(client.ask(get("/nowhere\"\\")).status, 404);
  // Its log is a file of the process: it is whole once that has ended.
  ::usleep(300'000);
  const std::string log = tool.err();
  EXPECT_EQ(tool.end(SIGINT), 0);
  EXPECT_EQ(log.find("secret"), std::string::npos);
  std::istringstream lines(log);
  int requests = 0;
  for (std::string line; std::getline(lines, line);) {
    const test::Json event = test::Json::parse(line, nullptr, false);
    ASSERT_TRUE(event.is_object()) << line;
    if (event["event"] == "request") ++requests;
  }
  EXPECT_EQ(requests, 3);
}

TEST(CliServe, RefusesWhatItCannotServe) {
  const ScratchFolder folder;
  std::ofstream(folder / "short") << "abc\n";
  std::ofstream(folder / "empty") << "\n";
  const struct {
    std::vector<std::string> arguments;
    int code;
    std::string says;
  } cases[] = {
      {{"serve", "missing.pth", "--check"}, exit_code(ErrorCode::kNotFound), "missing.pth"},
      {{"serve", kEncoder, kEncoder, "--check"},
       exit_code(ErrorCode::kInvalidArgument),
       "two models are called last"},
      {{"serve", "a/b=" + kEncoder, "--check"},
       exit_code(ErrorCode::kInvalidArgument),
       "is no name"},
      {{"serve", kEncoder, "--listen", "8080"}, exit_code(ErrorCode::kInvalidArgument), "--listen"},
      {{"serve", kEncoder, "--listen", "127.0.0.1:70000"},
       exit_code(ErrorCode::kInvalidArgument),
       "--listen"},
      {{"serve", kEncoder, "--listen", "somewhere:80"},
       exit_code(ErrorCode::kInvalidArgument),
       "somewhere"},
      {{"serve", kEncoder, "--listen", "0.0.0.0:0"},
       exit_code(ErrorCode::kInvalidArgument),
       "--token-file"},
      {{"serve", kEncoder, "--check", "--token-file", (folder / "short").string()},
       exit_code(ErrorCode::kInvalidArgument),
       "--token-file"},
      {{"serve", kEncoder, "--check", "--token-file", (folder / "empty").string()},
       exit_code(ErrorCode::kInvalidArgument),
       "holds no token"},
      {{"serve", kEncoder, "--queue", "0"}, kExitUsage, "--queue"},
      {{"serve"}, kExitUsage, "MODEL"},
  };
  for (const auto& refused : cases) {
    const Outcome outcome = tessera_tool(refused.arguments);
    EXPECT_EQ(outcome.code, refused.code) << outcome.err;
    EXPECT_NE(outcome.err.find(refused.says), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.err.find("ServeOptions"), std::string::npos) << outcome.err;
  }
  const Outcome good = tessera_tool({"serve", kEncoder, kDemoModel, "--check"});
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_EQ(good.out, "the models can be served\n");
}

}  // namespace
}  // namespace tessera
