#include "server/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <mutex>
#include <tuple>

namespace tessera::server {
namespace {

using prometheus::BuildCounter;
using prometheus::BuildGauge;
using prometheus::BuildHistogram;

const prometheus::Histogram::BucketBoundaries kSeconds = {
    0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1,
    0.25,   0.5,     1,      2.5,   5,     10,    30,   60,   120};
const prometheus::Histogram::BucketBoundaries kBatch = {1, 2, 4, 8, 16, 32, 64};

double resident_bytes() {
  long pages = 0;
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  if (std::fscanf(file, "%*s %ld", &pages) != 1) pages = 0;
  std::fclose(file);
  return static_cast<double>(pages) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

struct Metrics::State {
  using Begin = std::chrono::steady_clock::time_point;

  prometheus::Registry registry;
  Begin begin = std::chrono::steady_clock::now();
  prometheus::Family<prometheus::Counter>& requests = BuildCounter()
                                                          .Name("tessera_http_requests_total")
                                                          .Help("Answers, by route and status")
                                                          .Register(registry);
  prometheus::Family<prometheus::Histogram>& request_seconds =
      BuildHistogram()
          .Name("tessera_http_request_seconds")
          .Help("From the head of a request to its answer")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& network_seconds =
      BuildHistogram()
          .Name("tessera_network_seconds")
          .Help("One evaluation of a batch")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& queue_seconds =
      BuildHistogram()
          .Name("tessera_queue_seconds")
          .Help("What a job waited for a worker")
          .Register(registry);
  prometheus::Family<prometheus::Histogram>& batch =
      BuildHistogram()
          .Name("tessera_batch_windows")
          .Help("Windows, or recordings, of one evaluation")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& failures = BuildCounter()
                                                          .Name("tessera_network_failures_total")
                                                          .Help("Evaluations that failed")
                                                          .Register(registry);
  prometheus::Family<prometheus::Gauge>& queue = BuildGauge()
                                                     .Name("tessera_queue_jobs")
                                                     .Help("Jobs that wait for a worker")
                                                     .Register(registry);
  prometheus::Family<prometheus::Gauge>& model_ready =
      BuildGauge()
          .Name("tessera_model_ready")
          .Help("1: its last evaluation succeeded, or there was none")
          .Register(registry);
  prometheus::Gauge& connections =
      BuildGauge().Name("tessera_connections").Help("Open connections").Register(registry).Add({});
  prometheus::Gauge& streams =
      BuildGauge().Name("tessera_streams").Help("Open streams").Register(registry).Add({});
  prometheus::Counter& samples = BuildCounter()
                                     .Name("tessera_stream_samples_total")
                                     .Help("Samples that streams took")
                                     .Register(registry)
                                     .Add({});
  prometheus::Gauge& memory = BuildGauge()
                                  .Name("process_resident_memory_bytes")
                                  .Help("Resident memory")
                                  .Register(registry)
                                  .Add({});
  prometheus::Gauge& uptime = BuildGauge()
                                  .Name("tessera_uptime_seconds")
                                  .Help("Since the start")
                                  .Register(registry)
                                  .Add({});

  // Family::Add takes a lock and hashes labels; these are found by what they are asked for.
  std::mutex mutex;
  std::map<std::pair<std::string, int>, prometheus::Counter*> by_status;
  std::map<std::string, prometheus::Histogram*> by_route;
  struct OfModel {
    prometheus::Histogram* network_seconds;
    prometheus::Histogram* queue_seconds;
    prometheus::Histogram* batch;
    prometheus::Counter* failures;
    prometheus::Gauge* queue;
    prometheus::Gauge* ready;
  };
  std::map<std::string, OfModel> by_model;

  OfModel& model(const std::string& name) {
    const std::lock_guard lock(mutex);
    const auto found = by_model.find(name);
    if (found != by_model.end()) return found->second;
    const prometheus::Labels labels{{"model", name}};
    return by_model
        .emplace(name, OfModel{&network_seconds.Add(labels, kSeconds),
                               &queue_seconds.Add(labels, kSeconds), &batch.Add(labels, kBatch),
                               &failures.Add(labels), &queue.Add(labels), &model_ready.Add(labels)})
        .first->second;
  }
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::answered(std::string_view path, int status, double seconds) {
  prometheus::Counter* counter = nullptr;
  prometheus::Histogram* histogram = nullptr;
  {
    const std::lock_guard lock(state_->mutex);
    const std::string route(path);
    auto& found = state_->by_status[{route, status}];
    if (found == nullptr)
      found = &state_->requests.Add({{"path", route}, {"status", std::to_string(status)}});
    counter = found;
    auto& of_route = state_->by_route[route];
    if (of_route == nullptr) of_route = &state_->request_seconds.Add({{"path", route}}, kSeconds);
    histogram = of_route;
  }
  counter->Increment();
  histogram->Observe(seconds);
}

void Metrics::connections(int open) {
  state_->connections.Set(open);
}
void Metrics::streams(int open) {
  state_->streams.Set(open);
}
void Metrics::stream_samples(int64_t samples) {
  state_->samples.Increment(static_cast<double>(samples));
}
void Metrics::queued(const std::string& model, size_t jobs) {
  state_->model(model).queue->Set(static_cast<double>(jobs));
}
void Metrics::evaluated(const std::string& model, size_t batch, double seconds) {
  State::OfModel& of = state_->model(model);
  of.batch->Observe(static_cast<double>(batch));
  of.network_seconds->Observe(seconds);
}
void Metrics::failed(const std::string& model) {
  state_->model(model).failures->Increment();
}
void Metrics::waited(const std::string& model, double seconds) {
  state_->model(model).queue_seconds->Observe(seconds);
}
void Metrics::ready(const std::string& model, bool ready) {
  state_->model(model).ready->Set(ready ? 1 : 0);
}

std::string Metrics::text() {
  state_->memory.Set(resident_bytes());
  state_->uptime.Set(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - state_->begin).count());
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace tessera::server
