// Writes .safetensors files for tests, from tensors or from a header of one's own.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "model/torch/checkpoint.h"

namespace tessera {

inline std::vector<uint8_t> safetensors_file(std::string_view header, std::string_view data) {
  std::vector<uint8_t> out(8);
  for (size_t i = 0; i < 8; ++i) out[i] = static_cast<uint8_t>(header.size() >> (8 * i));
  out.insert(out.end(), header.begin(), header.end());
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

// Every tensor as F32.
inline std::vector<uint8_t> safetensors_file(const Checkpoint& checkpoint) {
  std::string header = "{";
  std::string data;
  for (const NamedTensor& entry : checkpoint.tensors) {
    const size_t begin = data.size();
    const auto values = entry.tensor.values();
    data.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
    header += fmt::format("{}\"{}\":{{\"dtype\":\"F32\",\"shape\":[{}],\"data_offsets\":[{},{}]}}",
                          header.size() > 1 ? "," : "", entry.name, fmt::join(entry.dims, ","),
                          begin, data.size());
  }
  return safetensors_file(header + "}", data);
}

}  // namespace tessera
