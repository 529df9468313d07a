// What a HEF says: the network groups with their contexts and streams, the operations left to the
// host, and the compiler's own account of the chip (mapping.h). Field numbers are those of
// hailort/libhailort/hef.proto (hailo-ai/hailort, MIT).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/result.h"
#include "vendor/hailo/damage.h"
#include "vendor/hailo/hef/hef_header.h"
#include "vendor/hailo/hef/mapping.h"

namespace tessera {

// One scale and zero point for a tensor, or one of each per feature: real = scale*(code - zero).
struct HefQuantization {
  float zero_point = 0;
  float scale = 0;
  float least = 0;  // of the real values the codes stand for
  float most = 0;
  std::vector<double> zero_points;  // per feature; empty: one for all
  std::vector<double> scales;

  // Whether a feature differs from another.
  bool per_feature() const;
};

struct HefShape {
  uint32_t height = 0;
  uint32_t width = 0;
  uint32_t features = 0;
};

struct HefNms {
  uint64_t classes = 0;
  uint64_t most_boxes = 0;  // per class
  uint64_t box_values = 0;
  uint64_t division = 0;
};

enum class HefStreamKind : uint8_t { tensor, mux, planes };
// What a context exchanges with: the host, another context, the host's memory as a buffer, a cache.
enum class HefConnection : uint8_t { boundary, between_contexts, ddr, cache };
std::string_view to_string(HefStreamKind kind);
std::string_view to_string(HefConnection connection);

// A tensor that enters or leaves the chip (an "edge layer").
struct HefStream {
  bool to_device = true;
  HefStreamKind kind = HefStreamKind::tensor;
  HefConnection connection = HefConnection::boundary;
  std::string name;
  std::string layer;                        // the network's layer it leaves from
  std::vector<std::string> original_names;  // nodes of the model that became this layer
  HefShape shape;
  HefShape padded;
  uint32_t format = 0;  // hef_order_name()
  uint32_t code_bytes = 0;
  uint32_t sys_index = 0;
  uint32_t engine = 0;
  uint32_t bytes_per_buffer = 0;  // as the chip counts them: mostly a row
  uint32_t buffers_per_frame = 0;
  bool transposed = false;
  bool host_argmax = false;
  uint32_t network = 0;
  std::optional<uint32_t> pad;
  std::optional<HefQuantization> quantization;
  std::optional<HefNms> nms;
  std::vector<std::string> parts;  // names of what a mux joins, or of planes

  uint64_t frame_bytes() const;  // on the link
};

// What an action list configures, counted.
struct HefConfig {
  uint64_t actions = 0;
  uint64_t weight_bytes = 0;         // taken from the section of weights
  uint64_t inline_weight_bytes = 0;  // version 0: they lie in the list itself
  uint64_t register_bytes = 0;
  struct Units {
    uint64_t sc = 0, apu = 0, aligners = 0;  // switched on, by the sequencers' bitmaps
    uint64_t lcu = 0;
  };
  std::map<uint32_t, Units> clusters;
  void add(const HefConfig& other);
};

struct HefContext {
  uint32_t index = 0;
  std::string name;
  HefConfig config;
  std::vector<HefStream> streams;
};

// A network on (a part of) the chip.
struct HefCoreOp {
  std::string name;
  std::optional<uint64_t> clusters;  // bitmap: the layout of a part of the chip
  bool transposed = false;
  double bottleneck_fps = 0;  // the compiler's estimates
  double latency_seconds = 0;
  uint32_t config_channels = 0;
  HefConfig preliminary;
  std::vector<HefContext> contexts;
  std::vector<std::string> sorted_outputs;
  std::vector<std::string> networks;

  uint64_t weight_bytes() const;
};

// An operation that HailoRT does on the host.
struct HefHostOp {
  std::string name;
  std::string kind;  // "YOLOv8 NMS", "softmax"
  std::map<std::string, double> settings;
  std::vector<std::string> inputs;  // names of its pads
  std::vector<std::string> outputs;
};

struct HefGroup {
  std::string name;
  bool net_flow = false;         // the network lies in an operation, beside those of the host
  std::vector<HefCoreOp> cores;  // several: the same network for several layouts
  std::vector<HefHostOp> host_ops;
};

struct HefExtension {
  uint64_t index = 0;
  std::string name;
  bool optional = false;
};

struct Hef {
  HefHeader header;
  HefChecksums checksums;
  uint32_t arch = 0;          // hef_arch_name()
  uint64_t timestamp_ms = 0;  // since 1970
  std::string sdk_version;
  uint64_t format_version = 0;
  std::vector<HefExtension> extensions;
  std::vector<std::string> features;  // in files that have no extensions
  uint64_t external_resources = 0;
  std::vector<HefGroup> groups;
  HefMapping mapping;
  DamageLog damage;
  bool description_whole = true;  // false: the file ends within it

  bool intact() const { return damage.empty(); }
};

// Reads on past damage, which is listed in the result. Memory is bounded by a multiple of the
// file's size and by limits on every count. Errors: those of read_hef_header().
Result<Hef> read_hef(std::span<const uint8_t> file);

}  // namespace tessera
