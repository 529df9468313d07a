// run.json: what a run was made of.
#pragma once

#include <string>

#include "sweep/run_folder.h"

namespace tessera {

Json to_json(const RunRecord& record);
// Errors: kCorrupt.
Result<RunRecord> run_record_from(const Json& json, const std::string& origin);

}  // namespace tessera
