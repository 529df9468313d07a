// WindowModel: a network of sensor windows as a service evaluates it, several windows at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "serve/window_request.h"
#include "tessera/backend.h"
#include "tessera/result.h"

namespace tessera {

// One thread at a time may use a WindowModel.
class WindowModel {
 public:
  virtual ~WindowModel() = default;

  virtual WindowContract contract() const = 0;
  virtual int64_t latent_values() const = 0;  // of one window
  virtual std::string backend() const = 0;
  virtual Arithmetic arithmetic() const = 0;

  // Each window as read_window() gives it, each latent of latent_values(). Errors: those of the backend, after which
  // `latents` say nothing.
  virtual Result<void> run(std::span<const ConstValues> windows, std::span<const Values> latents) = 0;
};

struct WindowModelOptions {
  std::map<std::string, std::string> model_args = {};  // as ImportOptions::model_args
  std::string backend = {};                            // empty: the one for the network's arithmetic
  int threads = 1;                                     // windows are short: several workers serve better
  int64_t memory_limit_bytes = 0;
};

// A model file or a package. Errors: those of LoadedNetwork::open() and make_backend(); kUnsupported for a network
// with several inputs or outputs.
Result<std::unique_ptr<WindowModel>> open_window_model(const std::filesystem::path& path,
                                                       const WindowModelOptions& options = {});

}  // namespace tessera
