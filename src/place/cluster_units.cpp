#include "place/cluster_units.h"

namespace tessera {

ClusterUnits& ClusterUnits::operator+=(const ClusterUnits& other) {
  units += other.units;
  ports_in += other.ports_in;
  ports_out += other.ports_out;
  return *this;
}

bool covers(const ClusterUnits& have, const ClusterUnits& need) {
  return covers(have.units, need.units) && need.ports_in <= have.ports_in &&
         need.ports_out <= have.ports_out;
}

std::vector<std::string> unit_names() {
  return {"lcu", "sc", "apu", "aligners", "l3_cuts", "ports_in", "ports_out"};
}

UnitCounts counts_of(const ClusterUnits& units) {
  const Units& of = units.units;
  return {of.lcu, of.sc, of.apu, of.aligners, of.l3_cuts, units.ports_in, units.ports_out};
}

}  // namespace tessera
