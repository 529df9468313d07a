// Any bytes as recorded compiles, up to their graphs.
#include <cstdint>

#include "evidence/target_evidence.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  (void)tessera::parse_outcomes({reinterpret_cast<const char*>(data), size}, "fuzz").has_value();
  return 0;
}
