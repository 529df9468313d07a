#include "server/event_log.h"

#include <fmt/format.h>
#include <time.h>

#include <cmath>
#include <cstring>

#include "base/json_fields.h"
#include "base/write_all.h"

namespace tessera::server {
namespace {

constexpr size_t kMaxPendingBytes = size_t{1} << 20;

std::string quoted(std::string_view text) {
  return Json(std::string(text)).dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::string now_text() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  tm utc{};
  ::gmtime_r(&now.tv_sec, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     now.tv_nsec / 1000000);
}

std::string_view name_of(LogLevel level) {
  return level == LogLevel::error ? "error" : level == LogLevel::warning ? "warning" : "info";
}

std::string value_text(const EventLog::Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) return quoted(*text);
  if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  const double number = std::get<double>(value);
  return std::isfinite(number) ? fmt::format("{:.3f}", number) : "null";
}

}  // namespace

EventLog::EventLog(LogLevel level, int descriptor) : level_(level), descriptor_(descriptor) {
  writer_ = std::thread([this] { run(); });
}

EventLog::~EventLog() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  arrived_.notify_one();
  writer_.join();
}

void EventLog::write(LogLevel level, std::string_view event, std::initializer_list<Field> fields) {
  if (level > level_) return;
  std::string line = fmt::format("{{\"time\":\"{}\",\"level\":\"{}\",\"event\":\"{}\"", now_text(),
                                 name_of(level), event);
  for (const auto& [name, value] : fields)
    line += fmt::format(",\"{}\":{}", name, value_text(value));
  line += "}\n";
  {
    const std::lock_guard lock(mutex_);
    if (pending_.size() + line.size() > kMaxPendingBytes) {
      ++dropped_;
      return;
    }
    pending_ += line;
  }
  arrived_.notify_one();
}

void EventLog::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    arrived_.wait(lock, [this] { return stop_ || !pending_.empty(); });
    if (pending_.empty() && stop_) return;
    std::string lines;
    lines.swap(pending_);
    if (dropped_ > 0) {
      lines += fmt::format(
          "{{\"time\":\"{}\",\"level\":\"warning\",\"event\":\"log_dropped\",\"lines\":{}}}\n",
          now_text(), std::exchange(dropped_, 0));
    }
    lock.unlock();
    // A log that cannot be written is no reason to stop serving.
    (void)write_all(descriptor_, {reinterpret_cast<const uint8_t*>(lines.data()), lines.size()},
                    "log")
        .has_value();
    lock.lock();
  }
}

void log_request(EventLog& log, const LoggedRequest& request) {
  log.write(request.status >= 500 ? LogLevel::warning : LogLevel::info, "request",
            {{"id", request.id},
             {"remote", request.remote},
             {"method", request.method.substr(0, 20)},
             {"target", request.target.substr(0, 200)},
             {"status", static_cast<int64_t>(request.status)},
             {"ms", 1e3 * request.seconds},
             {"bytes_in", static_cast<int64_t>(request.bytes_in)},
             {"bytes_out", static_cast<int64_t>(request.bytes_out)}});
}

}  // namespace tessera::server
