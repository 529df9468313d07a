// EventLog: one JSON object a line on standard error. A thread of its own writes, so that a slow
// reader holds up nothing: lines that it has no room for are dropped and counted.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "server/serve_options.h"

namespace tessera::server {

class EventLog {
 public:
  using Value = std::variant<std::string_view, int64_t, double>;
  using Field = std::pair<std::string_view, Value>;

  // Writes to `descriptor`, which stays open.
  explicit EventLog(LogLevel level, int descriptor = 2);
  // Writes what is left.
  ~EventLog();
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  void write(LogLevel level, std::string_view event, std::initializer_list<Field> fields = {});

 private:
  void run();

  const LogLevel level_;
  const int descriptor_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::string pending_;
  int64_t dropped_ = 0;
  bool stop_ = false;
  std::thread writer_;
};

struct LoggedRequest {
  std::string_view id;
  std::string_view remote;
  std::string_view method;
  std::string_view target;
  int status = 0;
  double seconds = 0;
  size_t bytes_in = 0;
  size_t bytes_out = 0;
};
// Failures of the service are warnings.
void log_request(EventLog& log, const LoggedRequest& request);

}  // namespace tessera::server
