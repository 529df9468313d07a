#include "evidence/ledger_evidence.h"

#include <fmt/format.h>

#include <algorithm>

namespace tessera {
namespace {

void add(LedgerScore& sum, const LedgerScore& one) {
  static constexpr int64_t LedgerScore::*kCounts[] = {&LedgerScore::layers,
                                                      &LedgerScore::layers_honoured,
                                                      &LedgerScore::l3_layers,
                                                      &LedgerScore::l3_exact,
                                                      &LedgerScore::rows,
                                                      &LedgerScore::rows_exact,
                                                      &LedgerScore::sc_layers,
                                                      &LedgerScore::sc_near,
                                                      &LedgerScore::physical_layers,
                                                      &LedgerScore::logical_layers,
                                                      &LedgerScore::predicted_layers,
                                                      &LedgerScore::estimated_layers,
                                                      &LedgerScore::clusters,
                                                      &LedgerScore::clusters_over};
  for (auto count : kCounts) sum.*count += one.*count;
}

}  // namespace

Result<LedgerEvidence> measure_ledger(const std::filesystem::path& folder, const Target& target) {
  const Chip chip = chip_of(target);
  LedgerEvidence evidence;
  std::error_code ignored;
  std::vector<std::filesystem::path> maps;
  for (std::filesystem::directory_iterator entry(folder / "hef_maps", ignored), end; entry != end;
       entry.increment(ignored)) {
    if (entry->path().extension() == ".tsv") maps.push_back(entry->path());
  }
  std::sort(maps.begin(), maps.end());
  for (const std::filesystem::path& map : maps) {
    TESSERA_TRY(LedgerScore score, measure_map(map, chip, evidence.misses));
    evidence.networks.push_back(std::move(score));
  }
  if (std::filesystem::exists(folder / "alls", ignored)) {
    TESSERA_TRY(std::vector<LedgerScore> scores,
                measure_scripts(folder / "alls", chip, evidence.misses));
    std::move(scores.begin(), scores.end(), std::back_inserter(evidence.networks));
  }
  if (evidence.networks.empty()) {
    return TESSERA_ERROR(kNotFound, folder.string(),
                         "holds no records of compiles: neither hef_maps/*.tsv nor alls",
                         "give the folder of the records, as tests/data/hailo");
  }
  evidence.total.network = "all";
  for (const LedgerScore& one : evidence.networks) add(evidence.total, one);
  return evidence;
}

}  // namespace tessera
