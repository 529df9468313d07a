#include "cli/separation_batch.h"

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "base/stopwatch.h"
#include "tessera/file.h"

namespace tessera::cli {
namespace {

Result<AudioReader> open_recording(const std::string& input,
                                   const SeparateRecordingOptions& options) {
  TESSERA_TRY(const AudioReadOptions reading, options.recordings.reading());
  if (input != kStandardStream) return AudioReader::open(input, reading);
  const std::string scratch = scratch_folder(options.output);
  if (!scratch.empty()) TESSERA_TRY_VOID(ensure_directory(scratch));
  return AudioReader::open_stream(STDIN_FILENO, recording_name(input), reading, scratch);
}

Result<SeparatedRecording> separate_recording(Separator& separator,
                                              const SeparateRecordingOptions& options,
                                              const SeparationJob& job) {
  const Stopwatch watch;
  TESSERA_TRY(AudioReader recording, open_recording(job.input, options));
  VoiceFiles files(job, recording.info().sample_rate, separator.voices(), options.output);
  TESSERA_TRY_VOID(files.check());
  std::vector<std::vector<float>> voices;
  const auto take = [&](std::span<const std::vector<float>> block) {
    if (options.score) {
      voices.resize(block.size());
      for (size_t v = 0; v < block.size(); ++v)
        voices[v].insert(voices[v].end(), block[v].begin(), block[v].end());
    }
    return files.write(block);
  };
  SeparatedRecording done;
  TESSERA_TRY(done.separation, separator.separate(recording, take, recording_name(job.input)));
  if (options.score) TESSERA_TRY_VOID(options.score(done.separation, voices));
  TESSERA_TRY(done.files, files.finish());
  done.seconds = watch.seconds() - done.separation.timing.check_seconds;
  return done;
}

// Outcomes of jobs that several threads work on.
class Outcomes {
 public:
  explicit Outcomes(size_t jobs) : outcomes_(jobs) {}

  // The next job to begin; none once all have begun or stop() was called.
  std::optional<size_t> next() {
    if (stopped_) return std::nullopt;
    const size_t job = next_++;
    if (job >= outcomes_.size()) return std::nullopt;
    return job;
  }
  void stop() { stopped_ = true; }

  void put(size_t job, Result<SeparatedRecording> outcome) {
    {
      const std::lock_guard lock(mutex_);
      outcomes_[job] = std::move(outcome);
    }
    ended_.notify_one();
  }
  Result<SeparatedRecording> wait_for(size_t job) {
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [&] { return outcomes_[job].has_value(); });
    return std::move(*outcomes_[job]);
  }
  std::optional<Result<SeparatedRecording>> take(size_t job) {
    const std::lock_guard lock(mutex_);
    return std::move(outcomes_[job]);
  }

 private:
  std::atomic<size_t> next_{0};
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;  // of what follows
  std::condition_variable ended_;
  std::vector<std::optional<Result<SeparatedRecording>>> outcomes_;
};

}  // namespace

std::string recording_name(const std::string& input) {
  return input == kStandardStream ? "standard input" : input;
}

std::string scratch_folder(const OutputOptions& output) {
  return output.folder == kStandardStream ? "" : output.folder;
}

void separate_batch(std::span<Separator* const> separators, const SeparateRecordingOptions& options,
                    const std::vector<SeparationJob>& jobs, const BatchEvents& events) {
  if (separators.size() == 1) {
    for (size_t job = 0; job < jobs.size(); ++job) {
      if (events.begins) events.begins(job);
      if (!events.ended(job, separate_recording(*separators.front(), options, jobs[job]))) return;
    }
    return;
  }
  Outcomes outcomes(jobs.size());
  std::vector<std::jthread> threads;
  for (Separator* separator : separators) {
    threads.emplace_back([&, separator] {
      while (const auto job = outcomes.next())
        outcomes.put(*job, separate_recording(*separator, options, jobs[*job]));
    });
  }
  size_t job = 0;
  while (job < jobs.size() && events.ended(job, outcomes.wait_for(job))) ++job;
  outcomes.stop();
  threads.clear();
  while (++job < jobs.size()) {  // begun before that
    if (auto outcome = outcomes.take(job)) events.ended(job, std::move(*outcome));
  }
}

}  // namespace tessera::cli
