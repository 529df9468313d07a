#include "vendor/vela/vela_command.h"

#include <algorithm>

#include <fmt/format.h>

namespace tessera::vela {
namespace {

Result<std::string> chosen(const Target& target, std::string_view parameter) {
  const auto found = target.parameters.find(parameter);
  if (found != target.parameters.end()) return found->second.chosen;
  return TESSERA_ERROR(kUnsupported, target.name,
                       fmt::format("has no parameter '{}', which Vela asks for", parameter),
                       "take targets/ethos_u65.toml for a pattern");
}

}  // namespace

Result<VelaConfiguration> configuration_of(const Target& target) {
  constexpr std::string_view kNames[] = {"ethos_u55", "ethos_u65", "ethos_u85"};
  const auto* name = std::find_if(std::begin(kNames), std::end(kNames), [&](std::string_view one) {
    return target.name.starts_with(one);
  });
  if (name == std::end(kNames)) {
    return TESSERA_ERROR(kUnsupported, target.name, "is no target that Vela compiles for",
                         "choose ethos_u55, ethos_u65 or ethos_u85: 'tessera target list'");
  }
  VelaConfiguration configuration;
  configuration.accelerator = *name;
  std::replace(configuration.accelerator.begin(), configuration.accelerator.end(), '_', '-');
  TESSERA_TRY(const std::string macs, chosen(target, "macs"));
  configuration.accelerator += "-" + macs;
  TESSERA_TRY(configuration.system_config, chosen(target, "system"));
  TESSERA_TRY(configuration.memory_mode, chosen(target, "memory"));
  configuration.sram_bytes = static_cast<int64_t>(target.unit("sram_bytes"));
  configuration.values_in_sram = target.unit("arena_port") == 1;
  return configuration;
}

std::vector<std::string> arguments_of(const VelaConfiguration& configuration) {
  return {"--accelerator-config",
          configuration.accelerator,
          "--config",
          configuration.config_file,
          "--system-config",
          configuration.system_config,
          "--memory-mode",
          configuration.memory_mode,
          "--arena-cache-size",
          fmt::to_string(configuration.sram_bytes),
          "--output-dir",
          ".",
          "--verbose-performance"};
}

std::string network_file(const std::string& name) {
  return name + "_vela.tflite";
}
std::string summary_file(const std::string& name, const VelaConfiguration& configuration) {
  return fmt::format("{}_summary_{}.csv", name, configuration.system_config);
}
std::string operators_file(const std::string& name) {
  return name + "_per-layer.csv";
}

}  // namespace tessera::vela
