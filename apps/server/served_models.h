// ServedModels: every model of a service, by name, each what its network is for.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "serve/pcm_stream.h"
#include "server/event_log.h"
#include "server/metrics.h"
#include "server/separator_host.h"
#include "server/serve_options.h"
#include "server/window_host.h"

namespace tessera::server {

struct HostedModel {
  std::string name;
  std::filesystem::path path;
  std::string hash;  // content_hash() of its file
  // One of the two.
  std::unique_ptr<WindowHost> windows;
  std::unique_ptr<SeparatorHost> separator;

  bool is_ready() const { return windows ? windows->is_ready() : separator->is_ready(); }
};

class ServedModels {
 public:
  // Opens all. `scratch_folder` must outlive them. Errors: those of the networks; kInvalidArgument
  // for one that is neither a separator nor a network of sensor windows.
  static Result<std::unique_ptr<ServedModels>> open(const ServeOptions& options,
                                                    const std::filesystem::path& scratch_folder,
                                                    Metrics& metrics, EventLog& log);

  const std::vector<HostedModel>& all() const { return models_; }
  bool are_ready() const;

  // A stream of a separator. Errors: kUnsupported naming the node that cannot run on a stream;
  // kMismatch where the model's file is not the one that was opened any more.
  Result<PcmStream> open_stream(const HostedModel& model, PcmFormat format) const;

 private:
  ServeOptions options_;
  std::vector<HostedModel> models_;
};

}  // namespace tessera::server
