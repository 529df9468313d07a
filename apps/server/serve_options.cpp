#include "server/serve_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace tessera::server {
namespace {

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= 100 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-';
  });
}

Error invalid(const char* field, std::string message, std::string hint) {
  return TESSERA_ERROR(kInvalidArgument, std::string("ServeOptions::") + field, std::move(message),
                       std::move(hint));
}

// Header values hold printable characters; a token of few can be guessed.
constexpr size_t kMinTokenBytes = 16;
constexpr size_t kMaxTokenBytes = 4096;

}  // namespace

Result<void> ServeOptions::validate() const {
  if (models.empty()) return invalid("models", "names no model", "give a model file or a package");
  std::set<std::string> names;
  for (const ServedModel& model : models) {
    if (!is_name(model.name)) {
      return invalid(
          "models", fmt::format("'{}' is no name of letters, digits, '.', '_' and '-'", model.name),
          "write NAME=PATH");
    }
    if (!names.insert(model.name).second)
      return invalid("models", fmt::format("two models are called {}", model.name),
                     "write NAME=PATH for one");
  }
  const std::pair<const char*, double> positive[] = {
      {"max_batch", static_cast<double>(max_batch)},
      {"queue", static_cast<double>(queue)},
      {"max_body_bytes", static_cast<double>(max_body_bytes)},
      {"max_audio_seconds", max_audio_seconds},
      {"max_windows", static_cast<double>(max_windows)},
      {"window_deadline_seconds", window_deadline_seconds},
      {"audio_deadline_seconds", audio_deadline_seconds},
      {"max_body_memory_bytes", static_cast<double>(max_body_memory_bytes)},
      {"max_connections", max_connections},
      {"header_seconds", header_seconds},
      {"body_seconds", body_seconds},
      {"write_seconds", write_seconds},
      {"idle_seconds", idle_seconds},
      {"drain_seconds", drain_seconds},
      {"stop_seconds", stop_seconds}};
  for (const auto& [field, value] : positive) {
    if (!(value > 0))
      return invalid(field, fmt::format("{:g} is no limit", value), "give a number above 0");
  }
  if (workers < 0)
    return invalid("workers", fmt::format("{} workers make no sense", workers),
                   "use 0 for as many as there are processors");
  if (max_analyses < 0)
    return invalid("max_analyses", fmt::format("{} is no limit", max_analyses), "give 0 or more");
  if (!(analysis_idle_seconds > 0))
    return invalid("analysis_idle_seconds", "is not positive", "give seconds");
  if (max_streams < 0)
    return invalid("max_streams", fmt::format("{} is no limit", max_streams),
                   "use 0 for no streams");
  const bool printable =
      std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!token.empty() &&
      (!printable || token.size() < kMinTokenBytes || token.size() > kMaxTokenBytes)) {
    return invalid("token",
                   fmt::format("is not {} to {} printable characters without spaces",
                               kMinTokenBytes, kMaxTokenBytes),
                   "make one with: openssl rand -hex 32");
  }
  return {};
}

}  // namespace tessera::server
