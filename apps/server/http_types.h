// A request and its answer, free of how they travel.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tessera::server {

using Clock = std::chrono::steady_clock;

// What stands before the body.
struct RequestHead {
  std::string method;
  std::string target;  // as it was sent
  std::string content_type;
  std::string accept;
  std::string authorization;
  std::string origin;
  std::string host;
  bool has_body = false;
  std::optional<uint64_t> body_bytes;  // none: in chunks
  bool is_upgrade = false;             // to a WebSocket
};

using Query = std::map<std::string, std::string>;

struct Request {
  RequestHead head;
  std::string path;  // of the target
  Query query;
  std::string body;
  std::string id;
  Clock::time_point deadline;
  // Set when nobody waits for the answer any more.
  std::shared_ptr<std::atomic<bool>> cancelled = std::make_shared<std::atomic<bool>>(false);
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

// Called once, from any thread.
using Reply = std::function<void(Response)>;

}  // namespace tessera::server
