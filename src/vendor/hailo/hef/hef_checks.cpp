#include "vendor/hailo/hef/hef_checks.h"

#include <algorithm>

#include <fmt/format.h>

#include "vendor/hailo/hef/hef_names.h"

namespace tessera {
namespace {

constexpr uint64_t kPeripheryInRuntime = 26;
constexpr size_t kNameBytes = 128;  // with the zero at its end
constexpr size_t kMaxObjections = 64;

class Checker {
 public:
  explicit Checker(const Hef& hef) : hef_(hef) {}

  std::vector<HefObjection> run() {
    if (!hef_.intact()) object(91, "HAILO_HEF_FILE_CORRUPTED", "the file is damaged");
    check_extensions();
    for (const HefGroup& group : hef_.groups) {
      for (const HefCoreOp& core : group.cores) {
        for (const HefContext& context : core.contexts) {
          for (const HefStream& stream : context.streams) check_stream(stream);
        }
      }
    }
    return std::move(objections_);
  }

 private:
  void object(int status, const char* name, std::string why) {
    if (objections_.size() < kMaxObjections) objections_.push_back({status, name, std::move(why)});
  }
  void not_supported(std::string why) { object(92, "HAILO_HEF_NOT_SUPPORTED", std::move(why)); }
  void invalid(std::string why) { object(26, "HAILO_INVALID_HEF", std::move(why)); }

  void check_extensions() {
    if (hef_.format_version == 0) return;  // such files state features instead
    bool periphery = false;
    for (const HefExtension& extension : hef_.extensions) {
      periphery = periphery || extension.index == kPeripheryInRuntime;
      if (extension.optional || !hef_extension_name(extension.index).empty()) continue;
      not_supported(fmt::format("extension {} ({}) is newer than HailoRT 4.23", extension.index,
                                extension.name));
    }
    if (!periphery && hef_.description_whole) {
      not_supported("extension 26 (PERIPH_CALCULATION_IN_HAILORT) is missing: an old compiler");
    }
  }

  void check_stream(const HefStream& stream) {
    if (stream.host_argmax) not_supported(stream.name + ": argmax of the old kind on the host");
    if (stream.name.size() >= kNameBytes) {
      object(8, "HAILO_INTERNAL_FAILURE",
             fmt::format("the name {}... has {} bytes, more than 127", stream.name.substr(0, 24),
                         stream.name.size()));
    }
    if (stream.sys_index > 255 || stream.engine > 255) {
      invalid(fmt::format("{}: index {} or engine {} is beyond 255", stream.name, stream.sys_index,
                          stream.engine));
    }
    if (stream.bytes_per_buffer > 65535 || stream.buffers_per_frame > 65535) {
      invalid(fmt::format("{}: {} bytes in {} buffers, more than 65535", stream.name,
                          stream.bytes_per_buffer, stream.buffers_per_frame));
    }
    if (stream.quantization) check_quantization(stream, *stream.quantization);
  }

  void check_quantization(const HefStream& stream, const HefQuantization& numbers) {
    for (const auto* list : {&numbers.scales, &numbers.zero_points}) {
      if (list->empty() || list->size() == stream.shape.features) continue;
      invalid(fmt::format("{}: {} scales or zero points for {} features", stream.name, list->size(),
                          stream.shape.features));
      return;
    }
    if (stream.to_device && numbers.per_feature()) {
      invalid(fmt::format("{}: features of an input differ in scale", stream.name));
    }
  }

  const Hef& hef_;
  std::vector<HefObjection> objections_;
};

}  // namespace

std::vector<HefObjection> hef_objections(const Hef& hef) {
  return Checker(hef).run();
}

}  // namespace tessera
