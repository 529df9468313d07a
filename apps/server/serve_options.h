// What a server is started with. Every limit is a field here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "serve/window_model.h"
#include "tessera/compiler/import.h"
#include "tessera/result.h"

namespace tessera::server {

struct ServedModel {
  std::string name;  // in ?model=; letters, digits, '.', '_', '-'
  std::filesystem::path path;
  // In place of open_window_model(path), one call for each worker.
  std::function<Result<std::unique_ptr<WindowModel>>()> open_windows = {};
};

enum class LogLevel : uint8_t { error, warning, info };

struct ServeOptions {
  std::vector<ServedModel> models;

  // Where to listen. An address that others reach needs `token`, or `allow_anonymous`.
  std::string host = "127.0.0.1";
  uint16_t port = 8080;  // 0: any that is free
  int listen_descriptor =
      -1;  // a socket that listens already (systemd's socket activation), in place of both
  std::string token;  // that clients must send as "Authorization: Bearer TOKEN"; empty: none
  bool allow_anonymous = false;
  std::vector<std::string>
      allowed_origins;  // of web pages that may open streams, besides the server's own

  // How networks are evaluated.
  ImportOptions import;            // of model files; packages have their own
  std::string backend;             // empty: the one for a network's arithmetic
  std::optional<int> sample_rate;  // of separators whose file does not tell
  int workers = 0;                 // of each model; 0: as many as the process may use
  int64_t max_batch = 16;          // windows that a worker takes at once
  int64_t queue = 64;  // windows, and recordings, that may wait for each model; the next is refused

  // Limits of one request.
  int64_t max_body_bytes = int64_t{64}
                           << 20;  // of a recording; JSON has limits of its own, below it
  double max_audio_seconds = 600;
  int64_t max_windows = 256;           // of a batch
  double window_deadline_seconds = 5;  // from its head to its answer
  double audio_deadline_seconds = 120;
  int64_t max_body_memory_bytes = int64_t{512} << 20;  // of all bodies that are being received

  // Analyses of recordings that come bit by bit.
  int64_t max_analyses = 64;
  double analysis_idle_seconds = 600;  // after which one is forgotten

  // Limits of connections.
  int max_connections = 4096;
  int max_streams = 16;
  double header_seconds = 10;  // from the first byte of a request to the end of its head
  double body_seconds = 60;
  double write_seconds = 30;
  double idle_seconds = 75;  // between requests
  // When it stops: how long idle connections are kept for a last request, and all work in all.
  double drain_seconds = 0.5;
  double stop_seconds = 30;

  LogLevel log_level = LogLevel::info;

  // Errors: kInvalidArgument; the subject is the field.
  Result<void> validate() const;
};

}  // namespace tessera::server
