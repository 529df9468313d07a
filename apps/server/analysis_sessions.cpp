#include "server/analysis_sessions.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace tessera::server {
namespace {

constexpr int64_t kMostLatents = 2048;
constexpr int64_t kMostValues = int64_t{1} << 20;  // 4 MiB

// 128 bits of the system's entropy: nobody guesses another client's session.
std::string new_id() {
  std::random_device entropy;
  std::string id;
  for (int i = 0; i < 4; ++i) id += fmt::format("{:08x}", entropy());
  return id;
}

Problem unknown_session(const std::string& id) {
  return {.status = 404,
          .code = "not_found",
          .message = fmt::format("there is no session '{}', or none any more", id.substr(0, 40)),
          .field = "session_id",
          .hint = "POST /api/v1/analysis/start begins one"};
}

}  // namespace

int64_t AnalysisSessions::capacity_of(int64_t latent_values) {
  return std::clamp<int64_t>(kMostValues / std::max<int64_t>(1, latent_values), 1, kMostLatents);
}

void AnalysisSessions::drop_expired() {
  const Clock::time_point now = Clock::now();
  std::erase_if(kept_, [&](const auto& entry) {
    return std::chrono::duration<double>(now - entry.second.used).count() > idle_seconds_;
  });
}

std::variant<std::shared_ptr<AnalysisSession>, Problem> AnalysisSessions::start(
    const HostedModel& model, const LatentSessionOptions& options) {
  const std::lock_guard lock(mutex_);
  drop_expired();
  if (static_cast<int64_t>(kept_.size()) >= limit_)
    return overloaded(fmt::format("{} sessions are open, as many as may be", limit_));
  auto session = std::make_shared<AnalysisSession>(new_id(), model, options);
  kept_[session->id] = {session, Clock::now()};
  return session;
}

std::variant<std::shared_ptr<AnalysisSession>, Problem> AnalysisSessions::find(
    const std::string& id) {
  const std::lock_guard lock(mutex_);
  drop_expired();
  const auto found = kept_.find(id);
  if (found == kept_.end()) return unknown_session(id);
  found->second.used = Clock::now();
  return found->second.session;
}

bool AnalysisSessions::stop(const std::string& id) {
  const std::lock_guard lock(mutex_);
  drop_expired();
  return kept_.erase(id) > 0;
}

}  // namespace tessera::server
