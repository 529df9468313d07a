// WindowModel: a network of sensor windows as a service evaluates it, several windows at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "serve/window_request.h"
#include "tessera/backend.h"
#include "tessera/result.h"
#include "tessera/sensor_encoder.h"

namespace tessera {

// One thread at a time may use a WindowModel.
class WindowModel {
 public:
  virtual ~WindowModel() = default;

  virtual WindowContract contract() const = 0;
  virtual int64_t latent_values() const = 0;  // of one window: devices x the network's outputs
  virtual std::vector<std::string> classes() const {
    return {};
  }  // names of a classifier's outputs
  virtual std::string backend() const = 0;
  virtual Arithmetic arithmetic() const = 0;

  // Each window as read_window() gives it, each latent of latent_values(). Errors: those of the
  // backend, after which `latents` say nothing.
  virtual Result<void> run(std::span<const ConstValues> windows,
                           std::span<const Values> latents) = 0;
};

// The network of a SensorEncoder; ranges by the names of its channels, and those of imu_ranges()
// for nine channels without names. Errors: those of SensorEncoder::open(); kInvalidArgument for a
// network whose window has no length.
Result<std::unique_ptr<WindowModel>> open_window_model(const std::filesystem::path& path,
                                                       const SensorEncoderOptions& options = {});

}  // namespace tessera
