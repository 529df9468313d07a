// tessera har export: the parser's network as an ONNX file.
#pragma once

#include <string>

#include "cli/command.h"

namespace tessera::cli {

struct HarExportOptions {
  std::string path;     // a HAR, or an HN by itself
  std::string weights;  // an .npz; empty: those inside the HAR
  std::string output;
  bool force = false;
};

// Adds the subcommand's arguments.
void define_har_export(CommandLine& sub, HarExportOptions& options);
Result<Document> export_har(const HarExportOptions& options, Console& console);

}  // namespace tessera::cli
