#include "target/quantity_bounds.h"

#include <cmath>

#include <fmt/format.h>

namespace tessera {
namespace {

// Bounds far beyond any chip, so that sums over a network cannot overflow.
double largest(const TargetKey& key) {
  if (key.name == "clock" || key.name == "sram_bytes") return 1e12;
  return key.name == "clusters" ? 1024 : 1 << 20;
}

}  // namespace

std::string fault_of(const TargetKey& key, double value) {
  if (!std::isfinite(value) || value <= 0) return "must be a number above 0";
  if (key.section == TargetSection::costs || key.unit == "bytes/s") return "";
  if (key.unit.ends_with(" per result") || key.unit.starts_with("results per "))
    return value <= 1e6 ? "" : "must be at most 1000000";
  if (key.unit == "port") return value == 1 || value == 2 ? "" : "must be 1 or 2";
  if (key.unit == "share") return value <= 1 ? "" : "must be a share of at most 1";
  const double most = largest(key);
  if (value != std::floor(value) || value > most)
    return fmt::format("must be a whole number of at most {}", most);
  return key.name == "fan_out" && value < 2 ? "must be at least 2" : "";
}

const TargetKey* quantity_key(std::string_view name, Architecture architecture) {
  for (const TargetKey& key : target_keys()) {
    const bool number = key.section == TargetSection::units || key.section == TargetSection::costs;
    if (number && key.name == name && key.belongs_to(architecture)) return &key;
  }
  return nullptr;
}

}  // namespace tessera
