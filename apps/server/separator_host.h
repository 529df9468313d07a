// SeparatorHost: one separator, its queue and its workers: recordings in, files of voices out.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "serve/batch_queue.h"
#include "server/event_log.h"
#include "server/http_types.h"
#include "server/metrics.h"
#include "tessera/audio.h"
#include "tessera/separator.h"

namespace tessera::server {

enum class VoiceFormat : uint8_t { wav, wav_float, flac };

struct VoiceFile {
  std::string name;  // "voice_1.wav"
  std::string content_type;
  std::string bytes;
};

struct SeparatedVoices {
  std::vector<VoiceFile> files;
  int sample_rate = 0;
  int64_t frames = 0;
  double scale = 1;
  std::vector<std::string> notes;
  double queue_seconds = 0;
  double network_seconds = 0;
};

// An error and whose fault it is.
struct SeparationFailure {
  Error error;
  bool of_request = false;  // of the recording or what was asked for; else of the service
};

struct SeparationJob {
  std::string recording;  // the bytes of a file
  ChannelPolicy channels;
  VoiceFormat format = VoiceFormat::wav;
  Clock::time_point arrived = Clock::now();
  Clock::time_point deadline;
  std::shared_ptr<std::atomic<bool>> cancelled;
  // Called once, from a worker.
  std::function<void(std::optional<SeparationFailure>, SeparatedVoices)> done;
};

class SeparatorHost {
 public:
  struct Settings {
    std::string name;
    std::filesystem::path path;
    SeparatorOptions separator;
    int workers = 1;
    size_t queue = 1;
    double max_seconds = 0;
    std::filesystem::path scratch_folder;  // where files of voices are made
  };

  // Errors: those of Separator::open().
  static Result<std::unique_ptr<SeparatorHost>> start(Settings settings, Metrics& metrics,
                                                      EventLog& log);
  // Separates what is queued first.
  ~SeparatorHost();

  // False where the queue is full.
  bool submit(SeparationJob job);

  const std::string& name() const { return settings_.name; }
  const std::filesystem::path& path() const { return settings_.path; }
  int voices() const { return voices_; }
  std::optional<int> sample_rate() const { return sample_rate_; }
  const std::string& backend() const { return backend_; }
  Arithmetic arithmetic() const { return arithmetic_; }
  bool is_ready() const { return ready_.load(); }

 private:
  struct Worker;
  SeparatorHost(Settings settings, Metrics& metrics, EventLog& log);
  void work(Worker& worker);
  void separate(Worker& worker, SeparationJob& job);
  void set_ready(bool ready, const std::string& reason);

  const Settings settings_;
  Metrics& metrics_;
  EventLog& log_;
  int voices_ = 0;
  std::optional<int> sample_rate_;
  std::string backend_;
  Arithmetic arithmetic_ = Arithmetic::float32;
  BatchQueue<SeparationJob> queue_;
  std::atomic<bool> ready_{true};
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace tessera::server
