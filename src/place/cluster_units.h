// Units of a cluster: those of the ledger, and the ports between a cluster and the host or other
// contexts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "target/ledger_rules.h"
#include "tessera/compiler/chip_placement.h"

namespace tessera {

struct ClusterUnits {
  Units units;
  int64_t ports_in = 0;  // values from the host or from another context
  int64_t ports_out = 0;

  ClusterUnits& operator+=(const ClusterUnits& other);
  friend bool operator==(const ClusterUnits&, const ClusterUnits&) = default;
};

// True when no count of `need` exceeds that of `have`.
bool covers(const ClusterUnits& have, const ClusterUnits& need);

// For ChipPlacement: the names of the kinds, and the counts in the same order.
std::vector<std::string> unit_names();
UnitCounts counts_of(const ClusterUnits& units);

}  // namespace tessera
