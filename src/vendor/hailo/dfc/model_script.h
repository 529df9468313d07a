// Model scripts (.alls): what the compiler is told besides the network.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tessera::hailo {

struct ModelScript {
  std::vector<std::string> wide_layers;      // of the HN: values of 16 bits, weights of 16
  std::vector<std::string> exponent_layers;  // of the HN: may shift further than their bits
  std::optional<int64_t> calibration_count;  // samples that ranges are taken from
  std::optional<int64_t> batch;              // samples per step of calibration
  std::optional<int64_t> optimization_level;
  std::optional<int64_t> allocator_timeout_s;
  std::optional<double> utilization;  // cap on every unit, 0..1.2
};

// One command a line; empty where nothing differs from the compiler's defaults. The same script
// gives the same text.
std::string print_model_script(const ModelScript& script);

}  // namespace tessera::hailo
