// POST /v1/separate, and what a stream of /v1/stream is opened with.
#include <fmt/format.h>

#include <charconv>

#include "base/archive.h"
#include "base/json_fields.h"
#include "serve/multipart.h"
#include "server/service.h"

namespace tessera::server {
namespace {

constexpr std::string_view kDocumentName = "separation.json";

Problem bad_parameter(std::string field, std::string message, std::string hint) {
  return {.status = 400,
          .code = "invalid_argument",
          .message = std::move(message),
          .field = std::move(field),
          .hint = std::move(hint)};
}

std::variant<VoiceFormat, Problem> voice_format(const Query& query) {
  const auto asked = query.find("format");
  if (asked == query.end() || asked->second == "wav") return VoiceFormat::wav;
  if (asked->second == "float") return VoiceFormat::wav_float;
  if (asked->second == "flac") return VoiceFormat::flac;
  return bad_parameter("format", fmt::format("'{}' is no format", asked->second.substr(0, 40)),
                       "one of: wav, float, flac");
}

std::variant<ChannelPolicy, Problem> channel_policy(const Query& query) {
  const auto asked = query.find("channel");
  if (asked == query.end()) return ChannelPolicy{};
  const auto policy = parse_channel_policy(asked->second);
  if (policy) return *policy;
  return bad_parameter("channel", policy.error().message,
                       "refuse, mix, or a channel's number from 1");
}

// The recording in the body: all of it, or the part of a form that is a file.
std::variant<std::string, Problem> recording_of(Request& request) {
  const std::string& type = request.head.content_type;
  constexpr std::string_view kForm = "multipart/form-data";
  std::string begin = type.substr(0, kForm.size());
  for (char& c : begin) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (begin != kForm) return std::move(request.body);
  const auto boundary = multipart_boundary(type);
  if (!boundary) return problem_of(boundary.error());
  const auto parts = read_multipart(request.body, *boundary);
  if (!parts) return problem_of(parts.error());
  const MultipartPart* recording = nullptr;
  for (const MultipartPart& part : *parts) {
    if (part.name != "recording") {
      return Problem{.status = 422,
                     .code = "corrupt",
                     .message = "is no part of this form; the one part is \"recording\"",
                     .field = part.name.substr(0, 100),
                     .hint = "curl -F recording=@mix.wav"};
    }
    if (recording != nullptr)
      return Problem{.status = 422,
                     .code = "corrupt",
                     .message = "is there twice",
                     .field = "recording",
                     .hint = "send one recording a request"};
    recording = &part;
  }
  if (recording == nullptr)
    return Problem{.status = 422,
                   .code = "corrupt",
                   .message = "is missing",
                   .field = "recording",
                   .hint = "curl -F recording=@mix.wav"};
  return std::string(recording->body);
}

std::string document_of(const SeparatedVoices& voices, const HostedModel& model) {
  Json document{{"model", model.name},
                {"package_hash", model.hash},
                {"backend", model.separator->backend()},
                {"arithmetic", to_string(model.separator->arithmetic())},
                {"sample_rate", voices.sample_rate},
                {"frames", voices.frames},
                {"scale", voices.scale},
                {"notes", voices.notes},
                {"files", Json::array()}};
  for (const VoiceFile& file : voices.files) document["files"].push_back(file.name);
  return print_json(document);
}

std::span<const uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Response zip_of(const SeparatedVoices& voices, const std::string& document) {
  std::vector<ArchiveEntry> entries;
  for (const VoiceFile& file : voices.files) entries.push_back({file.name, bytes_of(file.bytes)});
  entries.push_back({std::string(kDocumentName), bytes_of(document)});
  const auto zip = write_archive(entries);
  if (!zip) return response_of(failure_of(zip.error()));
  return {.content_type = "application/zip",
          .body = std::string(zip->begin(), zip->end()),
          .headers = {{"Content-Disposition", "attachment; filename=\"voices.zip\""}}};
}

Response form_of(const SeparatedVoices& voices, const std::string& document) {
  std::vector<MultipartPart> parts;
  for (const VoiceFile& file : voices.files)
    parts.push_back(
        {file.name.substr(0, file.name.find('.')), file.name, file.content_type, file.bytes});
  parts.push_back({"separation", std::string(kDocumentName), "application/json", document});
  const std::string boundary = free_boundary(parts);
  return {.content_type = "multipart/form-data; boundary=" + boundary,
          .body = write_multipart(parts, boundary)};
}

Response failure_response(const SeparationFailure& failure) {
  if (!failure.of_request) return response_of(failure_of(failure.error));
  // An empty recording and one of another kind are unprocessable, not wrongly shaped.
  return response_of(problem_of(failure.error));
}

}  // namespace

void Service::separate(Request request, Reply reply) {
  const auto model = choose_model(*models_, request.query, false);
  if (const auto* problem = std::get_if<Problem>(&model)) return reply(response_of(*problem));
  const HostedModel& chosen = *std::get<const HostedModel*>(model);
  const auto format = voice_format(request.query);
  if (const auto* problem = std::get_if<Problem>(&format)) return reply(response_of(*problem));
  const auto channels = channel_policy(request.query);
  if (const auto* problem = std::get_if<Problem>(&channels)) return reply(response_of(*problem));
  if (request.body.empty())
    return reply(response_of({.status = 422,
                              .code = "corrupt",
                              .message = "is empty; a recording is expected",
                              .field = "body",
                              .hint = "curl --data-binary @mix.wav"}));
  auto recording = recording_of(request);
  if (const auto* problem = std::get_if<Problem>(&recording)) return reply(response_of(*problem));
  const bool as_form = request.head.accept.find("multipart/form-data") != std::string::npos;
  SeparationJob job;
  job.recording = std::move(std::get<std::string>(recording));
  job.channels = std::get<ChannelPolicy>(channels);
  job.format = std::get<VoiceFormat>(format);
  job.deadline = request.deadline;
  job.cancelled = request.cancelled;
  job.done = [&chosen, reply, as_form](const std::optional<SeparationFailure>& failure,
                                       const SeparatedVoices& voices) {
    if (failure) return reply(failure_response(*failure));
    const std::string document = document_of(voices, chosen);
    reply(as_form ? form_of(voices, document) : zip_of(voices, document));
  };
  if (!chosen.separator->submit(std::move(job)))
    reply(response_of(
        overloaded(fmt::format("as much as may wait for {} waits already", chosen.name))));
}

std::variant<PcmStream, Problem> Service::open_stream(const Query& query) {
  const auto model = choose_model(*models_, query, false);
  if (const auto* problem = std::get_if<Problem>(&model)) return *problem;
  const HostedModel& chosen = *std::get<const HostedModel*>(model);
  PcmFormat format = PcmFormat::f32le;
  if (const auto asked = query.find("format"); asked != query.end()) {
    const auto parsed = parse_pcm_format(asked->second);
    if (!parsed)
      return bad_parameter("format", fmt::format("'{}' is no format", asked->second.substr(0, 40)),
                           "one of: f32le, s16le");
    format = *parsed;
  }
  if (const auto asked = query.find("rate"); asked != query.end()) {
    const std::optional<int> rate = chosen.separator->sample_rate();
    int given = 0;
    const char* end = asked->second.data() + asked->second.size();
    const auto [stopped, failed] = std::from_chars(asked->second.data(), end, given);
    if (failed != std::errc() || stopped != end || given < 1)
      return bad_parameter("rate", "is no sampling rate", "give it in Hz, or leave it out");
    if (rate && *rate != given)
      return bad_parameter("rate", fmt::format("is {} Hz; the network takes {} Hz", given, *rate),
                           "convert the samples on their way");
  }
  auto stream = models_->open_stream(chosen, format);
  if (stream) return std::move(*stream);
  const Error& error = stream.error();
  if (error.code == ErrorCode::kUnsupported) {
    Problem problem = problem_of(error);
    problem.status = 422;
    problem.message = fmt::format("{} cannot run on a stream: {}", chosen.name, error.message);
    problem.hint = "POST /v1/separate takes whole recordings";
    return problem;
  }
  log_.write(LogLevel::error, "stream_failed",
             {{"model", chosen.name}, {"reason", error.to_string()}});
  return failure_of(error);
}

std::string Service::stream_greeting(const PcmStream& stream) {
  const StreamingSession& session = stream.session();
  Json greeting{
      {"type", "ready"},
      {"voices", stream.voices()},
      {"format", to_string(stream.format())},
      {"sample_rate", session.sample_rate() ? Json(*session.sample_rate()) : Json(nullptr)},
      {"latency_samples", session.latency_samples()},
      {"step_samples", session.step_samples()},
      {"backend", session.backend()},
      {"arithmetic", to_string(session.arithmetic())}};
  return greeting.dump();
}

}  // namespace tessera::server
