#include "vendor/hailo/hef/hef_names.h"

#include <algorithm>
#include <iterator>
#include <span>

#include <fmt/format.h>

namespace tessera {
namespace {

struct NamedNumber {
  uint64_t number;
  std::string_view name;
};

std::string_view find_name(std::span<const NamedNumber> table, uint64_t number) {
  const auto* found = std::find_if(table.data(), table.data() + table.size(),
                                   [&](const NamedNumber& row) { return row.number == number; });
  return found == table.data() + table.size() ? std::string_view() : found->name;
}

std::string name_or(std::string_view name, std::string_view what, uint64_t number) {
  return name.empty() ? fmt::format("{} {}", what, number) : std::string(name);
}

// The compiler writes HAILO8P for hailo8.
constexpr NamedNumber kArchs[] = {
    {0, "HAILO8"},     {1, "HAILO8P"},  {2, "HAILO8R"},    {3, "HAILO8L"},   {4, "HAILO15M"},
    {5, "HAILO10H"},   {6, "HAILO15L"}, {100, "SAGE_A0"},  {101, "SAGE_B0"}, {102, "PAPRIKA_B0"},
    {103, "HAILO15H"}, {104, "GINGER"}, {105, "LAVENDER"}, {106, "PLUTO"},   {108, "MARS"},
};
constexpr NamedNumber kChips[] = {
    {0, "Hailo-8"},   {1, "Hailo-8"},   {2, "Hailo-8"},   {3, "Hailo-8L"},
    {4, "Hailo-15M"}, {5, "Hailo-10H"}, {6, "Hailo-15L"}, {103, "Hailo-15H or -10H"},
};

constexpr NamedNumber kOrders[] = {
    {0, "NHWC"},  {1, "NHCW"}, {2, "NC"},   {3, "FCR"},    {4, "BAYER_RGB"},
    {5, "NHW"},   {6, "NMS"},  {7, "F8CR"}, {8, "RGB888"}, {11, "YUY2"},
    {13, "NHWC"}, {14, "YUV"}, {15, "YUV"}, {16, "YUV"},
};

// ProtoHEFExtensionType.
constexpr NamedNumber kExtensions[] = {
    {0, "ABBALE"},
    {1, "POSTED_WRITES"},
    {2, "DDR"},
    {3, "PADDED_DDR_BUFFERS"},
    {4, "IS_MULTI_CONTEXTS"},
    {5, "COMPRESSED_PARAMS"},
    {6, "TRANSPOSE_COMPONENT"},
    {7, "TEST_ONE"},
    {8, "MULTI_NETWORK_VARIABLE_BATCH_SIZE"},
    {9, "IS_NMS_MULTI_CONTEXT"},
    {10, "OFFLOAD_ARGMAX"},
    {11, "HW_PADDING"},
    {12, "KO_RUN_ASAP"},
    {13, "HAILO_NET_FLOW"},
    {14, "HAILO_NET_FLOW_YOLOV5_NMS"},
    {15, "HAILO_NET_FLOW_YOLOX_NMS"},
    {16, "HAILO_NET_FLOW_SSD_NMS"},
    {17, "HAILO_NET_FLOW_IOU_NMS"},
    {18, "WRITE_DATA_BY_TYPE"},
    {19, "NMS_OUTPUT_BURST"},
    {20, "DUAL_DIRECTION_STREAM_INDEX"},
    {21, "HAILO_NET_FLOW_ARGMAX"},
    {22, "HAILO_NET_FLOW_SOFTMAX"},
    {23, "ALIGNED_FORMAT_TYPE"},
    {24, "HAILO_NET_FLOW_YOLOV5_SEG_NMS"},
    {25, "OUTPUT_SCALE_PER_FEATURE"},
    {26, "PERIPH_CALCULATION_IN_HAILORT"},
    {27, "HAILO_NET_FLOW_YOLOV8_NMS"},
    {28, "BATCH_REGISTER_CONFIG"},
    {29, "HAILO_NET_FLOW_BBOX_DECODING"},
};

// Of the mapping, by inspection of real files.
constexpr NamedNumber kLayerTypes[] = {
    {0, "conv"},
    {1, "max pool"},
    {2, "dense"},
    {3, "input to cluster"},
    {4, "output from cluster"},
    {12, "concat"},
    {13, "shortcut"},
    {15, "depthwise"},
    {17, "average pool"},
    {22, "resize"},
    {25, "input"},
    {26, "output"},
    {27, "input to host side"},
    {28, "output from host side"},
    {29, "reshape"},
    {31, "normalization"},
    {39, "elementwise add"},
    {40, "feature splitter"},
};

}  // namespace

std::string hef_arch_name(uint32_t arch) {
  return name_or(find_name(kArchs, arch), "architecture", arch);
}

std::string_view hef_chip_name(uint32_t arch) {
  return find_name(kChips, arch);
}

std::string hef_order_name(uint32_t format) {
  return name_or(find_name(kOrders, format), "format", format);
}

std::string_view hef_extension_name(uint64_t index) {
  return find_name(kExtensions, index);
}

std::string hef_layer_type_name(uint64_t type) {
  return name_or(find_name(kLayerTypes, type), "type", type);
}

}  // namespace tessera
