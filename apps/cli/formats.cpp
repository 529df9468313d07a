// tessera formats: what of a model file's format is read.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/option_names.h"
#include "cli/table.h"
#include "tessera/compiler/import.h"

namespace tessera::cli {
namespace {

Result<Document> run_onnx(bool markdown, Console& console) {
  Document operations = Document::array();
  Table table;
  table.add_columns({"family", "operation", "what of it"});
  for (const OnnxOperation& one : onnx_operations()) {
    table.add_row({std::string(one.family), std::string(one.name),
                   one.condition.empty() ? "all" : std::string(one.condition)});
    operations.push_back(
        {{"family", one.family}, {"operation", one.name}, {"condition", one.condition}});
  }
  console.print("{}", markdown ? onnx_operations_markdown() : table.to_string());
  return Document{{"operations", std::move(operations)}};
}

// docs/checkpoints.md
Result<Document> run_checkpoints(Console& console) {
  const std::string page = in_flags(checkpoints_markdown());
  console.print("{}", page);
  return Document{{"checkpoints", page}};
}

}  // namespace

Action define_formats(CommandLine& app) {
  auto markdown = std::make_shared<bool>(false);
  CommandLine* onnx = app.add_subcommand("onnx", "Operations of ONNX files that are read");
  onnx->add_flag("--markdown", *markdown, "The table of docs/onnx.md");
  onnx->footer("Examples:\n  tessera formats onnx\n");
  CommandLine* checkpoints = app.add_subcommand(
      "checkpoints", "Networks, files and arguments of checkpoints that are read");
  checkpoints->footer("Examples:\n  tessera formats checkpoints\n");
  app.footer(
      "Examples:\n"
      "  tessera formats onnx\n"
      "  tessera formats onnx --json > operations.json\n"
      "  tessera formats checkpoints\n");
  return [markdown, checkpoints](Console& console) {
    return checkpoints->parsed() ? run_checkpoints(console) : run_onnx(*markdown, console);
  };
}

}  // namespace tessera::cli
