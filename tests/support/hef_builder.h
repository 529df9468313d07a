// Compiled files (HEF) for tests: any description, in every version of the header.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <xxhash.h>
#include <zlib.h>

#include "vendor/hailo/hef/md5.h"

namespace tessera::test {

// A message in protocol buffers' wire format.
class Wire {
 public:
  Wire() = default;
  explicit Wire(std::string bytes) : bytes_(std::move(bytes)) {}

  Wire& number(uint32_t field, uint64_t value) {
    varint(uint64_t{field} << 3);
    varint(value);
    return *this;
  }
  Wire& text(uint32_t field, std::string_view value) {
    varint(uint64_t{field} << 3 | 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  Wire& message(uint32_t field, const Wire& value) { return text(field, value.bytes_); }
  Wire& real(uint32_t field, double value) {
    varint(uint64_t{field} << 3 | 1);
    fixed(std::bit_cast<uint64_t>(value), 8);
    return *this;
  }
  Wire& real32(uint32_t field, float value) {
    varint(uint64_t{field} << 3 | 5);
    fixed(std::bit_cast<uint32_t>(value), 4);
    return *this;
  }
  Wire& packed(uint32_t field, const std::vector<double>& values) {
    Wire inner;
    for (const double value : values) inner.fixed(std::bit_cast<uint64_t>(value), 8);
    return message(field, inner);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  void fixed(uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes_ += static_cast<char>(value >> (8 * i));
  }

  std::string bytes_;
};

struct HefParts {
  Wire description;
  std::string weights;
  std::string additional;        // version 3
  uint32_t padding = 0;          // version 3
  bool description_sum = false;  // version 3: also the checksum of the description
};

inline std::string big_endian(uint64_t value, int count) {
  std::string text;
  for (int i = count; i-- > 0;) text += static_cast<char>(value >> (8 * i));
  return text;
}

// The whole file with the checksum that its version has.
inline std::vector<uint8_t> hef_file(uint32_t version, const HefParts& parts) {
  const std::string& description = parts.description.bytes();
  const std::string padding(version == 3 ? parts.padding : 0, '\0');
  const std::string behind =
      description + padding + parts.weights + (version == 3 ? parts.additional : "");
  std::string file =
      std::string("\x01HEF", 4) + big_endian(version, 4) + big_endian(description.size(), 4);
  const auto xxh3 = [](const std::string& text) {
    return big_endian(XXH3_64bits(text.data(), text.size()), 8);
  };
  switch (version) {
    case 0: {
      const std::string digits =
          md5({reinterpret_cast<const uint8_t*>(behind.data()), behind.size()});
      file += big_endian(0, 4);
      for (size_t i = 0; i < digits.size(); i += 2) {
        file += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
      }
      break;
    }
    case 1:
      file +=
          big_endian(crc32_z(0, reinterpret_cast<const Bytef*>(behind.data()), behind.size()), 4);
      file += big_endian(parts.weights.size(), 8) + big_endian(0, 4);
      break;
    case 2:
      file +=
          xxh3(behind) + big_endian(parts.weights.size(), 8) + big_endian(0, 8) + big_endian(0, 8);
      break;
    default:
      file += xxh3(behind) + big_endian(parts.weights.size() + padding.size(), 8) +
              big_endian(padding.size(), 4) + big_endian(parts.additional.size(), 8);
      file += parts.description_sum ? xxh3(description) : big_endian(0, 8);
      file += big_endian(0, 8);
  }
  file += behind;
  return {file.begin(), file.end()};
}

inline Wire dims(uint64_t height, uint64_t width, uint64_t features) {
  return Wire().number(1, height).number(2, width).number(3, features);
}

struct EdgeLayer {
  bool to_device = true;
  std::string name = "net/input_layer1";
  uint32_t height = 1, width = 100, features = 9;
  uint32_t format = 1;
  uint32_t sys_index = 0;
  float scale = 0.5F, zero_point = 3;
  std::vector<double> scales = {};
  uint32_t connection = 0;
};

inline Wire edge_layer(const EdgeLayer& edge) {
  const Wire base = Wire()
                        .number(1, edge.height)
                        .number(2, edge.height)
                        .number(3, edge.width)
                        .number(4, (edge.width + 7) / 8 * 8)
                        .number(5, edge.features)
                        .number(6, edge.features)
                        .number(7, edge.format)
                        .number(8, edge.sys_index)
                        .number(9, (edge.width + 7) / 8 * 8 * edge.features)
                        .number(10, edge.height)
                        .number(12, 1);
  Wire numeric = Wire().real32(1, edge.zero_point).real32(2, edge.scale);
  if (!edge.scales.empty()) numeric.packed(6, edge.scales);
  const Wire info = Wire()
                        .text(1, edge.name)
                        .message(2, base)
                        .message(3, numeric)
                        .text(4, edge.name)
                        .text(5, "/conv/Conv");
  Wire wire;
  if (!edge.to_device) wire.number(1, 1);
  return wire.message(3, info).message(5, Wire().number(3, edge.connection));
}

inline Wire weight_pointer(uint64_t offset, uint64_t bytes) {
  return Wire().message(2,
                        Wire().number(1, 7).message(16, Wire().number(1, offset).number(2, bytes)));
}

inline Wire context_of(uint32_t index, const Wire& operation, const std::vector<Wire>& edges) {
  Wire metadata = Wire().text(1, "context_" + std::to_string(index));
  for (const Wire& edge : edges) metadata.message(2, edge);
  return Wire().number(1, index).message(2, operation).message(3, metadata);
}

inline Wire network_metadata(const std::string& name) {
  return Wire().text(1, name).real(4, 1000.0).number(5, 2).real(6, 0.002);
}

inline Wire description_header(uint32_t arch = 1) {
  return Wire().number(1, arch).number(2, 1726770697807).text(3, "3.33.0").number(4, 5);
}

inline Wire extension(uint32_t index, const std::string& name) {
  return Wire().number(1, index).text(2, name);
}

inline Wire unit(uint32_t type, uint32_t index, uint32_t layer, uint32_t cluster,
                 uint32_t context = 0) {
  return Wire()
      .number(1, type)
      .number(2, index)
      .number(3, layer)
      .message(4, Wire().number(1, 1).number(2, cluster))
      .message(8, Wire().text(1, "context").number(2, context));
}

inline Wire physical_layer(uint32_t type, const std::string& name, uint32_t id,
                           const std::string& part_of) {
  return Wire()
      .number(1, type)
      .text(2, name)
      .number(3, id)
      .message(4, dims(1, 100, 9))
      .message(5, dims(1, 100, 16))
      .message(6, dims(1, 3, 16))
      .message(7, dims(1, 1, 1))
      .message(8, dims(1, 2, 0))
      .message(9, Wire().text(1, part_of))
      .message(18, Wire().number(6, 2).number(11, 1).number(15, 1))
      .text(45, "/conv/Conv");
}

// Two halves of a convolution in clusters 0 and 5, and an edge between them.
inline Wire small_mapping() {
  const Wire context = Wire().text(1, "context").number(2, 0);
  const Wire units = Wire()
                         .message(1, unit(2, 0, 1, 0))
                         .message(1, unit(3, 0, 1, 0))
                         .message(1, unit(3, 1, 1, 0))
                         .message(1, unit(5, 0, 1, 0))
                         .message(1, unit(2, 0, 2, 5))
                         .message(1, unit(3, 0, 2, 5))
                         .message(1, unit(1, 0, 2, 5));
  const Wire layers = Wire()
                          .message(1, physical_layer(0, "conv1_d0", 1, "conv1"))
                          .message(1, physical_layer(0, "conv1_d1", 2, "conv1"))
                          .message(4, Wire().number(62, 400000000));
  const Wire edge = Wire()
                        .number(1, 1)
                        .number(2, 2)
                        .number(3, 4)
                        .number(4, 1664)
                        .number(5, 100)
                        .number(6, 16)
                        .number(8, 1);
  const Wire rule = Wire().number(1, 4).message(
      3, Wire().number(1, 9).text(4, "Padding scheme is not supported in conv1_d0"));
  return Wire()
      .message(1, units)
      .message(2, layers)
      .message(6, Wire().message(1, context).message(2, Wire().message(1, edge)))
      .message(9, Wire().text(2, "v2.5.1-test"))
      .message(13, Wire(rule).text(7, "conv1_d0"));
}

// One network, one context, weights of 64 bytes.
inline HefParts small_hef(uint32_t arch = 1) {
  EdgeLayer out;
  out.to_device = false;
  out.name = "net/conv1";
  out.format = 2;
  const Wire group =
      Wire()
          .message(1, network_metadata("net"))
          .message(2, Wire().message(1, weight_pointer(0, 16)))
          .message(3, context_of(0, weight_pointer(16, 48), {edge_layer({}), edge_layer(out)}))
          .text(4, "net/conv1")
          .text(6, "net");
  HefParts parts;
  parts.weights = std::string(64, 'w');
  parts.description = Wire()
                          .message(1, description_header(arch))
                          .message(2, group)
                          .message(3, small_mapping())
                          .message(5, extension(26, "Periph configuration"))
                          .message(6, extension(11, "HW Padding"));
  return parts;
}

}  // namespace tessera::test
