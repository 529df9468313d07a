// Words for the numbers of a HEF.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tessera {

// hw_arch: the compiler's name and the chip; "unknown (7)".
std::string hef_arch_name(uint32_t arch);
// The chip in words: "Hailo-8"; empty where the number is unknown.
std::string_view hef_chip_name(uint32_t arch);

// Of a stream's format: "NHWC".
std::string hef_order_name(uint32_t format);

// Of an extension, where it is known: "HAILO_NET_FLOW"; else empty.
std::string_view hef_extension_name(uint64_t index);

// Of a physical layer's type: "conv"; "type 99" where it is unknown.
std::string hef_layer_type_name(uint64_t type);

}  // namespace tessera
