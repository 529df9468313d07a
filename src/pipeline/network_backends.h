// The backends that a network is to run on, by name: of its pieces, of its host steps, and of
// pieces that the first refuses.
#pragma once

#include <memory>
#include <string>

#include "tessera/separator.h"

namespace tessera {

struct BackendNames {
  std::string backend = {};       // empty: the network's default
  std::string host_backend = {};  // empty: `backend`, or the default where that runs no host steps
  bool allow_fallback = false;    // to the default
};

class NetworkBackends {
 public:
  // Errors: those of make_backend().
  static Result<NetworkBackends> open(const LoadedNetwork& network, const BackendNames& names,
                                      const BackendOptions& options);

  Backend& chip() const { return *chip_; }
  const std::string& chip_name() const { return chip_name_; }
  const std::string& host_name() const { return host_name_; }
  Devices devices() const;

 private:
  std::string chip_name_;
  std::string host_name_;
  std::unique_ptr<Backend> chip_;
  std::unique_ptr<Backend> host_;      // null: chip_
  std::unique_ptr<Backend> fallback_;  // null: none, or host_
  bool falls_back_to_host_ = false;
};

}  // namespace tessera
