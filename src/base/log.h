// Log: where the library says what its caller may want to pass on. It prints nothing by itself.
#pragma once

#include <functional>
#include <string_view>
#include <utility>

namespace tessera {

enum class LogLevel {
  kInfo,     // a decision worth saying aloud: an assumption made, a conversion applied
  kWarning,  // the result may not be what the user wants
};

// Passed explicitly to whatever may have something to say; copies share the sink. A default Log
// discards everything. The sink gets one line without a newline and must not throw; it is called on
// the thread that called the library.
class Log {
 public:
  using Sink = std::function<void(LogLevel level, std::string_view line)>;

  Log() = default;
  explicit Log(Sink sink) : sink_(std::move(sink)) {}

  void info(std::string_view line) const { write(LogLevel::kInfo, line); }
  void warning(std::string_view line) const { write(LogLevel::kWarning, line); }
  void write(LogLevel level, std::string_view line) const {
    if (sink_) sink_(level, line);
  }

 private:
  Sink sink_;
};

}  // namespace tessera
