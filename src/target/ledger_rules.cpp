#include "target/ledger_rules.h"

namespace tessera {

Chip chip_of(const Target& target) {
  const auto count = [&](std::string_view key) { return static_cast<int64_t>(target.unit(key)); };
  Chip chip{};
  chip.clusters = count("clusters");
  chip.lcu = count("lcu");
  chip.sc = count("sc");
  chip.apu = count("apu");
  chip.aligners = count("aligners");
  chip.l3_cuts = count("l3_cuts");
  chip.ports_in = count("ports_in");
  chip.ports_out = count("ports_out");
  chip.l3_cut_bytes = count("l3_cut_bytes");
  chip.sc_per_layer = count("sc_per_layer");
  chip.sc_weight_bytes = count("sc_weight_bytes");
  chip.macs_per_sc = count("macs_per_sc");
  chip.fan_out = count("fan_out");
  chip.norm_layers = count("norm_layers");
  chip.softmax_layers = count("softmax_layers");
  chip.cap_single = target.unit("cap_single");
  chip.cap_multi = target.unit("cap_multi");
  chip.clock_hz = target.unit("clock");
  return chip;
}

Units& Units::operator+=(const Units& other) {
  lcu += other.lcu;
  sc += other.sc;
  apu += other.apu;
  aligners += other.aligners;
  l3_cuts += other.l3_cuts;
  return *this;
}

bool covers(const Units& have, const Units& need) {
  return need.lcu <= have.lcu && need.sc <= have.sc && need.apu <= have.apu &&
         need.aligners <= have.aligners && need.l3_cuts <= have.l3_cuts;
}

}  // namespace tessera
