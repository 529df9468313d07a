#include "cli/comparison_text.h"

#include <fmt/format.h>

#include <cmath>

namespace tessera::cli {

std::string decibels(double value) {
  return std::isinf(value) ? (value > 0 ? "exact" : "none") : fmt::format("{:.1f}", value);
}

Document finite(double value) {
  return std::isfinite(value) ? Document(value) : Document(nullptr);
}

std::string compared_name(const std::string& name, const std::string& how) {
  return how.empty() ? printable(name) : fmt::format("{} ({})", printable(name), printable(how));
}

Document not_compared_document(const std::vector<NotCompared>& list) {
  Document entries = Document::array();
  for (const NotCompared& one : list)
    entries.push_back({{"name", one.name}, {"op", one.op}, {"reason", one.reason}});
  return entries;
}

}  // namespace tessera::cli
