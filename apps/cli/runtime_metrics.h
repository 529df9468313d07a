// runtime_metrics.json of a command that runs a network.
#pragma once

#include <string>

#include "cli/command_line.h"
#include "cli/console.h"
#include "pipeline/runtime_metrics.h"
#include "tessera/backend.h"
#include "tessera/result.h"

namespace tessera::cli {

// --metrics
void add_metrics_option(CommandLine& app, std::string& path);

// What ran.
struct MetricsOf {
  std::string model;
  std::string backend;
  std::string host_backend;
  Arithmetic arithmetic = Arithmetic::float32;
};

// Writes the document; nothing where `path` is empty. Errors: those of writing.
Result<void> write_metrics(const std::string& path, const MetricsOf& what,
                           const RuntimeMetrics& metrics, bool force, Console& console);

}  // namespace tessera::cli
