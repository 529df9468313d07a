// Any bytes as a log of a vendor's tool: a verdict that is listed, and no layer that is not in
// them.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "tessera/result.h"
#include "vendor/hailo/log/explanation.h"
#include "vendor/hailo/log/failure_record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace hailo = tessera::hailo;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const hailo::LogExplanation told = hailo::explain_log(text);
  TESSERA_CHECK(hailo::find_family(told.family) != nullptr, "the family is listed");
  hailo::LogExplainer in_pieces;
  for (size_t at = 0; at < size; at += 7) in_pieces.feed(text.substr(at, 7));
  const hailo::LogExplanation again = in_pieces.finish();
  TESSERA_CHECK(again.family == told.family && again.layers == told.layers,
                "pieces change nothing");
  (void)tessera::print_json(hailo::explanation_json(told, "fuzz"));
  (void)hailo::failure_text(told, "fuzz");
  (void)hailo::summary_tsv_row(told, "fuzz", "");
  return 0;
}
