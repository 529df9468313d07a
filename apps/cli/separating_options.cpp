#include "cli/separating_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/threads/processors.h"
#include "cli/machine.h"

namespace tessera::cli {
namespace {

constexpr std::string_view kWholeRecording = "whole";
constexpr int kMaxJobs = 256;

Result<double> window_seconds(const std::string& text) {
  if (text == kWholeRecording) return 0.0;
  double seconds = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (failed != std::errc() || end != text.data() + text.size() || !(seconds >= 1)) {
    return TESSERA_ERROR(
        kInvalidArgument, "--window",
        fmt::format("'{}' is neither seconds from 1 nor '{}'", text, kWholeRecording),
        "leave it out for windows of 30 s where a recording is longer");
  }
  return seconds;
}

}  // namespace

void add_separating_options(CommandLine& app, SeparatingOptions& options) {
  add_network_backend_options(app, options.backend);
  add_device_options(app, options.backend);
  add_recording_options(app, options.recordings);
  app.add_option("--sample-rate", options.sample_rate,
                 "The network's sampling rate, where its file does not tell")
      ->type_name("HZ");
  app.add_option("--window", options.window,
                 "Recordings of more than N seconds are evaluated in stretches of them, in memory "
                 "that does not grow with them; 'whole': at once")
      ->type_name("{whole,N}")
      ->capture_default_str();
  app.add_option("--jobs", options.jobs,
                 "Recordings at the same time, each on its share of the threads")
      ->within(1, kMaxJobs)
      ->type_name("N")
      ->capture_default_str();
}

Result<SeparatorOptions> separator_options(const SeparatingOptions& options) {
  TESSERA_TRY(const ImportOptions import, import_options(options.model));
  SeparatorOptions separator;
  separator.model_args = import.model_args;
  if (options.backend.name != kAutoBackend) separator.backend = options.backend.name;
  separator.host_backend = options.backend.host;
  separator.allow_fallback = options.backend.allow_fallback;
  separator.threads = options.backend.threads;
  if (separator.threads == 0 && options.jobs > 1)
    separator.threads = std::max(1, cpu::usable_processors() / options.jobs);
  separator.memory_limit_bytes = usable_memory_bytes() / options.jobs;
  separator.sample_rate = options.sample_rate;
  TESSERA_TRY(separator.channels, parse_channel_policy(options.recordings.channel));
  TESSERA_TRY(separator.window_seconds, window_seconds(options.window));
  return separator;
}

}  // namespace tessera::cli
