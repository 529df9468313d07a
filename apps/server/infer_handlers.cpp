// POST /infer and POST /v1/infer/batch.
#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "base/json_fields.h"
#include "server/service.h"

namespace tessera::server {
namespace {

// The shortest text that reads back as the same float.
void append_numbers(std::string& text, std::span<const float> values) {
  text += '[';
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) text += ',';
    fmt::format_to(std::back_inserter(text), "{}", values[i]);
  }
  text += ']';
}

std::string quoted(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

// The class of each device's outputs: that of the largest.
void append_labels(std::string& text, const WindowHost& host, std::span<const float> values) {
  const size_t classes = host.classes().size();
  if (classes == 0) return;
  text += ",\"labels\":[";
  for (size_t at = 0; at + classes <= values.size(); at += classes) {
    const auto of_device = values.subspan(at, classes);
    const auto best = std::max_element(of_device.begin(), of_device.end()) - of_device.begin();
    if (at > 0) text += ',';
    text += quoted(host.classes()[static_cast<size_t>(best)]);
  }
  text += ']';
}

void append_model(std::string& text, const HostedModel& model) {
  text += fmt::format(",\"model\":{},\"package_hash\":{},\"backend\":{},\"arithmetic\":\"{}\"",
                      quoted(model.name), quoted(model.hash), quoted(model.windows->backend()),
                      to_string(model.windows->arithmetic()));
}

Response latent_response(const HostedModel& model, const Latent& latent) {
  std::string text = "{\"latent\":";
  text.reserve(1024);
  append_numbers(text, latent.values);
  append_labels(text, *model.windows, latent.values);
  append_model(text, model);
  text += fmt::format(",\"queue_ms\":{:.3f},\"network_ms\":{:.3f}}}\n", 1e3 * latent.queue_seconds,
                      1e3 * latent.network_seconds);
  return {.body = std::move(text)};
}

Problem queue_full(const HostedModel& model) {
  return overloaded(fmt::format("as much as may wait for {} waits already", model.name));
}

Problem more_than_queue(size_t windows, size_t capacity) {
  return {
      .status = 413,
      .code = "resource_limit",
      .message = fmt::format("holds {} windows; this service queues {} at most", windows, capacity),
      .field = "x",
      .hint = "send fewer windows at a time"};
}

// Collects the latents of a batch; the last one answers.
struct Batch {
  Batch(const HostedModel& of, size_t count, Reply to)
      : model(of), reply(std::move(to)), latents(count), left(count) {}

  void done(size_t i, Result<Latent> latent) {
    const std::lock_guard lock(mutex);
    if (latent) {
      latents[i] = std::move(*latent);
    } else if (!error) {
      error = latent.error();
    }
    if (--left > 0) return;
    if (error) {
      reply(response_of(failure_of(*error)));
      return;
    }
    std::string text = "{\"latents\":[";
    for (size_t n = 0; n < latents.size(); ++n) {
      if (n > 0) text += ',';
      append_numbers(text, latents[n].values);
    }
    text += "]";
    append_model(text, model);
    text += "}\n";
    reply({.body = std::move(text)});
  }

  const HostedModel& model;
  const Reply reply;
  std::mutex mutex;
  std::vector<Latent> latents;
  size_t left;
  std::optional<Error> error;
};

}  // namespace

void Service::infer(Request request, Reply reply) {
  const auto model = choose_model(*models_, request.query, true);
  if (const auto* problem = std::get_if<Problem>(&model)) return reply(response_of(*problem));
  const HostedModel& chosen = *std::get<const HostedModel*>(model);
  read_elsewhere_if_large(
      std::move(request), std::move(reply),
      [this, &chosen](Request of, Reply to) { infer_one(std::move(of), chosen, std::move(to)); });
}

void Service::infer_one(Request request, const HostedModel& model, Reply reply) {
  Result<std::vector<float>> window = read_window(request.body, model.windows->contract());
  if (!window) return reply(response_of(problem_of(window.error())));
  std::vector<WindowJob> jobs(1);
  jobs[0].values = std::move(*window);
  jobs[0].deadline = request.deadline;
  jobs[0].cancelled = request.cancelled;
  jobs[0].done = [&model, reply](const Result<Latent>& latent) {
    reply(latent ? latent_response(model, *latent) : response_of(failure_of(latent.error())));
  };
  if (!model.windows->submit(jobs)) reply(response_of(queue_full(model)));
}

void Service::infer_batch(Request request, Reply reply) {
  const auto model = choose_model(*models_, request.query, true);
  if (const auto* problem = std::get_if<Problem>(&model)) return reply(response_of(*problem));
  const HostedModel& chosen = *std::get<const HostedModel*>(model);
  read_elsewhere_if_large(
      std::move(request), std::move(reply),
      [this, &chosen](Request of, Reply to) { infer_many(std::move(of), chosen, std::move(to)); });
}

void Service::infer_many(Request request, const HostedModel& model, Reply reply) {
  auto windows = read_windows(request.body, model.windows->contract(), options_.max_windows);
  if (!windows) return reply(response_of(problem_of(windows.error())));
  if (windows->size() > model.windows->queue_capacity())
    return reply(response_of(more_than_queue(windows->size(), model.windows->queue_capacity())));
  auto batch = std::make_shared<Batch>(model, windows->size(), reply);
  std::vector<WindowJob> jobs(windows->size());
  for (size_t i = 0; i < jobs.size(); ++i) {
    jobs[i].values = std::move((*windows)[i]);
    jobs[i].deadline = request.deadline;
    jobs[i].cancelled = request.cancelled;
    jobs[i].done = [batch, i](Result<Latent> latent) { batch->done(i, std::move(latent)); };
  }
  if (!model.windows->submit(jobs)) reply(response_of(queue_full(model)));
}

}  // namespace tessera::server
