// Metrics: what /metrics tells, in Prometheus's text format.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace tessera::server {

// Any thread may use it.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // An answer: `path` is one of the routes, or "other".
  void answered(std::string_view path, int status, double seconds);
  void connections(int open);
  void streams(int open);
  void stream_samples(int64_t samples);

  // Of one model.
  void queued(const std::string& model, size_t jobs);
  void evaluated(const std::string& model, size_t batch, double seconds);
  void failed(const std::string& model);
  void waited(const std::string& model, double seconds);
  void ready(const std::string& model, bool ready);

  std::string text();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tessera::server
