#include "server/routes.h"

#include "server/service.h"

namespace tessera::server {
namespace {

constexpr uint64_t kWindowBytes = uint64_t{1} << 20;
constexpr uint64_t kBatchBytes = uint64_t{16} << 20;

}  // namespace

std::span<const Route> routes() {
  static constexpr Route kRoutes[] = {
      {.method = "POST",
       .path = "/infer",
       .summary = "One window of motion sensors: its latent",
       .body = BodyKind::json,
       .max_body_bytes = kWindowBytes,
       .parameters = "model",
       .handle = &Service::infer},
      {.method = "POST",
       .path = "/v1/infer/batch",
       .summary = "Several windows: their latents",
       .body = BodyKind::json,
       .max_body_bytes = kBatchBytes,
       .parameters = "model",
       .handle = &Service::infer_batch},
      {.method = "POST",
       .path = "/v1/separate",
       .summary = "A recording of several voices: a file of each",
       .body = BodyKind::recording,
       .parameters = "model,format,channel",
       .handle = &Service::separate},
      {.method = "GET",
       .path = "/v1/stream",
       .summary = "Samples in, separated voices out, over a WebSocket",
       .is_stream = true,
       .parameters = "model,format,rate",
       .handle = &Service::stream_without_upgrade},
      {.method = "GET",
       .path = "/v1/models",
       .summary = "The models of this service and what they take",
       .handle = &Service::list_models},
      {.method = "GET",
       .path = "/healthz",
       .summary = "Whether the process answers, and what it serves",
       .is_public = true,
       .handle = &Service::healthz},
      {.method = "GET",
       .path = "/readyz",
       .summary = "Whether requests are worth sending",
       .is_public = true,
       .handle = &Service::readyz},
      {.method = "GET",
       .path = "/metrics",
       .summary = "Counters and times in Prometheus's text format",
       .handle = &Service::metrics_text},
      {.method = "GET",
       .path = "/openapi.json",
       .summary = "This service as an OpenAPI document",
       .handle = &Service::openapi},
  };
  return kRoutes;
}

}  // namespace tessera::server
