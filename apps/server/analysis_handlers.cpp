// POST /api/v1/analysis/start, stream, stop; GET motifs, synchrony.
#include <fmt/format.h>

#include <charconv>
#include <mutex>

#include "base/json_fields.h"
#include "serve/matrix_profile.h"
#include "serve/synchrony.h"
#include "server/service.h"

namespace tessera::server {
namespace {

constexpr int64_t kMaxFrames = 16384;  // of one request
constexpr int64_t kMaxMotifs = 32;
constexpr int64_t kDefaultLag = 16;

using Session = std::shared_ptr<AnalysisSession>;

Problem bad_field(const std::string& field, const std::string& message, const std::string& hint) {
  return {.status = 422, .code = "corrupt", .message = message, .field = field, .hint = hint};
}

void reply_document(const Reply& reply, const Json& document) {
  reply({.body = document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"});
}

// A small object with these fields only.
std::variant<Json, Problem> small_object(const std::string& body,
                                         std::initializer_list<std::string_view> fields) {
  Json document = Json::parse(body, nullptr, false);
  if (!document.is_object())
    return bad_field("body", "is not a JSON object", "GET /openapi.json shows the schema");
  for (const auto& [name, value] : document.items()) {
    if (std::find(fields.begin(), fields.end(), name) == fields.end())
      return bad_field(name.substr(0, 40), "is no field of this request",
                       fmt::format("it has {}", fmt::join(fields, ", ")));
  }
  return document;
}

std::variant<std::string, Problem> text_field(const Json& document, const std::string& name) {
  const auto found = document.find(name);
  if (found == document.end())
    return bad_field(name, "is missing", "GET /openapi.json shows the schema");
  if (!found->is_string())
    return bad_field(name, "is no string", "GET /openapi.json shows the schema");
  return found->get<std::string>();
}

std::variant<int64_t, Problem> whole_field(const Json& document, const std::string& name,
                                           int64_t otherwise, int64_t most) {
  const auto found = document.find(name);
  if (found == document.end()) return otherwise;
  const bool fits =
      found->is_number_integer() &&
      !(found->is_number_unsigned() && found->get<uint64_t>() > static_cast<uint64_t>(most)) &&
      found->get<int64_t>() >= 1 && found->get<int64_t>() <= most;
  if (!fits)
    return bad_field(name, fmt::format("must be a whole number from 1 to {}", most),
                     "leave it out for the default");
  return found->get<int64_t>();
}

std::variant<int64_t, Problem> whole_parameter(const Query& query, const std::string& name,
                                               int64_t otherwise, int64_t least, int64_t most) {
  const auto found = query.find(name);
  if (found == query.end()) return otherwise;
  int64_t value = 0;
  const std::string& text = found->second;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return Problem{.status = 400,
                   .code = "invalid_argument",
                   .message = fmt::format("must be a whole number from {} to {}", least, most),
                   .field = name,
                   .hint = "leave it out for the default"};
  }
  return value;
}

Json extent_of(const AnalysisSession& session) {
  return {{"session_id", session.id},
          {"frames", session.data.frames()},
          {"latents", session.data.latents()},
          {"first_kept", session.data.first_kept()}};
}

Json number_or_null(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json motif_document(const Motif& motif, int64_t first_kept, int64_t hop) {
  Json document{{"distance", motif.distance}, {"occurrences", Json::array()}};
  for (const MotifOccurrence& one : motif.occurrences) {
    const int64_t latent = first_kept + one.latent;
    document["occurrences"].push_back(
        {{"latent", latent}, {"frame", latent * hop}, {"distance", one.distance}});
  }
  return document;
}

// What windows of one request became; the last one tells.
struct PendingFrames {
  PendingFrames(Session of, FrameBlock block, size_t count, Reply to)
      : session(std::move(of)),
        frames(std::move(block)),
        latents(count),
        left(count),
        reply(std::move(to)) {}

  void done(size_t i, const Result<Latent>& latent) {
    {
      const std::lock_guard lock(mutex);
      if (latent)
        latents[i] = latent->values;
      else if (!error)
        error = latent.error();
      if (--left > 0) return;
    }
    finish();
  }
  // Frames are kept only with all of their latents: those of a failure can be sent again.
  void finish() {
    Json document;
    {
      const std::lock_guard lock(session->mutex);
      session->is_busy = false;
      if (!error) session->data.take(frames, latents);
      document = extent_of(*session);
    }
    if (error) return reply(response_of(failure_of(*error)));
    document["new_latents"] = latents.size();
    reply_document(reply, document);
  }

  const Session session;
  const FrameBlock frames;
  std::mutex mutex;
  std::vector<std::vector<float>> latents;
  size_t left;
  std::optional<Error> error;
  const Reply reply;
};

void release(const Session& session) {
  const std::lock_guard lock(session->mutex);
  session->is_busy = false;
}

std::function<bool()> given_up(const Request& request) {
  return [cancelled = request.cancelled, deadline = request.deadline] {
    return cancelled->load() || Clock::now() > deadline;
  };
}

// What a computation says no with: its options are the client's, its time is ours.
Response refusal(const Error& error) {
  return response_of(error.code == ErrorCode::kCancelled ? deadline_exceeded() : problem_of(error));
}

}  // namespace

// A session that a GET names.
std::variant<Session, Problem> Service::session_of(const Query& query,
                                                   const std::string& parameter) {
  const auto found = query.find(parameter);
  if (found == query.end()) {
    return Problem{.status = 400,
                   .code = "invalid_argument",
                   .message = "is missing",
                   .field = parameter,
                   .hint = "send the session_id that the start of the analysis gave"};
  }
  auto session = analysis_->find(found->second);
  if (auto* problem = std::get_if<Problem>(&session)) problem->field = parameter;
  return session;
}

void Service::analysis_start(Request request, Reply reply) {
  const auto body = small_object(request.body, {"model", "hop", "capacity"});
  if (const auto* problem = std::get_if<Problem>(&body)) return reply(response_of(*problem));
  const Json& document = std::get<Json>(body);
  Query query;
  if (document.contains("model")) {
    const auto name = text_field(document, "model");
    if (const auto* problem = std::get_if<Problem>(&name)) return reply(response_of(*problem));
    query["model"] = std::get<std::string>(name);
  }
  const auto chosen = choose_model(*models_, query, true);
  if (const auto* problem = std::get_if<Problem>(&chosen)) return reply(response_of(*problem));
  const HostedModel& model = *std::get<const HostedModel*>(chosen);
  const WindowContract& contract = model.windows->contract();
  const int64_t most = AnalysisSessions::capacity_of(model.windows->latent_values());
  const auto hop =
      whole_field(document, "hop", std::max<int64_t>(1, contract.rows / 2), int64_t{1} << 20);
  if (const auto* problem = std::get_if<Problem>(&hop)) return reply(response_of(*problem));
  const auto capacity = whole_field(document, "capacity", most, most);
  if (const auto* problem = std::get_if<Problem>(&capacity)) return reply(response_of(*problem));
  const auto started =
      analysis_->start(model, {std::get<int64_t>(hop), std::get<int64_t>(capacity)});
  if (const auto* problem = std::get_if<Problem>(&started)) return reply(response_of(*problem));
  reply_document(reply, {{"session_id", std::get<Session>(started)->id},
                         {"model", model.name},
                         {"package_hash", model.hash},
                         {"devices", contract.devices},
                         {"rows", contract.rows},
                         {"latent_values", model.windows->latent_values() / contract.devices},
                         {"hop", std::get<int64_t>(hop)},
                         {"capacity", std::get<int64_t>(capacity)},
                         {"expires_s", analysis_->idle_seconds()}});
}

void Service::analysis_stream(Request request, Reply reply) {
  read_elsewhere_if_large(std::move(request), std::move(reply), [this](Request of, Reply to) {
    take_frames(std::move(of), std::move(to));
  });
}

void Service::take_frames(Request request, Reply reply) {
  // The session says of which model the frames are, and stands in the same body: first its name,
  // then all of it.
  const Result<std::string> id = read_session_id(request.body);
  if (!id) return reply(response_of(problem_of(id.error())));
  const auto found = analysis_->find(*id);
  if (const auto* problem = std::get_if<Problem>(&found)) return reply(response_of(*problem));
  const Session& session = std::get<Session>(found);
  Result<FrameBlock> frames =
      read_frames(request.body, session->model.windows->contract(), kMaxFrames);
  if (!frames) return reply(response_of(problem_of(frames.error())));
  std::vector<std::vector<float>> windows;
  {
    const std::lock_guard lock(session->mutex);
    if (session->is_busy) {
      return reply(response_of({.status = 409,
                                .code = "conflict",
                                .message = "frames of this session are being evaluated",
                                .field = "session_id",
                                .hint = "send the next ones when these are answered",
                                .retry_after_seconds = 1}));
    }
    windows = session->data.windows_with(*frames);
    session->is_busy = true;
  }
  const size_t most =
      std::min(static_cast<size_t>(options_.max_windows), session->model.windows->queue_capacity());
  if (windows.size() > most) {
    release(session);
    return reply(response_of({.status = 413,
                              .code = "resource_limit",
                              .message = fmt::format("completes {} windows; {} are taken at a time",
                                                     windows.size(), most),
                              .field = "x",
                              .hint = "send fewer rows at a time"}));
  }
  auto pending =
      std::make_shared<PendingFrames>(session, std::move(*frames), windows.size(), reply);
  if (windows.empty()) return pending->finish();
  std::vector<WindowJob> jobs(windows.size());
  for (size_t i = 0; i < jobs.size(); ++i) {
    jobs[i].values = std::move(windows[i]);
    jobs[i].deadline = request.deadline;
    jobs[i].cancelled = request.cancelled;
    jobs[i].done = [pending, i](const Result<Latent>& latent) { pending->done(i, latent); };
  }
  if (session->model.windows->submit(jobs)) return;
  release(session);
  reply(response_of(
      overloaded(fmt::format("as much as may wait for {} waits already", session->model.name))));
}

void Service::analysis_motifs(Request request, Reply reply) {
  const auto found = session_of(request.query, "session_id");
  if (const auto* problem = std::get_if<Problem>(&found)) return reply(response_of(*problem));
  const Session session = std::get<Session>(found);
  const auto length = whole_parameter(request.query, "length", 8, 2, int64_t{1} << 20);
  const auto count = whole_parameter(request.query, "count", 3, 1, kMaxMotifs);
  const auto device = whole_parameter(request.query, "device", 0, 0, session->data.devices() - 1);
  for (const auto* value : {&length, &count, &device}) {
    if (const auto* problem = std::get_if<Problem>(value)) return reply(response_of(*problem));
  }
  const bool taken = tasks_->submit([session, reply, length = std::get<int64_t>(length),
                                     count = std::get<int64_t>(count),
                                     device = std::get<int64_t>(device), stop = given_up(request)] {
    LatentSeries series;
    Json document;
    int64_t first_kept = 0;
    {
      const std::lock_guard lock(session->mutex);
      series = session->data.series(device);
      document = extent_of(*session);
      first_kept = session->data.first_kept();
    }
    const auto motifs = find_motifs(series, length, count, stop);
    if (!motifs) return reply(refusal(motifs.error()));
    document["length"] = length;
    document["motif_frames"] =
        (length - 1) * session->data.hop_frames() + session->model.windows->contract().rows;
    document["motifs"] = Json::array();
    for (const Motif& motif : *motifs)
      document["motifs"].push_back(motif_document(motif, first_kept, session->data.hop_frames()));
    reply_document(reply, document);
  });
  if (!taken) reply(response_of(overloaded("too many analyses wait")));
}

void Service::analysis_synchrony(Request request, Reply reply) {
  const auto found = session_of(request.query, "session_id");
  if (const auto* problem = std::get_if<Problem>(&found)) return reply(response_of(*problem));
  const Session session = std::get<Session>(found);
  Session other = session;
  const bool has_other = request.query.contains("with");
  if (has_other) {
    const auto named = session_of(request.query, "with");
    if (const auto* problem = std::get_if<Problem>(&named)) return reply(response_of(*problem));
    other = std::get<Session>(named);
    if (&other->model != &session->model ||
        other->data.hop_frames() != session->data.hop_frames()) {
      return reply(response_of({.status = 400,
                                .code = "invalid_argument",
                                .message = "is a session of another model or hop",
                                .field = "with",
                                .hint = "start both alike"}));
    }
  }
  const int64_t last = session->data.devices() - 1;
  if (!has_other && last == 0) {
    return reply(response_of({.status = 400,
                              .code = "invalid_argument",
                              .message = "is missing: this model has one device",
                              .field = "with",
                              .hint = "name the session of the other device"}));
  }
  const auto device = whole_parameter(request.query, "device", 0, 0, last);
  const auto other_device =
      whole_parameter(request.query, "other_device", has_other ? 0 : 1, 0, last);
  const auto max_lag = whole_parameter(request.query, "max_lag", -1, 0, int64_t{1} << 20);
  for (const auto* value : {&device, &other_device, &max_lag}) {
    if (const auto* problem = std::get_if<Problem>(value)) return reply(response_of(*problem));
  }
  const bool taken = tasks_->submit([session, other, reply, a_of = std::get<int64_t>(device),
                                     b_of = std::get<int64_t>(other_device),
                                     lag = std::get<int64_t>(max_lag), stop = given_up(request)] {
    const auto copy = [](const Session& of, int64_t which) {
      const std::lock_guard lock(of->mutex);
      return of->data.series(which);
    };
    const LatentSeries a = copy(session, a_of);
    const LatentSeries b = copy(other, b_of);
    const int64_t most = std::min(a.count(), b.count()) / 2;
    const auto measured = synchrony(a, b, lag < 0 ? std::min(kDefaultLag, most) : lag, stop);
    if (!measured) return reply(refusal(measured.error()));
    Json correlation = Json::array();
    for (const auto& value : measured->correlation) correlation.push_back(number_or_null(value));
    reply_document(reply, {{"session_id", session->id},
                           {"with", other->id},
                           {"latents", measured->count},
                           {"max_lag", measured->max_lag},
                           {"correlation", std::move(correlation)},
                           {"best_lag", measured->best_lag},
                           {"best_lag_frames", measured->best_lag * session->data.hop_frames()},
                           {"best_correlation", number_or_null(measured->best_correlation)},
                           {"phase_locking", number_or_null(measured->phase_locking)},
                           {"phase_difference_rad", number_or_null(measured->phase_difference)}});
  });
  if (!taken) reply(response_of(overloaded("too many analyses wait")));
}

void Service::analysis_stop(Request request, Reply reply) {
  const auto body = small_object(request.body, {"session_id"});
  if (const auto* problem = std::get_if<Problem>(&body)) return reply(response_of(*problem));
  const auto id = text_field(std::get<Json>(body), "session_id");
  if (const auto* problem = std::get_if<Problem>(&id)) return reply(response_of(*problem));
  const auto found = analysis_->find(std::get<std::string>(id));
  if (const auto* problem = std::get_if<Problem>(&found)) return reply(response_of(*problem));
  const Session session = std::get<Session>(found);
  analysis_->stop(session->id);
  const std::lock_guard lock(session->mutex);
  reply_document(reply, extent_of(*session));
}

}  // namespace tessera::server
