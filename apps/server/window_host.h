// WindowHost: one network of sensor windows, its queue and its workers.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "serve/batch_queue.h"
#include "serve/window_model.h"
#include "server/event_log.h"
#include "server/http_types.h"
#include "server/metrics.h"

namespace tessera::server {

struct Latent {
  std::vector<float> values;
  double queue_seconds = 0;
  double network_seconds = 0;  // of the batch it was in
};

struct WindowJob {
  std::vector<float> values;  // as read_window() gives them
  Clock::time_point arrived = Clock::now();
  Clock::time_point deadline;
  std::shared_ptr<std::atomic<bool>> cancelled;
  // Called once, from a worker. Errors: kCancelled past the deadline; those of the network.
  std::function<void(Result<Latent>)> done;
};

class WindowHost {
 public:
  struct Settings {
    std::string name;
    int workers = 1;
    size_t max_batch = 1;
    size_t queue = 1;
  };
  using OpenModel = std::function<Result<std::unique_ptr<WindowModel>>()>;

  // Opens the network once for each worker. Errors: those of `open`.
  static Result<std::unique_ptr<WindowHost>> start(Settings settings, const OpenModel& open,
                                                   Metrics& metrics, EventLog& log);
  // Evaluates what is queued first.
  ~WindowHost();

  // All of them or none: false where the queue has no room for them.
  bool submit(std::vector<WindowJob>& jobs);

  const std::string& name() const { return settings_.name; }
  const WindowContract& contract() const { return contract_; }
  int64_t latent_values() const { return latent_values_; }
  const std::vector<std::string>& classes() const { return classes_; }
  const std::string& backend() const { return backend_; }
  Arithmetic arithmetic() const { return arithmetic_; }
  size_t queue_capacity() const { return queue_.capacity(); }
  // Whether the last evaluation succeeded.
  bool is_ready() const { return ready_.load(); }

 private:
  WindowHost(Settings settings, Metrics& metrics, EventLog& log);
  void work(WindowModel& model);
  void evaluate(WindowModel& model, std::vector<WindowJob>& jobs);
  void set_ready(bool ready, const std::string& reason);

  const Settings settings_;
  Metrics& metrics_;
  EventLog& log_;
  WindowContract contract_;
  int64_t latent_values_ = 0;
  std::vector<std::string> classes_;
  std::string backend_;
  Arithmetic arithmetic_ = Arithmetic::float32;
  BatchQueue<WindowJob> queue_;
  std::atomic<bool> ready_{true};
  std::vector<std::unique_ptr<WindowModel>> models_;
  std::vector<std::thread> workers_;
};

}  // namespace tessera::server
