// How Vela is called for a target.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "tessera/compiler/target.h"
#include "tessera/result.h"

namespace tessera::vela {

struct VelaConfiguration {
  std::string accelerator;                   // "ethos-u65-512"
  std::string config_file = "Arm/vela.ini";  // one that Vela brings, or a path
  std::string system_config;
  std::string memory_mode;
  int64_t sram_bytes = 0;       // --arena-cache-size
  bool values_in_sram = false;  // what does not fit there is a refusal
};

// Of a target whose name begins with "ethos_u55", "ethos_u65" or "ethos_u85", as its parameters
// macs, system and memory choose. Errors: kUnsupported for any other target.
Result<VelaConfiguration> configuration_of(const Target& target);

// Without program and file.
std::vector<std::string> arguments_of(const VelaConfiguration& configuration);

// Names of what it writes for "NAME.tflite".
std::string network_file(const std::string& name);
std::string summary_file(const std::string& name, const VelaConfiguration& configuration);
std::string operators_file(const std::string& name);

}  // namespace tessera::vela
