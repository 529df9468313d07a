// /openapi.json: the table of routes as an OpenAPI 3.0 document.
#include <algorithm>

#include "base/json_fields.h"
#include "server/service.h"

namespace tessera::server {
namespace {

Json reference(std::string_view schema) {
  return {{"$ref", "#/components/schemas/" + std::string(schema)}};
}

Json json_content(Json schema) {
  return {{"application/json", {{"schema", std::move(schema)}}}};
}

Json array_of(Json items, int64_t count) {
  return {{"type", "array"}, {"items", std::move(items)}, {"minItems", count}, {"maxItems", count}};
}

// The window of a network: what /infer takes as "x".
Json window_schema(const WindowContract& contract) {
  Json rows = array_of(array_of({{"type", "number"}}, contract.columns), contract.rows);
  if (!contract.ranges.empty()) {
    std::string columns;
    for (const ChannelRange& range : contract.ranges) {
      columns += (columns.empty() ? "" : ", ") + range.name + " within +-" +
                 std::to_string(static_cast<int>(range.max_abs)) + " " + range.unit;
    }
    rows["description"] = "A row a frame; its columns: " + columns;
  }
  return contract.devices == 1 ? rows : array_of(std::move(rows), contract.devices);
}

Json windows_of(const ServedModels& models) {
  Json choices = Json::array();
  for (const HostedModel& model : models.all()) {
    if (!model.windows) continue;
    Json schema = window_schema(model.windows->contract());
    schema["title"] = model.name;
    choices.push_back(std::move(schema));
  }
  if (choices.size() == 1) return choices[0];
  return choices.empty() ? Json{{"type", "array"}, {"items", Json::object()}}
                         : Json{{"anyOf", std::move(choices)}};
}

Json object_of(Json properties, Json required) {
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
}

// Of analyses: what is asked for and what comes back.
Json analysis_schemas(const Json& numbers, const Json& text) {
  const Json number{{"type", "number"}};
  const Json whole{{"type", "integer"}, {"minimum", 0}};
  const Json measured{{"type", "number"}, {"nullable", true}};
  const Json rows{{"type", "array"}, {"items", numbers}, {"minItems", 1}};
  const Json frames{
      {"description",
       "Rows as /infer takes them, as many as there are; with several devices such rows of each"},
      {"anyOf", {rows, {{"type", "array"}, {"items", rows}}}}};
  Json extent{{"session_id", text}, {"frames", whole}, {"latents", whole}, {"first_kept", whole}};
  Json motifs = extent;
  extent["new_latents"] = whole;
  const Json occurrence = object_of({{"latent", whole}, {"frame", whole}, {"distance", number}},
                                    {"latent", "frame", "distance"});
  const Json motif =
      object_of({{"distance", number}, {"occurrences", {{"type", "array"}, {"items", occurrence}}}},
                {"distance", "occurrences"});
  motifs.update({{"length", whole},
                 {"motif_frames", whole},
                 {"motifs", {{"type", "array"}, {"items", motif}}}});
  const Json whole_from_one{{"type", "integer"}, {"minimum", 1}};
  return {
      {"AnalysisStart",
       object_of({{"model", text}, {"hop", whole_from_one}, {"capacity", whole_from_one}},
                 Json::array())},
      {"AnalysisStarted", object_of({{"session_id", text},
                                     {"model", text},
                                     {"package_hash", text},
                                     {"devices", whole},
                                     {"rows", whole},
                                     {"latent_values", whole},
                                     {"hop", whole},
                                     {"capacity", whole},
                                     {"expires_s", number}},
                                    {"session_id", "hop", "capacity"})},
      {"AnalysisFrames", object_of({{"session_id", text}, {"x", frames}}, {"session_id", "x"})},
      {"AnalysisStop", object_of({{"session_id", text}}, {"session_id"})},
      {"AnalysisExtent",
       object_of(std::move(extent), {"session_id", "frames", "latents", "first_kept"})},
      {"AnalysisMotifs", object_of(std::move(motifs), {"session_id", "motifs"})},
      {"AnalysisSynchrony", object_of({{"session_id", text},
                                       {"with", text},
                                       {"latents", whole},
                                       {"max_lag", whole},
                                       {"correlation", {{"type", "array"}, {"items", measured}}},
                                       {"best_lag", {{"type", "integer"}}},
                                       {"best_lag_frames", {{"type", "integer"}}},
                                       {"best_correlation", measured},
                                       {"phase_locking", measured},
                                       {"phase_difference_rad", measured}},
                                      {"correlation", "best_lag", "phase_locking"})}};
}

Json schemas(const ServeOptions& options, const ServedModels& models) {
  const Json window = windows_of(models);
  const Json numbers{{"type", "array"}, {"items", {{"type", "number"}}}};
  const Json text{{"type", "string"}};
  const Json number{{"type", "number"}};
  const Json ofModel{
      {"model", text}, {"package_hash", text}, {"backend", text}, {"arithmetic", text}};
  Json latent{{"latent", numbers}, {"labels", {{"type", "array"}, {"items", text}}}};
  latent.update(ofModel);
  latent.update({{"queue_ms", number}, {"network_ms", number}});
  Json latents{{"latents", {{"type", "array"}, {"items", numbers}}}};
  latents.update(ofModel);
  Json batch{
      {"type", "array"}, {"items", window}, {"minItems", 1}, {"maxItems", options.max_windows}};
  Json error = object_of({{"code", text}, {"field", text}, {"message", text}, {"hint", text}},
                         {"code", "message"});
  Json all{{"Window", object_of({{"x", window}}, {"x"})},
           {"Windows", object_of({{"x", std::move(batch)}}, {"x"})},
           {"Latent", object_of(std::move(latent), {"latent", "model"})},
           {"Latents", object_of(std::move(latents), {"latents", "model"})},
           {"Error", object_of({{"error", std::move(error)}}, {"error"})}};
  all.update(analysis_schemas(numbers, text));
  return all;
}

Json request_body(const Route& route) {
  if (route.body == BodyKind::json)
    return {{"required", true}, {"content", json_content(reference(route.request_schema))}};
  const Json bytes{{"schema", {{"type", "string"}, {"format", "binary"}}}};
  const Json form{{"schema", object_of({{"recording", {{"type", "string"}, {"format", "binary"}}}},
                                       {"recording"})}};
  return {{"required", true},
          {"content",
           {{"audio/wav", bytes},
            {"audio/flac", bytes},
            {"application/octet-stream", bytes},
            {"multipart/form-data", form}}}};
}

Json success(const Route& route) {
  if (!route.answer_schema.empty())
    return {{"description", "What was asked for"},
            {"content", json_content(reference(route.answer_schema))}};
  if (route.body == BodyKind::recording) {
    const Json bytes{{"schema", {{"type", "string"}, {"format", "binary"}}}};
    return {{"description",
             "A file of each voice, and separation.json; a form where Accept asks for one"},
            {"content", {{"application/zip", bytes}, {"multipart/form-data", bytes}}}};
  }
  if (route.path == "/metrics")
    return {{"description", "Prometheus's text format"},
            {"content", {{"text/plain", {{"schema", {{"type", "string"}}}}}}}};
  return {{"description", "A document"}, {"content", json_content({{"type", "object"}})}};
}

constexpr std::pair<int, const char*> kRefusals[] = {
    {400, "Malformed, or numbers in another shape"},
    {401, "No token, or another one"},
    {403, "A page of another origin"},
    {404, "No such model"},
    {408, "The request did not arrive in time"},
    {409, "Frames of that session are being evaluated; send the next ones after their answer"},
    {413, "Too large or too long"},
    {415, "Another Content-Type, or no recording that can be read"},
    {422, "Not what the schema says, or a damaged recording; the field is named"},
    {426, "Not a WebSocket"},
    {429, "As much as may wait waits already; Retry-After tells when to come again"},
    {431, "The head is too large"},
    {503, "Not ready, stopping, no model for it, or no answer in time: never an invented answer"},
};

bool can_refuse(const Route& route, int status) {
  const bool has_body = route.body != BodyKind::none;
  const bool is_analysis = route.path.starts_with("/api/v1/analysis/");
  switch (status) {
    case 401: return !route.is_public;
    case 403:
    case 426: return route.is_stream;
    case 404: return has_body || route.is_stream || is_analysis;
    case 409: return route.request_schema == "AnalysisFrames";
    case 415: return has_body;
    case 422:
    case 429: return has_body || route.is_stream || is_analysis;
    case 503: return has_body || route.is_stream || is_analysis || route.path == "/readyz";
    default: return true;
  }
}

Json operation(const Route& route, bool needs_token) {
  Json result{{"summary", route.summary}};
  if (!route.parameters.empty()) {
    result["parameters"] = Json::array();
    for (std::string_view rest = route.parameters; !rest.empty();) {
      const size_t end = std::min(rest.find(','), rest.size());
      result["parameters"].push_back({{"name", rest.substr(0, end)},
                                      {"in", "query"},
                                      {"required", false},
                                      {"schema", {{"type", "string"}}}});
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  if (route.body != BodyKind::none) result["requestBody"] = request_body(route);
  Json responses = Json::object();
  if (route.is_stream) {
    responses["101"] = {{"description", "The stream begins; docs/service.md has its messages"}};
  } else {
    responses["200"] = success(route);
  }
  for (const auto& [status, description] : kRefusals) {
    if (can_refuse(route, status))
      responses[std::to_string(status)] = {{"description", description},
                                           {"content", json_content(reference("Error"))}};
  }
  result["responses"] = std::move(responses);
  if (needs_token && !route.is_public)
    result["security"] = Json::array({{{"token", Json::array()}}});
  return result;
}

}  // namespace

std::string openapi_document(const ServeOptions& options, const ServedModels& models) {
  Json paths = Json::object();
  for (const Route& route : routes()) {
    std::string method(route.method);
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    paths[std::string(route.path)][method] = operation(route, !options.token.empty());
  }
  Json components{{"schemas", schemas(options, models)}};
  if (!options.token.empty())
    components["securitySchemes"] = {{"token", {{"type", "http"}, {"scheme", "bearer"}}}};
  return print_json({{"openapi", "3.0.3"},
                     {"info", {{"title", "Tessera"}, {"version", TESSERA_VERSION}}},
                     {"paths", std::move(paths)},
                     {"components", std::move(components)}});
}

}  // namespace tessera::server
