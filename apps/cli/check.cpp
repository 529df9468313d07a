#include "cli/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/model_options.h"
#include "cli/progress.h"
#include "tessera/session.h"

namespace tessera::cli {

void add_check_option(CommandLine& app, bool& check) {
  app.add_flag(
      "--check", check,
      "Also evaluate with the reference backend (slow); fail if the results differ by more "
      "than 1e-4 of the peak");
}

Result<Difference> compare_with_reference(const Graph& graph,
                                          std::span<const std::vector<float>> inputs,
                                          std::span<const std::vector<float>> outputs,
                                          const std::string& subject, Console& console) {
  const Progress progress(console, fmt::format("{} on the reference backend", subject));
  TESSERA_TRY(const auto backend, open_backend({.name = "reference", .threads = 0}));
  TESSERA_TRY(Session session, Session::create(graph, *backend));
  const std::vector<ConstValues> values(inputs.begin(), inputs.end());
  TESSERA_TRY(const auto expected, session.run(values));
  Difference difference;
  for (size_t i = 0; i < expected.size(); ++i) {
    for (size_t k = 0; k < expected[i].size(); ++k) {
      const double want = expected[i][k];
      const double apart = std::abs(want - outputs[i][k]);
      difference.peak = std::max(difference.peak, std::abs(want));
      // A NaN on one side only is as far apart as can be.
      if (std::isnan(want) != std::isnan(outputs[i][k])) {
        difference.max_abs = INFINITY;
      } else if (apart > difference.max_abs) {
        difference.max_abs = apart;
      }
    }
  }
  if (difference.max_abs > std::max(1e-7, 1e-4 * difference.peak)) {
    return TESSERA_ERROR(
        kMismatch, subject,
        fmt::format("differs from the reference backend by {:.3g} at a peak of {:.3g}",
                    difference.max_abs, difference.peak),
        "this is a bug in a backend: please report it with the model and the input");
  }
  return difference;
}

}  // namespace tessera::cli
