// tessera serve: networks behind HTTP and WebSocket, until a signal ends it.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/model_options.h"
#include "cli/served_name.h"
#include "server/http_server.h"
#include "tessera/file.h"

namespace tessera::cli {
namespace {

constexpr const char* kTokenVariable = "TESSERA_TOKEN";
constexpr uint64_t kMaxTokenFileBytes = 8192;
// The first descriptor that systemd passes to a service it starts on demand (sd_listen_fds(3)).
constexpr int kFirstPassedDescriptor = 3;

struct ServeArguments {
  std::vector<std::string> models;  // [NAME=]PATH
  ModelOptions import;
  std::string listen = "127.0.0.1:8080";
  std::string token_file;
  std::string backend = std::string(kAutoBackend);
  std::string log_level = "info";
  double max_body_mib = 64;
  bool check = false;
  server::ServeOptions options;
};

Result<void> parse_listen(const std::string& text, server::ServeOptions& options) {
  const size_t colon = text.rfind(':');
  const std::string digits = colon == std::string::npos ? "" : text.substr(colon + 1);
  unsigned port = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (failed != std::errc() || end != digits.data() + digits.size() || port > 65535 || colon == 0) {
    return TESSERA_ERROR(
        kInvalidArgument, "--listen", fmt::format("'{}' is not ADDRESS:PORT", text),
        "write it like 127.0.0.1:8080 or [::1]:8080; port 0 takes any that is free");
  }
  options.host = text.substr(0, colon);
  if (options.host.starts_with('[') && options.host.ends_with(']'))
    options.host = options.host.substr(1, options.host.size() - 2);
  options.port = static_cast<uint16_t>(port);
  return {};
}

// From the file or the environment; never from the command line, which everybody on the machine can
// read.
Result<std::string> read_token(const std::string& path) {
  if (path.empty()) {
    const char* token = std::getenv(kTokenVariable);
    return std::string(token == nullptr ? "" : token);
  }
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kMaxTokenFileBytes));
  std::string token(bytes.begin(), bytes.end());
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  if (token.empty())
    return TESSERA_ERROR(kInvalidArgument, path, "holds no token",
                         "make one with: openssl rand -hex 32");
  return token;
}

// Whether systemd passes a socket to this process (sd_listen_fds(3)).
bool has_passed_socket() {
  const char* process = std::getenv("LISTEN_PID");
  const char* count = std::getenv("LISTEN_FDS");
  return process != nullptr && count != nullptr && std::to_string(::getpid()) == process &&
         std::string_view(count) == "1";
}

Result<server::ServeOptions> serve_options(const ServeArguments& arguments) {
  server::ServeOptions options = arguments.options;
  for (const std::string& word : arguments.models) {
    auto [name, path] = served_name(word);
    options.models.push_back({std::move(name), std::move(path)});
  }
  TESSERA_TRY_VOID(parse_listen(arguments.listen, options));
  if (has_passed_socket()) options.listen_descriptor = kFirstPassedDescriptor;
  TESSERA_TRY(options.token, read_token(arguments.token_file));
  TESSERA_TRY(options.import, import_options(arguments.import));
  if (arguments.backend != kAutoBackend) options.backend = arguments.backend;
  options.max_body_bytes = static_cast<int64_t>(arguments.max_body_mib * (1 << 20));
  options.log_level = arguments.log_level == "error"     ? server::LogLevel::error
                      : arguments.log_level == "warning" ? server::LogLevel::warning
                                                         : server::LogLevel::info;
  return options;
}

Result<Document> serve(const ServeArguments& arguments, Console& console) {
  TESSERA_TRY(server::ServeOptions options, serve_options(arguments));
  if (arguments.check) {
    options.port = 0;
    options.log_level = server::LogLevel::error;
  }
  server::EventLog log(options.log_level);
  TESSERA_TRY(const auto server, server::HttpServer::start(options, log));
  Document models = Document::array();
  for (const server::ServedModel& model : options.models)
    models.push_back({{"name", model.name}, {"path", model.path.string()}});
  if (arguments.check) {
    console.print("{} can be served\n", options.models.size() == 1 ? "the model" : "the models");
    return Document{{"models", std::move(models)}};
  }
  const Interrupt stop;
  console.print("serving on {}\n", server->url());
  std::fflush(stdout);
  TESSERA_TRY_VOID(server->run([&stop] { return stop.wanted(); }));
  return Document{{"url", server->url()}, {"models", std::move(models)}};
}

void add_limits(CommandLine& app, ServeArguments& arguments) {
  server::ServeOptions& options = arguments.options;
  app.add_option("--workers", options.workers,
                 "Workers of each model, each on one thread; 0: as many as the process may use")
      ->type_name("N")
      ->within(0, 1024)
      ->capture_default_str();
  app.add_option("--max-batch", options.max_batch, "Windows that a worker takes at once")
      ->type_name("N")
      ->within(1, 4096)
      ->capture_default_str();
  app.add_option("--queue", options.queue,
                 "Windows, and recordings, that may wait for each model; what comes beyond is "
                 "answered with 429")
      ->type_name("N")
      ->within(1, 1 << 20)
      ->capture_default_str();
  app.add_option("--deadline", options.window_deadline_seconds, "Seconds to the answer of windows")
      ->type_name("SECONDS")
      ->positive()
      ->capture_default_str();
  app.add_option("--audio-deadline", options.audio_deadline_seconds,
                 "Seconds to the answer of a recording")
      ->type_name("SECONDS")
      ->positive()
      ->capture_default_str();
  app.add_option("--max-body", arguments.max_body_mib, "MiB of a recording")
      ->type_name("MIB")
      ->within(0.001, 4096)
      ->capture_default_str();
  app.add_option("--max-audio", options.max_audio_seconds, "Seconds of a recording")
      ->type_name("SECONDS")
      ->positive()
      ->capture_default_str();
  app.add_option("--max-connections", options.max_connections,
                 "Open connections; more are answered with 503")
      ->type_name("N")
      ->within(1, 1 << 20)
      ->capture_default_str();
  app.add_option("--max-analyses", options.max_analyses,
                 "Analyses that are open; more are answered with 429")
      ->type_name("N")
      ->within(0, 100000)
      ->capture_default_str();
  app.add_option("--analysis-idle", options.analysis_idle_seconds,
                 "After which an analysis that nobody asks for is forgotten")
      ->type_name("SECONDS")
      ->within(0.001, 604800)
      ->capture_default_str();
  app.add_option("--max-streams", options.max_streams, "Open streams; more are answered with 429")
      ->type_name("N")
      ->within(0, 1 << 16)
      ->capture_default_str();
  app.add_option("--stop-seconds", options.stop_seconds,
                 "How long a signal to stop waits for answers that are under way")
      ->type_name("SECONDS")
      ->positive()
      ->capture_default_str();
}

}  // namespace

Action define_serve(CommandLine& app) {
  auto arguments = std::make_shared<ServeArguments>();
  app.add_option("MODEL", arguments->models,
                 "Separators and networks of motion sensors: model files and packages, each under "
                 "its file's name, "
                 "or NAME=FILE")
      ->required()
      ->type_name("FILE...");
  app.add_option("--listen", arguments->listen,
                 "Where to listen; an address that others reach needs a token. A socket that "
                 "systemd passes comes "
                 "first")
      ->type_name("ADDRESS:PORT")
      ->capture_default_str();
  app.add_option("--token-file", arguments->token_file,
                 "A file with the token that clients must send as 'Authorization: Bearer TOKEN'; "
                 "else the variable "
                 "TESSERA_TOKEN, where it is set")
      ->type_name("FILE");
  app.add_flag("--allow-anonymous", arguments->options.allow_anonymous,
               "Listen where others reach it without a token");
  app.add_option("--allow-origin", arguments->options.allowed_origins,
                 "Web pages that may open streams, besides the service's own (repeatable)")
      ->type_name("ORIGIN")
      ->allow_extra_args(false);
  app.add_option("--model-arg", arguments->import.model_args,
                 "An argument of a model file's network by Asteroid's name (repeatable)")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  add_sensor_options(app, arguments->import);
  app.add_option("--sample-rate", arguments->options.sample_rate,
                 "Of separators whose file does not tell")
      ->type_name("HZ")
      ->positive();
  std::vector<std::string> backends = {std::string(kAutoBackend)};
  for (const std::string_view name : backend_names()) backends.emplace_back(name);
  app.add_option("--backend", arguments->backend,
                 "What evaluates the networks; auto: the one for their arithmetic")
      ->one_of(backends)
      ->capture_default_str();
  add_limits(app, *arguments);
  app.add_option("--log-level", arguments->log_level,
                 "What is logged on standard error, one JSON object a line")
      ->one_of({"error", "warning", "info"})
      ->capture_default_str();
  app.add_flag("--check", arguments->check,
               "Load the models, say whether they can be served, and end");
  app.footer(
      "Answers POST /infer (a window of sensors), /v1/infer/batch, /v1/separate (a recording), "
      "WebSocket /v1/stream\n"
      "(samples as they arrive), GET /v1/models, /healthz, /readyz, /metrics, /openapi.json "
      "(docs/service.md).\n"
      "SIGTERM and SIGINT end it once everything that was accepted is answered.\n\n"
      "Examples:\n"
      "  tessera serve encoder.tess voices=net.pth --check   # are they served?\n"
      "  timeout --preserve-status 2 tessera serve encoder.tess net.pth --listen 127.0.0.1:0   # "
      "any free port, for two seconds\n");
  return [arguments](Console& console) { return serve(*arguments, console); };
}

}  // namespace tessera::cli
