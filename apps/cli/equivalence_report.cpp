#include "cli/equivalence_report.h"

#include <fmt/format.h>

#include "base/counted.h"
#include "cli/table.h"

namespace tessera::cli {

void print_equivalence(const EquivalenceReport& report, Console& console) {
  Table forms;
  forms.add_columns({"form", "on"});
  forms.add_columns({"cosine", "MSE", "max abs", "needed"}, Table::Align::right);
  forms.add_column("");
  for (const EquivalenceForm& form : report.forms) {
    forms.add_row({form.form, form.backend, fmt::format("{:.8f}", form.cosine),
                   fmt::format("{:.2e}", form.mse), fmt::format("{:.2e}", form.max_abs),
                   fmt::format("{:g}", form.least_cosine), form.passed ? "PASS" : "FAIL"});
  }
  console.print("\nequivalence to the imported network on {} (the worst of them)\n{}\n",
                counted(report.windows, "window"), forms.to_string());
  Table checks;
  checks.add_columns({"claim", "", "evidence"});
  for (const StaticCheck& check : report.checks) {
    checks.add_row({check.claim,
                    check.holds      ? "yes"
                    : check.required ? "NO"
                                     : "no",
                    printable(check.evidence)});
  }
  console.print("{}", checks.to_string());
}

Result<void> verdict_of(const EquivalenceReport& report, const std::string& subject) {
  for (const EquivalenceForm& form : report.forms) {
    if (form.passed) continue;
    return TESSERA_ERROR(kMismatch, subject,
                         fmt::format("the {} form has a cosine of {:.8f} to the imported network, "
                                     "{:g} is needed",
                                     form.form, form.cosine, form.least_cosine),
                         form.form == "quantised"
                             ? "calibrate on more windows of what it will hear, or build with "
                               "--quantize mixed"
                             : "look at the first value above that differs");
  }
  for (const StaticCheck& check : report.checks) {
    if (check.holds || !check.required) continue;
    return TESSERA_ERROR(kMismatch, subject,
                         fmt::format("'{}' does not hold: {}", check.claim, check.evidence), "");
  }
  return {};
}

}  // namespace tessera::cli
