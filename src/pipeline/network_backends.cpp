#include "pipeline/network_backends.h"

namespace tessera {

Result<NetworkBackends> NetworkBackends::open(const LoadedNetwork& network,
                                              const BackendNames& names,
                                              const BackendOptions& options) {
  const std::string by_default(network.default_backend());
  NetworkBackends opened;
  opened.chip_name_ = names.backend.empty() ? by_default : names.backend;
  TESSERA_TRY(opened.chip_, make_backend(opened.chip_name_, options));
  opened.host_name_ = opened.chip_name_;
  const bool runs_host_steps = opened.chip_->artifact_format().empty();
  if (!runs_host_steps) opened.host_name_ = by_default;
  if (!names.host_backend.empty()) opened.host_name_ = names.host_backend;
  if (opened.host_name_ != opened.chip_name_) {
    TESSERA_TRY(opened.host_, make_backend(opened.host_name_, options));
  }
  if (!names.allow_fallback || opened.chip_name_ == by_default) return opened;
  opened.falls_back_to_host_ = opened.host_name_ == by_default;
  if (!opened.falls_back_to_host_) {
    TESSERA_TRY(opened.fallback_, make_backend(by_default, options));
  }
  return opened;
}

Devices NetworkBackends::devices() const {
  Devices devices(*chip_, host_ ? *host_ : *chip_);
  devices.fallback = falls_back_to_host_ ? host_.get() : fallback_.get();
  return devices;
}

}  // namespace tessera
