// Service: from a request to its answer, whatever connection it came by.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "serve/task_pool.h"
#include "server/analysis_sessions.h"
#include "server/http_types.h"
#include "server/problem.h"
#include "server/routes.h"
#include "server/served_models.h"

namespace tessera::server {

// What the head of a request allows.
struct Admission {
  const Route* route = nullptr;
  std::string path;
  Query query;
  uint64_t max_body_bytes = 0;
  double deadline_seconds = 0;
};

class Service {
 public:
  // Opens all models. Errors: those of ServeOptions::validate() and ServedModels::open().
  static Result<std::unique_ptr<Service>> create(ServeOptions options, Metrics& metrics,
                                                 EventLog& log);
  ~Service();

  // Whether the request may send its body: route, token, kind and size of the body.
  std::variant<Admission, Problem> admit(const RequestHead& head) const;
  // Answers an admitted request; `reply` may be called before this returns.
  void handle(const Admission& admission, Request request, Reply reply);

  // For a route that is_stream, on any thread: what the query asks for, opened.
  std::variant<PcmStream, Problem> open_stream(const Query& query);
  // What a client is told when its stream begins.
  static std::string stream_greeting(const PcmStream& stream);

  // /readyz says no from now on.
  void begin_stopping() { stopping_.store(true); }
  bool is_stopping() const { return stopping_.load(); }

  const ServeOptions& options() const { return options_; }
  const ServedModels& models() const { return *models_; }
  TaskPool& tasks() { return *tasks_; }

  // Handlers of routes.
  void infer(Request request, Reply reply);
  void infer_batch(Request request, Reply reply);
  void separate(Request request, Reply reply);
  void analysis_start(Request request, Reply reply);
  void analysis_stream(Request request, Reply reply);
  void analysis_motifs(Request request, Reply reply);
  void analysis_synchrony(Request request, Reply reply);
  void analysis_stop(Request request, Reply reply);
  void stream_without_upgrade(Request request, Reply reply);
  void healthz(Request request, Reply reply);
  void readyz(Request request, Reply reply);
  void metrics_text(Request request, Reply reply);
  void list_models(Request request, Reply reply);
  void openapi(Request request, Reply reply);

 private:
  Service(ServeOptions options, Metrics& metrics, EventLog& log);
  bool token_matches(const std::string& authorization) const;
  std::optional<Problem> check_origin(const RequestHead& head) const;
  void infer_one(Request request, const HostedModel& model, Reply reply);
  std::variant<std::shared_ptr<AnalysisSession>, Problem> session_of(const Query& query,
                                                                     const std::string& parameter);
  void take_frames(Request request, Reply reply);
  void infer_many(Request request, const HostedModel& model, Reply reply);
  // Large bodies are read elsewhere than on the thread of all connections.
  void read_elsewhere_if_large(Request request, Reply reply,
                               std::function<void(Request, Reply)> read);

  const ServeOptions options_;
  Metrics& metrics_;
  EventLog& log_;
  const Clock::time_point started_ = Clock::now();
  std::atomic<bool> stopping_{false};
  std::filesystem::path scratch_folder_;
  std::unique_ptr<ServedModels> models_;
  std::string openapi_;
  std::unique_ptr<AnalysisSessions> analysis_;
  std::unique_ptr<TaskPool> tasks_;  // ends first: its tasks use all above
};

// The model of this kind that ?model= names, or the only one. Errors as problems: 400 and 404,
// field "model".
std::variant<const HostedModel*, Problem> choose_model(const ServedModels& models,
                                                       const Query& query, bool of_windows);

// The document of /openapi.json for these routes and models.
std::string openapi_document(const ServeOptions& options, const ServedModels& models);

}  // namespace tessera::server
