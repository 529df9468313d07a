#include "cli/comparison_text.h"

#include <fmt/format.h>

#include <cmath>

namespace tessera::cli {

std::string decibels(double value) {
  return std::isinf(value) ? (value > 0 ? "exact" : "none") : fmt::format("{:.1f}", value);
}

std::string compared_name(const std::string& name, const std::string& how) {
  return how.empty() ? printable(name) : fmt::format("{} ({})", printable(name), printable(how));
}

}  // namespace tessera::cli
