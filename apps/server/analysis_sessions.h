// AnalysisSessions: recordings of sensors that clients send bit by bit, and the latents of each. As
// many as may be, each of bounded size, gone when nobody has asked for it for a while.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>

#include "serve/latent_session.h"
#include "server/http_types.h"
#include "server/problem.h"
#include "server/served_models.h"

namespace tessera::server {

struct AnalysisSession {
  AnalysisSession(std::string of_id, const HostedModel& of, const LatentSessionOptions& options)
      : id(std::move(of_id)),
        model(of),
        data(of.windows->contract(), of.windows->latent_values(), options) {}

  const std::string id;
  const HostedModel& model;
  std::mutex mutex;
  LatentSession data;    // guarded by `mutex`
  bool is_busy = false;  // frames are being evaluated; guarded by `mutex`
};

class AnalysisSessions {
 public:
  AnalysisSessions(int64_t limit, double idle_seconds)
      : limit_(limit), idle_seconds_(idle_seconds) {}

  // Latents of `dimensions` values that a session may keep.
  static int64_t capacity_of(int64_t latent_values);

  // 429 where there are as many as there may be.
  std::variant<std::shared_ptr<AnalysisSession>, Problem> start(
      const HostedModel& model, const LatentSessionOptions& options);
  // 404 where there is none, or none any more.
  std::variant<std::shared_ptr<AnalysisSession>, Problem> find(const std::string& id);
  // Whether it was there.
  bool stop(const std::string& id);
  double idle_seconds() const { return idle_seconds_; }

 private:
  struct Kept {
    std::shared_ptr<AnalysisSession> session;
    Clock::time_point used;
  };
  void drop_expired();  // `mutex_` is held

  const int64_t limit_;
  const double idle_seconds_;
  std::mutex mutex_;
  std::map<std::string, Kept> kept_;
};

}  // namespace tessera::server
