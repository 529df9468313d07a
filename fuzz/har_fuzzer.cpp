// Any bytes as a HAR, packed or plain: what it unpacks to stays within its limits, and every member
// is read.
#include <cstdint>

#include "vendor/hailo/har/har.h"
#include "vendor/hailo/hn/hn_graph.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr uint64_t kMaxBytes = 1 << 20;
  const auto archive = tessera::read_har_archive({data, size}, {.bytes = kMaxBytes});
  if (!archive) return 0;
  uint64_t bytes = 0;
  for (const tessera::HarMember& member : archive->members) bytes += member.bytes.size();
  TESSERA_CHECK(bytes <= kMaxBytes, "the limit holds");
  const tessera::Har har = tessera::read_har(*archive);
  if (har.network() != nullptr) (void)tessera::outline_hn(*har.network()).has_value();
  return 0;
}
