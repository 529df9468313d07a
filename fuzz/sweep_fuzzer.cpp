// Any bytes as a definition of a sweep, or as what a run's folder holds: result.json, run.json.
#include <cstdint>
#include <string>

#include "base/json_fields.h"
#include "sweep/case_result.h"
#include "sweep/definition.h"
#include "sweep/run_record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (const auto json = tessera::parse_json({data, size}, "fuzz")) {
    const auto result = tessera::case_result_from(*json, "fuzz");
    if (result) {
      (void)tessera::failure_text(*result);
      (void)tessera::summary_table({*result}, {"width"}, "fuzz");
      (void)tessera::print_json(tessera::to_json(*result));
    }
    const auto record = tessera::run_record_from(*json, "fuzz");
    if (record) (void)tessera::print_json(tessera::to_json(*record));
    return 0;
  }
  const auto made = tessera::parse_sweep({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (made) (void)made->selected("", "*a?");
  return 0;
}
