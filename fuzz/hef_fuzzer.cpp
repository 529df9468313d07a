// Any bytes as a compiled file (HEF), and as the description in one whose lengths and checksum are
// right: all of it is read, and judged as the runtime would.
#include <cstdint>
#include <string>

#include "support/hef_builder.h"
#include "vendor/hailo/hef/hef.h"
#include "vendor/hailo/hef/hef_checks.h"

namespace {

void read(std::span<const uint8_t> bytes) {
  const auto hef = tessera::read_hef(bytes);
  if (!hef) return;
  (void)tessera::hef_objections(*hef);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  read({data, size});
  if (size < 12 || data[0] != 1) return 0;
  // What stands behind a header, sealed again: nothing of it is hidden behind the checksum.
  const size_t begin = size < 44 ? size : 44;
  tessera::test::HefParts parts;
  parts.description =
      tessera::test::Wire(std::string(reinterpret_cast<const char*>(data) + begin, size - begin));
  read(tessera::test::hef_file(2, parts));
  return 0;
}
