#include "server/served_models.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/threads/processors.h"
#include "graph/voices.h"
#include "tessera/file.h"
#include "tessera/package.h"

namespace tessera::server {
namespace {

constexpr uint64_t kMaxModelBytes = uint64_t{4} << 30;

Result<std::string> hash_of(const std::filesystem::path& path) {
  if (std::filesystem::is_directory(path)) return std::string();
  TESSERA_TRY(const std::vector<uint8_t> bytes, read_file(path, kMaxModelBytes));
  return content_hash(bytes);
}

// A package holds what it was built with.
ImportOptions import_options(const std::filesystem::path& path, const ServeOptions& options) {
  return is_package(path) ? ImportOptions{} : options.import;
}

Result<std::unique_ptr<WindowHost>> start_windows(const ServedModel& model,
                                                  const ServeOptions& options, int workers,
                                                  Metrics& metrics, EventLog& log) {
  WindowHost::OpenModel open = model.open_windows;
  if (!open) {
    SensorEncoderOptions encoder;
    encoder.import = import_options(model.path, options);
    encoder.backend = options.backend;
    encoder.threads = 1;
    open = [path = model.path, encoder] { return open_window_model(path, encoder); };
  }
  WindowHost::Settings settings{.name = model.name,
                                .workers = workers,
                                .max_batch = static_cast<size_t>(options.max_batch),
                                .queue = static_cast<size_t>(options.queue)};
  return WindowHost::start(std::move(settings), open, metrics, log);
}

Result<std::unique_ptr<SeparatorHost>> start_separator(const ServedModel& model,
                                                       const ServeOptions& options, int workers,
                                                       const std::filesystem::path& scratch,
                                                       Metrics& metrics, EventLog& log) {
  SeparatorOptions separator;
  separator.model_args = import_options(model.path, options).model_args;
  separator.backend = options.backend;
  separator.sample_rate = options.sample_rate;
  separator.threads = 1;
  separator.scratch_folder = scratch;
  return SeparatorHost::start({.name = model.name,
                               .path = model.path,
                               .separator = std::move(separator),
                               .workers = workers,
                               .queue = static_cast<size_t>(options.queue),
                               .max_seconds = options.max_audio_seconds,
                               .scratch_folder = scratch},
                              metrics, log);
}

// Whether a model file or package separates voices.
Result<bool> is_separator(const ServedModel& model, const ServeOptions& options) {
  TESSERA_TRY(const ImportedModel imported,
              load_model(model.path, import_options(model.path, options)));
  return voice_layout(imported.graph).has_value();
}

}  // namespace

Result<std::unique_ptr<ServedModels>> ServedModels::open(
    const ServeOptions& options, const std::filesystem::path& scratch_folder, Metrics& metrics,
    EventLog& log) {
  auto served = std::make_unique<ServedModels>();
  served->options_ = options;
  const int workers = options.workers > 0 ? options.workers : cpu::usable_processors();
  for (const ServedModel& model : options.models) {
    HostedModel hosted;
    hosted.name = model.name;
    hosted.path = model.path;
    bool separates = false;
    if (!model.open_windows) {
      TESSERA_TRY(hosted.hash, hash_of(model.path));
      TESSERA_TRY(separates, is_separator(model, options));
    }
    if (separates) {
      TESSERA_TRY(hosted.separator,
                  start_separator(model, options, workers, scratch_folder, metrics, log));
    } else {
      TESSERA_TRY(hosted.windows, start_windows(model, options, workers, metrics, log));
    }
    served->models_.push_back(std::move(hosted));
  }
  return served;
}

bool ServedModels::are_ready() const {
  return std::all_of(models_.begin(), models_.end(),
                     [](const HostedModel& model) { return model.is_ready(); });
}

Result<PcmStream> ServedModels::open_stream(const HostedModel& model, PcmFormat format) const {
  TESSERA_TRY(const std::string hash, hash_of(model.path));
  if (hash != model.hash) {
    return TESSERA_ERROR(kMismatch, model.name,
                         "its file has changed since the service was started",
                         "restart the service");
  }
  StreamingOptions options;
  options.model_args = import_options(model.path, options_).model_args;
  options.backend = options_.backend;
  TESSERA_TRY(StreamingSession session, StreamingSession::open(model.path, options));
  return PcmStream::create(std::move(session), model.separator->voices(), format);
}

}  // namespace tessera::server
