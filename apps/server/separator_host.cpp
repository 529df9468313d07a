#include "server/separator_host.h"

#include <fmt/format.h>

#include "base/cancellation.h"
#include "server/recording_bytes.h"

namespace tessera::server {
namespace {

std::string extension_of(VoiceFormat format) {
  return format == VoiceFormat::flac ? ".flac" : ".wav";
}

// What a recording can cause; everything else is the service's own failure.
bool is_of_recording(const Error& error, const std::string& subject) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kCorrupt:
    case ErrorCode::kUnsupported:
    case ErrorCode::kResourceLimit: return error.subject.starts_with(subject);
    default: return false;
  }
}

constexpr const char* kSubject = "recording";

}  // namespace

// A Separator, and the job it is at.
struct SeparatorHost::Worker {
  std::optional<Separator> separator;
  ChannelPolicy channels;
  Clock::time_point deadline;
  std::shared_ptr<std::atomic<bool>> cancelled;
  int number = 0;
  std::thread thread;

  bool is_cancelled() const { return cancelled && (cancelled->load() || Clock::now() >= deadline); }
};

SeparatorHost::SeparatorHost(Settings settings, Metrics& metrics, EventLog& log)
    : settings_(std::move(settings)),
      metrics_(metrics),
      log_(log),
      queue_(settings_.queue, static_cast<size_t>(settings_.workers)) {}

Result<std::unique_ptr<SeparatorHost>> SeparatorHost::start(Settings settings, Metrics& metrics,
                                                            EventLog& log) {
  std::unique_ptr<SeparatorHost> host(new SeparatorHost(std::move(settings), metrics, log));
  for (int i = 0; i < host->settings_.workers; ++i) {
    auto worker = std::make_unique<Worker>();
    worker->number = i;
    TESSERA_TRY(worker->separator,
                Separator::open(host->settings_.path, host->settings_.separator));
    host->workers_.push_back(std::move(worker));
  }
  const Separator& separator = *host->workers_.front()->separator;
  host->voices_ = separator.voices();
  host->sample_rate_ = separator.sample_rate();
  host->backend_ = separator.backend();
  host->arithmetic_ = separator.arithmetic();
  metrics.ready(host->settings_.name, true);
  for (const auto& worker : host->workers_)
    worker->thread =
        std::thread([host = host.get(), worker = worker.get()] { host->work(*worker); });
  return host;
}

SeparatorHost::~SeparatorHost() {
  queue_.close();
  for (const auto& worker : workers_) {
    if (worker->thread.joinable()) worker->thread.join();
  }
}

bool SeparatorHost::submit(SeparationJob job) {
  std::vector<SeparationJob> jobs;
  jobs.push_back(std::move(job));
  return queue_.push(jobs);
}

void SeparatorHost::work(Worker& worker) {
  for (;;) {
    std::vector<SeparationJob> jobs = queue_.pop(1);
    if (jobs.empty()) return;
    metrics_.queued(settings_.name, queue_.size());
    separate(worker, jobs.front());
  }
}

namespace {

Result<std::vector<VoiceFile>> voice_files(const Separation& separated, VoiceFormat format,
                                           const std::filesystem::path& scratch, int worker) {
  std::vector<VoiceFile> files;
  for (size_t v = 0; v < separated.voices.size(); ++v) {
    VoiceFile file;
    file.name = fmt::format("voice_{}{}", v + 1, extension_of(format));
    file.content_type = format == VoiceFormat::flac ? "audio/flac" : "audio/wav";
    const SampleFormat samples =
        format == VoiceFormat::wav_float ? SampleFormat::kFloat : SampleFormat::kPcm16;
    TESSERA_TRY(file.bytes, encode_recording(separated.voices[v], separated.sample_rate, samples,
                                             scratch, fmt::format("{}_{}", worker, file.name)));
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace

void SeparatorHost::separate(Worker& worker, SeparationJob& job) {
  worker.deadline = job.deadline;
  worker.cancelled = job.cancelled;
  SeparatedVoices voices;
  const Clock::time_point begin = Clock::now();
  voices.queue_seconds = std::chrono::duration<double>(begin - job.arrived).count();
  metrics_.waited(settings_.name, voices.queue_seconds);
  const auto separated = [&]() -> Result<void> {
    if (worker.is_cancelled())
      return TESSERA_ERROR(kCancelled, "", "its deadline passed before a worker was free",
                           "send less at a time");
    TESSERA_TRY(AudioBuffer recording,
                decode_recording(job.recording, settings_.max_seconds, kSubject));
    job.recording = {};
    // The policy is each request's, a Separator's that of all its recordings.
    if (recording.channels.size() > 1) {
      TESSERA_TRY(MonoInput mono,
                  to_mono_input(recording, recording.sample_rate, job.channels, kSubject));
      recording.channels = {std::move(mono.samples)};
      recording.notes = std::move(mono.steps);
    }
    const CancellationScope scope([&worker] { return worker.is_cancelled(); });
    TESSERA_TRY(const Separation separation, worker.separator->separate(recording, kSubject));
    TESSERA_TRY(voices.files,
                voice_files(separation, job.format, settings_.scratch_folder, worker.number));
    voices.sample_rate = separation.sample_rate;
    voices.frames = separation.frames;
    voices.scale = separation.scale;
    voices.network_seconds = separation.timing.network_seconds;
    for (const Note& note : separation.notes) voices.notes.push_back(note.text);
    return {};
  }();
  metrics_.evaluated(settings_.name, 1,
                     std::chrono::duration<double>(Clock::now() - begin).count());
  worker.cancelled = nullptr;
  if (separated) {
    set_ready(true, "");
    job.done(std::nullopt, std::move(voices));
    return;
  }
  const Error& error = separated.error();
  const bool of_request = is_of_recording(error, kSubject);
  if (!of_request && error.code != ErrorCode::kCancelled) {
    set_ready(false, error.to_string());
    metrics_.failed(settings_.name);
  }
  job.done(SeparationFailure{error, of_request}, {});
}

void SeparatorHost::set_ready(bool ready, const std::string& reason) {
  if (ready_.exchange(ready) == ready) return;
  metrics_.ready(settings_.name, ready);
  if (ready) {
    log_.write(LogLevel::warning, "model_recovered", {{"model", settings_.name}});
  } else {
    log_.write(LogLevel::error, "model_failed", {{"model", settings_.name}, {"reason", reason}});
  }
}

}  // namespace tessera::server
