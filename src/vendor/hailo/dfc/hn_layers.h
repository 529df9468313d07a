// The names that a parsed network's layers had in the ONNX file, out of its HAR.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tessera/result.h"

namespace tessera::hailo {

struct HnLayer {
  std::string name;  // "net/conv1"
  std::string type;  // "conv"
  std::vector<std::string> original_names;
};

// Errors: kCorrupt where it is no archive, is cut off or holds no HN; those of reading it.
Result<std::vector<HnLayer>> read_hn_layers(const std::filesystem::path& har);

// The name of the network, after which the compiler names its file. Errors: the same.
Result<std::string> read_hn_name(const std::filesystem::path& har);

}  // namespace tessera::hailo
