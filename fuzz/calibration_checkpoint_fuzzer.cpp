// Any bytes as the state of an interrupted calibration, under a digest that fits them: what is read
// comes back from what is written of it.
#include <cstdint>
#include <string>
#include <vector>

#include "base/hash.h"
#include "tessera/compiler/calibrate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<uint8_t> bytes(data, data + size);
  const std::string digest = tessera::content_hash(bytes);
  bytes.insert(bytes.end(), digest.begin(), digest.end());
  const auto state = tessera::parse_calibration_checkpoint(bytes, "fuzz");
  if (!state) return 0;
  const std::vector<uint8_t> written = tessera::format_calibration_checkpoint(*state);
  const auto again = tessera::parse_calibration_checkpoint(written, "again");
  TESSERA_CHECK(again.has_value(), again.error().to_string());
  TESSERA_CHECK(tessera::format_calibration_checkpoint(*again) == written, "writing is stable");
  return 0;
}
