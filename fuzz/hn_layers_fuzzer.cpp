// Any bytes as a HAR, up to the names of its layers.
#include <cstddef>
#include <cstdint>

#include "input_file.h"
#include "vendor/hailo/dfc/hn_layers.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tessera::InputFile file(data, size);
  (void)tessera::hailo::read_hn_layers(file.path()).has_value();
  return 0;
}
