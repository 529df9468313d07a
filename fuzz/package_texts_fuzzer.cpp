// Any bytes as each of the JSON entries of a package: what is read is written so that it is read
// again.
#include <cstdint>
#include <span>
#include <string>

#include "package/calibration_report.h"
#include "package/encodings_file.h"
#include "package/manifest.h"
#include "package/plan_json.h"
#include "rewrite/legalize.h"

namespace {

using namespace tessera;

template <typename Parse, typename Print>
void read_back(std::span<const uint8_t> text, Parse parse, Print print) {
  const auto value = parse(text);
  if (!value) return;
  const std::string printed = print(*value);
  const auto again = parse(std::span(reinterpret_cast<const uint8_t*>(printed.data()),  //
                                     printed.size()));
  TESSERA_CHECK(again.has_value(), again.error().to_string());
  TESSERA_CHECK(print(*again) == printed, "printing is stable");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> text(data, size);
  read_back(text, parse_manifest, print_manifest);
  read_back(text, parse_encodings, print_encodings);
  read_back(text, parse_calibration_report, print_calibration_report);
  read_back(text, parse_frozen_norms, print_frozen_norms);
  read_back(text, parse_channel_bases, print_channel_bases);
  (void)parse_recipe(text).has_value();
  return 0;
}
