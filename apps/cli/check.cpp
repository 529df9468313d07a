#include "cli/check.h"

#include <fmt/format.h>

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
  return compare_outputs(expected, outputs, subject);
}

}  // namespace tessera::cli
