// What hef and har say of the parts of a HEF, in one line each.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "vendor/hailo/hef/hef.h"

namespace tessera::cli {

// Units that lie in clusters, in the order of the tables.
inline constexpr std::array kClusterUnits = {HefUnit::lcu,     HefUnit::sc, HefUnit::apu,
                                             HefUnit::aligner, HefUnit::l3, HefUnit::port_in,
                                             HefUnit::port_out};

uint64_t count_of(const HefUnitCounts& units, HefUnit unit);

std::string shape_text(const HefShape& shape);            // "56x56x128"
std::string dims_text(const std::vector<HefDims>& list);  // "56x56x64, 56x56x64"
std::string place_text(const HefPlace& place);            // "cluster 3", "host side"
std::string scale_text(const HefStream& stream);
std::string code_text(const HefStream& stream);  // "uint8"
std::string time_text(uint64_t milliseconds);    // "2024-09-19 18:31 UTC"
// The rule with "X" in place of the layer, so that the same rule is the same text.
std::string rule_template(const std::string& text, const std::string& layer);

// A rule, and of how many layers the compiler checked it.
struct HefRule {
  std::string text;
  size_t layers = 0;
};
std::vector<HefRule> rules_of(const HefMapping& mapping);  // most layers first

}  // namespace tessera::cli
