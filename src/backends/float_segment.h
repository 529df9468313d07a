// What every backend that computes in floats asks of a segment before it loads it.
#pragma once

#include <string_view>

#include <fmt/format.h>

#include "tessera/backend.h"

namespace tessera {

// Errors: kInvalidArgument for encodings that the backend would not obey.
inline Result<void> check_float_segment(const Segment& segment, std::string_view backend) {
  const bool quantized = segment.encodings != nullptr && !segment.encodings->empty();
  if (!quantized || segment.use == EncodingsUse::ignore) return {};
  return TESSERA_ERROR(kInvalidArgument, fmt::format("backend '{}'", backend),
                       "computes in float32 and would not obey the encodings of this network",
                       "use a backend of integer arithmetic, or EncodingsUse::ignore for the "
                       "network as it was before it was quantised");
}

// Errors: kUnsupported for nodes that carry something from run to run.
inline Result<void> check_nothing_carried(const Segment& segment, std::string_view backend) {
  if (segment.carried == nullptr || segment.carried->empty()) return {};
  return TESSERA_ERROR(
      kUnsupported, fmt::format("node '{}'", segment.carried->begin()->first),
      fmt::format("is cumulative; backend '{}' keeps no sums from run to run", backend),
      "use the cpu, emulator or reference backend");
}

}  // namespace tessera
