#include "server/service.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdlib.h>

#include <algorithm>

#include "base/json_fields.h"
#include "base/threads/processors.h"
#include "server/request_target.h"

#ifndef TESSERA_VERSION
#error "the build names the version"
#endif

namespace tessera::server {
namespace {

// Bodies beyond this are read on a thread of their own.
constexpr size_t kLargeBodyBytes = 64 * 1024;
constexpr size_t kTaskQueue = 256;

std::string lowered(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

std::string media_type(const std::string& content_type) {
  std::string type = lowered(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.pop_back();
  return type;
}

bool is_accepted(BodyKind kind, const std::string& type) {
  if (kind == BodyKind::json) return type == "application/json";
  return type.starts_with("audio/") || type == "application/octet-stream" ||
         type == "multipart/form-data";
}

Problem wrong_type(BodyKind kind, const std::string& type) {
  return {.status = 415,
          .code = "unsupported_media_type",
          .message =
              type.empty() ? "is missing" : fmt::format("{} is not taken here", type.substr(0, 80)),
          .field = "Content-Type",
          .hint = kind == BodyKind::json
                      ? "send application/json"
                      : "send audio/wav, audio/flac, another audio/*, or multipart/form-data"};
}

Problem too_large(uint64_t most) {
  return {.status = 413,
          .code = "payload_too_large",
          .message = fmt::format("is larger than the {} bytes that are taken here", most),
          .field = "body",
          .hint = "send less at a time"};
}

bool takes_parameter(const Route& route, std::string_view name) {
  for (std::string_view rest = route.parameters; !rest.empty();) {
    const size_t end = std::min(rest.find(','), rest.size());
    if (rest.substr(0, end) == name) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

// Compares in time that depends on the lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < b.size(); ++i)
    difference |=
        static_cast<unsigned char>(b[i]) ^ static_cast<unsigned char>(i < a.size() ? a[i] : 0);
  return difference == 0;
}

Result<std::filesystem::path> make_scratch_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tessera_serve_XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    return TESSERA_ERROR(kIo, pattern, "cannot be created: it is where files of voices are made",
                         "set TMPDIR to a folder that may be written to");
  }
  return std::filesystem::path(pattern);
}

void reply_json(const Reply& reply, const Json& document, int status = 200) {
  reply({.status = status,
         .body = document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"});
}

Json document_of(const HostedModel& model) {
  Json document{{"name", model.name}, {"ready", model.is_ready()}, {"hash", model.hash}};
  if (model.windows) {
    const WindowContract& contract = model.windows->contract();
    document["kind"] = "sensor_encoder";
    document["backend"] = model.windows->backend();
    document["arithmetic"] = to_string(model.windows->arithmetic());
    document["rows"] = contract.rows;
    document["columns"] = contract.columns;
    document["devices"] = contract.devices;
    document["latent_values"] = model.windows->latent_values();
    document["ranges"] = Json::array();
    for (const ChannelRange& range : contract.ranges)
      document["ranges"].push_back(
          {{"channel", range.name}, {"max_abs", range.max_abs}, {"unit", range.unit}});
    document["classes"] = model.windows->classes();
  } else {
    document["kind"] = "separator";
    document["backend"] = model.separator->backend();
    document["arithmetic"] = to_string(model.separator->arithmetic());
    document["voices"] = model.separator->voices();
    document["sample_rate"] =
        model.separator->sample_rate() ? Json(*model.separator->sample_rate()) : Json(nullptr);
  }
  return document;
}

}  // namespace

Service::Service(ServeOptions options, Metrics& metrics, EventLog& log)
    : options_(std::move(options)), metrics_(metrics), log_(log) {}

Result<std::unique_ptr<Service>> Service::create(ServeOptions options, Metrics& metrics,
                                                 EventLog& log) {
  TESSERA_TRY_VOID(options.validate());
  std::unique_ptr<Service> service(new Service(std::move(options), metrics, log));
  TESSERA_TRY(service->scratch_folder_, make_scratch_folder());
  TESSERA_TRY(service->models_,
              ServedModels::open(service->options_, service->scratch_folder_, metrics, log));
  service->analysis_ = std::make_unique<AnalysisSessions>(service->options_.max_analyses,
                                                          service->options_.analysis_idle_seconds);
  service->openapi_ = openapi_document(service->options_, *service->models_);
  service->tasks_ =
      std::make_unique<TaskPool>(static_cast<size_t>(cpu::usable_processors()), kTaskQueue);
  return service;
}

Service::~Service() {
  tasks_.reset();
  analysis_.reset();
  models_.reset();
  std::error_code ignored;
  if (!scratch_folder_.empty()) std::filesystem::remove_all(scratch_folder_, ignored);
}

bool Service::token_matches(const std::string& authorization) const {
  constexpr std::string_view kScheme = "bearer ";
  if (options_.token.empty()) return true;
  if (lowered(authorization.substr(0, kScheme.size())) != kScheme) return false;
  return equal_in_constant_time(authorization.substr(kScheme.size()), options_.token);
}

// A page from elsewhere must not use the visitor's own service: browsers ask nobody before they
// open a WebSocket.
std::optional<Problem> Service::check_origin(const RequestHead& head) const {
  if (head.origin.empty()) return std::nullopt;
  const size_t scheme = head.origin.find("://");
  const bool same = scheme != std::string::npos && head.origin.substr(scheme + 3) == head.host;
  const auto& allowed = options_.allowed_origins;
  if (same || std::find(allowed.begin(), allowed.end(), head.origin) != allowed.end())
    return std::nullopt;
  return Problem{
      .status = 403,
      .code = "forbidden",
      .message = fmt::format("pages of {} may not open streams here", head.origin.substr(0, 100)),
      .field = "Origin",
      .hint = "start the service with that origin allowed"};
}

std::variant<Admission, Problem> Service::admit(const RequestHead& head) const {
  auto parsed = parse_target(head.target);
  if (auto* problem = std::get_if<Problem>(&parsed)) return std::move(*problem);
  auto& target = std::get<Target>(parsed);
  const std::string method = head.method == "HEAD" ? "GET" : head.method;
  const Route* found = nullptr;
  std::string allowed;
  for (const Route& route : routes()) {
    if (route.path != target.path) continue;
    if (route.method == method) found = &route;
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  if (allowed.empty()) return unknown_path(target.path);
  if (found == nullptr) return method_not_allowed(head.method, allowed);
  if (!found->is_public && !token_matches(head.authorization)) {
    return Problem{
        .status = 401,
        .code = "unauthorized",
        .message = head.authorization.empty() ? "is missing" : "is not the token of this service",
        .field = "Authorization",
        .hint = "send 'Authorization: Bearer TOKEN'"};
  }
  for (const auto& [name, value] : target.query) {
    if (takes_parameter(*found, name)) continue;
    return Problem{.status = 400,
                   .code = "invalid_argument",
                   .message = "is no parameter of this path",
                   .field = name.substr(0, 100),
                   .hint = found->parameters.empty()
                               ? "send none"
                               : fmt::format("it takes {}", found->parameters)};
  }
  if (found->is_stream) {
    if (auto problem = check_origin(head)) return std::move(*problem);
  }
  Admission admission{.route = found, .path = target.path, .query = std::move(target.query)};
  if (found->body != BodyKind::none) {
    const std::string type = media_type(head.content_type);
    if (!is_accepted(found->body, type)) return wrong_type(found->body, type);
    const auto most = static_cast<uint64_t>(options_.max_body_bytes);
    admission.max_body_bytes =
        found->max_body_bytes == 0 ? most : std::min(most, found->max_body_bytes);
  } else if (head.has_body) {
    return Problem{.status = 400,
                   .code = "bad_request",
                   .message = "is not taken here",
                   .field = "body",
                   .hint = "send the request without one"};
  }
  if (head.body_bytes.value_or(0) > admission.max_body_bytes)
    return too_large(admission.max_body_bytes);
  admission.deadline_seconds = found->body == BodyKind::recording
                                   ? options_.audio_deadline_seconds
                                   : options_.window_deadline_seconds;
  return admission;
}

void Service::handle(const Admission& admission, Request request, Reply reply) {
  (this->*admission.route->handle)(std::move(request), std::move(reply));
}

void Service::read_elsewhere_if_large(Request request, Reply reply,
                                      std::function<void(Request, Reply)> read) {
  if (request.body.size() < kLargeBodyBytes) {
    read(std::move(request), std::move(reply));
    return;
  }
  auto kept = std::make_shared<Request>(std::move(request));
  const bool taken =
      tasks_->submit([kept, reply, read = std::move(read)] { read(std::move(*kept), reply); });
  if (!taken) reply(response_of(overloaded("too many large requests wait to be read")));
}

void Service::healthz(Request, Reply reply) {
  Json models = Json::array();
  for (const HostedModel& model : models_->all()) {
    models.push_back(
        {{"name", model.name},
         {"hash", model.hash},
         {"backend", model.windows ? model.windows->backend() : model.separator->backend()},
         {"ready", model.is_ready()}});
  }
  const HostedModel& first = models_->all().front();
  reply_json(reply,
             {{"ok", true},
              {"model", first.name},
              {"device", first.windows ? first.windows->backend() : first.separator->backend()},
              {"package_hash", first.hash},
              {"uptime_s", std::chrono::duration<double>(Clock::now() - started_).count()},
              {"version", TESSERA_VERSION},
              {"models", std::move(models)}});
}

void Service::readyz(Request, Reply reply) {
  if (is_stopping()) {
    reply(response_of(stopping()));
    return;
  }
  std::vector<std::string> failed;
  for (const HostedModel& model : models_->all()) {
    if (!model.is_ready()) failed.push_back(model.name);
  }
  if (failed.empty()) {
    reply_json(reply, {{"ready", true}});
    return;
  }
  reply(response_of(
      {.status = 503,
       .code = "unavailable",
       .message = fmt::format("the last evaluation failed of: {}", fmt::join(failed, ", ")),
       .hint = "the log of the service tells why",
       .retry_after_seconds = 5}));
}

void Service::metrics_text(Request, Reply reply) {
  reply({.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_.text()});
}

void Service::list_models(Request, Reply reply) {
  Json models = Json::array();
  for (const HostedModel& model : models_->all()) models.push_back(document_of(model));
  reply_json(reply, {{"models", std::move(models)}});
}

void Service::openapi(Request, Reply reply) {
  reply({.body = openapi_});
}

void Service::stream_without_upgrade(Request, Reply reply) {
  reply(response_of({.status = 426,
                     .code = "upgrade_required",
                     .message = "this path speaks WebSocket only",
                     .field = "Upgrade",
                     .hint = "open it with ws://"}));
}

std::variant<const HostedModel*, Problem> choose_model(const ServedModels& models,
                                                       const Query& query, bool of_windows) {
  std::vector<const HostedModel*> fitting;
  std::string names;
  for (const HostedModel& model : models.all()) {
    if ((model.windows != nullptr) != of_windows) continue;
    fitting.push_back(&model);
    names += (names.empty() ? "" : ", ") + model.name;
  }
  const std::string kind = of_windows ? "network of sensor windows" : "separator";
  const auto asked = query.find("model");
  if (asked != query.end()) {
    for (const HostedModel* model : fitting) {
      if (model->name == asked->second) return model;
    }
    return Problem{
        .status = 404,
        .code = "not_found",
        .message = fmt::format("there is no {} called '{}'", kind, asked->second.substr(0, 100)),
        .field = "model",
        .hint = names.empty() ? "GET /v1/models lists the models" : "one of: " + names};
  }
  if (fitting.size() == 1) return fitting.front();
  if (fitting.empty()) {
    return Problem{.status = 503,
                   .code = "not_loaded",
                   .message = fmt::format("this service has no {}", kind),
                   .field = "model",
                   .hint = "start the service with one"};
  }
  return Problem{.status = 400,
                 .code = "invalid_argument",
                 .message = "is missing, and there are several",
                 .field = "model",
                 .hint = "add ?model= and one of: " + names};
}

}  // namespace tessera::server
