// The parts of measure_ledger(): one per kind of record.
#pragma once

#include "evidence/target_evidence.h"
#include "target/ledger_rules.h"

namespace tessera {

// Allocations decoded from compiled files: shapes, buffers and units of every physical layer.
Result<LedgerScore> measure_map(const std::filesystem::path& file, const Chip& chip,
                                std::vector<std::string>& misses);

// Allocations written out as scripts: units of every layer, edges, loads of the clusters.
Result<std::vector<LedgerScore>> measure_scripts(const std::filesystem::path& folder,
                                                 const Chip& chip,
                                                 std::vector<std::string>& misses);

}  // namespace tessera
