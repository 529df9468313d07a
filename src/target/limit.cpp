#include <fmt/format.h>

#include <algorithm>

#include "target/amount.h"
#include "tessera/compiler/target.h"

namespace tessera {

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::fits: return "fits";
    case Verdict::unknown: return "unknown";
    case Verdict::does_not_fit: return "does not fit";
  }
  return "?";
}

Verdict worse(Verdict a, Verdict b) {
  return std::max(a, b);
}

Verdict Limit::judge(int64_t value) const {
  if (fail && value >= *fail) return Verdict::does_not_fit;
  if (pass && value <= *pass) return Verdict::fits;
  return Verdict::unknown;
}

std::string Limit::to_string() const {
  if (pass && fail && *fail == *pass + 1) return "at most " + amount(*pass, unit);
  if (pass && fail)
    return fmt::format("passes up to {}, fails from {}", amount(*pass, unit), *fail);
  if (pass) return fmt::format("passes up to {}, untried above", amount(*pass, unit));
  return fmt::format("fails from {}, untried below", amount(fail.value_or(0), unit));
}

Verdict Support::judge(std::string_view word) const {
  const auto holds = [word](const std::vector<std::string>& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  if (holds(unsupported)) return Verdict::does_not_fit;
  return holds(supported) ? Verdict::fits : Verdict::unknown;
}

namespace {
template <typename Map>
const auto& entry(const Map& map, std::string_view key) {
  const auto found = map.find(key);
  TESSERA_CHECK(found != map.end(), key);
  return found->second;
}
}  // namespace

const Limit& Target::limit(std::string_view key) const {
  return entry(limits, key);
}
const Support& Target::words(std::string_view key) const {
  return entry(support, key);
}
double Target::unit(std::string_view key) const {
  return entry(units, key).value;
}
double Target::cost(std::string_view key) const {
  return entry(costs, key).value;
}

bool Target::has(TargetSection section, std::string_view key) const {
  switch (section) {
    case TargetSection::limits: return limits.contains(key);
    case TargetSection::support: return support.contains(key);
    case TargetSection::units: return units.contains(key);
    case TargetSection::costs: return costs.contains(key);
  }
  return false;
}

}  // namespace tessera
