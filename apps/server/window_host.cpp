#include "server/window_host.h"

#include <algorithm>
#include <cmath>

#include "base/stopwatch.h"

namespace tessera::server {
namespace {

double seconds_between(Clock::time_point begin, Clock::time_point end) {
  return std::chrono::duration<double>(end - begin).count();
}

Error not_waited_for() {
  return TESSERA_ERROR(kCancelled, "", "its deadline passed before a worker was free",
                       "send less at a time");
}

// No answer holds NaN: JSON has none, and what follows from one would be invented.
Result<void> check_latents(const std::vector<std::vector<float>>& latents) {
  for (const std::vector<float>& latent : latents) {
    if (std::all_of(latent.begin(), latent.end(), [](float x) { return std::isfinite(x); }))
      continue;
    return TESSERA_ERROR(kInvalidModel, "", "the network gave values that are not finite",
                         "check the network");
  }
  return {};
}

}  // namespace

WindowHost::WindowHost(Settings settings, Metrics& metrics, EventLog& log)
    : settings_(std::move(settings)),
      metrics_(metrics),
      log_(log),
      queue_(settings_.queue, static_cast<size_t>(settings_.workers)) {}

Result<std::unique_ptr<WindowHost>> WindowHost::start(Settings settings, const OpenModel& open,
                                                      Metrics& metrics, EventLog& log) {
  std::unique_ptr<WindowHost> host(new WindowHost(std::move(settings), metrics, log));
  for (int i = 0; i < host->settings_.workers; ++i) {
    TESSERA_TRY(auto model, open());
    host->models_.push_back(std::move(model));
  }
  const WindowModel& model = *host->models_.front();
  host->contract_ = model.contract();
  host->latent_values_ = model.latent_values();
  host->classes_ = model.classes();
  host->backend_ = model.backend();
  host->arithmetic_ = model.arithmetic();
  metrics.ready(host->settings_.name, true);
  for (const auto& of_worker : host->models_)
    host->workers_.emplace_back(
        [host = host.get(), model = of_worker.get()] { host->work(*model); });
  return host;
}

WindowHost::~WindowHost() {
  queue_.close();
  for (std::thread& worker : workers_) worker.join();
}

bool WindowHost::submit(std::vector<WindowJob>& jobs) {
  return queue_.push(jobs);
}

void WindowHost::work(WindowModel& model) {
  for (;;) {
    std::vector<WindowJob> jobs = queue_.pop(settings_.max_batch);
    if (jobs.empty()) return;
    metrics_.queued(settings_.name, queue_.size());
    const Clock::time_point now = Clock::now();
    const auto expired = std::stable_partition(jobs.begin(), jobs.end(), [&](const WindowJob& job) {
      return now < job.deadline && !job.cancelled->load();
    });
    for (auto job = expired; job != jobs.end(); ++job) job->done(not_waited_for());
    jobs.erase(expired, jobs.end());
    if (!jobs.empty()) evaluate(model, jobs);
  }
}

void WindowHost::evaluate(WindowModel& model, std::vector<WindowJob>& jobs) {
  const Clock::time_point begin = Clock::now();
  std::vector<std::vector<float>> latents(jobs.size(),
                                          std::vector<float>(static_cast<size_t>(latent_values_)));
  std::vector<ConstValues> inputs;
  std::vector<Values> outputs;
  for (size_t i = 0; i < jobs.size(); ++i) {
    inputs.emplace_back(jobs[i].values);
    outputs.emplace_back(latents[i]);
  }
  const Stopwatch watch;
  Result<void> run = model.run(inputs, outputs);
  if (run) run = check_latents(latents);
  const double seconds = watch.seconds();
  set_ready(run.has_value(), run ? std::string() : run.error().to_string());
  if (!run) metrics_.failed(settings_.name);
  metrics_.evaluated(settings_.name, jobs.size(), seconds);
  for (size_t i = 0; i < jobs.size(); ++i) {
    const double waited = seconds_between(jobs[i].arrived, begin);
    metrics_.waited(settings_.name, waited);
    if (run) {
      jobs[i].done(Latent{std::move(latents[i]), waited, seconds});
    } else {
      jobs[i].done(run.error());
    }
  }
}

void WindowHost::set_ready(bool ready, const std::string& reason) {
  if (ready_.exchange(ready) == ready) return;
  metrics_.ready(settings_.name, ready);
  if (ready) {
    log_.write(LogLevel::warning, "model_recovered", {{"model", settings_.name}});
  } else {
    log_.write(LogLevel::error, "model_failed", {{"model", settings_.name}, {"reason", reason}});
  }
}

}  // namespace tessera::server
