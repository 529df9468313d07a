#include "vendor/hailo/dfc/model_script.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tessera::hailo {

std::string print_model_script(const ModelScript& script) {
  std::string text;
  if (script.optimization_level) {
    text += fmt::format("model_optimization_flavor(optimization_level={})\n",
                        *script.optimization_level);
  }
  if (script.calibration_count) {
    text += fmt::format("model_optimization_config(calibration, batch_size={}, calibset_size={})\n",
                        script.batch.value_or(1), *script.calibration_count);
  }
  for (const std::string& layer : script.wide_layers) {
    text += fmt::format("quantization_param({}, precision_mode=a16_w16)\n", layer);
  }
  if (!script.exponent_layers.empty()) {
    text += fmt::format("model_optimization_config(negative_exponent, layers=[{}], rank=0)\n",
                        fmt::join(script.exponent_layers, ", "));
  }
  if (script.utilization) {
    text += fmt::format(
        "resources_param(max_control_utilization={0}, max_compute_utilization={0}, "
        "max_memory_utilization={0})\n",
        *script.utilization);
  }
  if (script.allocator_timeout_s)
    text += fmt::format("allocator_param(timeout={}s)\n", *script.allocator_timeout_s);
  return text;
}

}  // namespace tessera::hailo
