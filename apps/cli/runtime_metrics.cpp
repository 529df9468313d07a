#include "cli/runtime_metrics.h"

#include "cli/command.h"
#include "evidence/documents.h"
#include "tessera/file.h"

namespace tessera::cli {

void add_metrics_option(CommandLine& app, std::string& path) {
  app.add_option("--metrics", path,
                 "Write what running took, by piece, with power and temperature where the device "
                 "tells")
      ->type_name("FILE.json");
}

Result<void> write_metrics(const std::string& path, const MetricsOf& what,
                           const RuntimeMetrics& metrics, bool force, Console& console) {
  if (path.empty()) return {};
  Document document{{"model", what.model},
                    {"backend", what.backend},
                    {"host_backend", what.host_backend},
                    {"arithmetic", to_string(what.arithmetic)}};
  document.update(documents::of(metrics));
  TESSERA_TRY_VOID(write_file_atomically(path, json_text(document), {.force = force}));
  console.print("{}: what running took\n", printable_line(path));
  return {};
}

}  // namespace tessera::cli
