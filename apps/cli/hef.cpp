// tessera hef: what a compiled file of Hailo's compiler holds.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "base/counted.h"
#include "cli/command.h"
#include "cli/hef_files.h"
#include "cli/hef_report.h"
#include "cli/output_files.h"
#include "tessera/file.h"

namespace tessera::cli {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxHefBytes = uint64_t{4} << 30;

struct InspectHefOptions {
  std::string path;
  std::string tables;
  std::string picture;
  HefReportOptions report;
  bool force = false;
};

// All of them, or none.
Result<void> write_tables(const InspectHefOptions& options, const Hef& hef, Document& files) {
  TESSERA_TRY_VOID(ensure_directory(options.tables));
  std::vector<AtomicFile> sealed;
  for (const HefTable& table : hef_tables(hef)) {
    const fs::path path = fs::path(options.tables) / table.name;
    TESSERA_TRY(AtomicFile file, write_sealed(path, table.text, {.force = options.force}));
    sealed.push_back(std::move(file));
    files.push_back(path.string());
  }
  for (AtomicFile& file : sealed) TESSERA_TRY_VOID(file.commit());
  return {};
}

Result<Document> inspect_hef(const InspectHefOptions& options, Console& console) {
  TESSERA_TRY_VOID(check_outputs({{options.picture, OutputFormat::svg}}, file_names({options.path}),
                                 options.force));
  if (!options.tables.empty()) TESSERA_TRY_VOID(check_folder_name(options.tables, "tables"));
  TESSERA_TRY(const auto bytes, read_file(options.path, kMaxHefBytes));
  auto hef = read_hef(bytes);
  if (!hef) {
    Error error = std::move(hef).error();
    error.subject = options.path;
    return error;
  }
  print_hef(options.path, *hef, options.report, console);
  Document document{{"file", options.path}, {"bytes", bytes.size()}};
  document.update(hef_document(*hef));
  Document files = Document::array();
  if (!options.tables.empty()) TESSERA_TRY_VOID(write_tables(options, *hef, files));
  if (!options.picture.empty()) {
    const std::string name = fs::path(options.path).filename().string();
    TESSERA_TRY_VOID(write_file_atomically(
        options.picture, draw_floor_plans(hef_floor_plans(name, *hef)), {.force = options.force}));
    files.push_back(options.picture);
  }
  if (!files.empty()) {
    console.print("\nwritten: {}\n", counted(files.size(), "file"));
    document["files"] = std::move(files);
  }
  if (hef->intact()) return document;
  console.keep(std::move(document));
  return damaged_file(options.path, hef->damage);
}

}  // namespace

Action define_hef(CommandLine& app) {
  auto options = std::make_shared<InspectHefOptions>();
  CommandLine* inspect = app.add_subcommand(
      "inspect", "Streams, contexts, weights, and which layer took which units of the chip");
  inspect->add_option("FILE", options->path, "A compiled file")->required()->type_name("FILE.hef");
  inspect->add_flag("--layers", options->report.layers, "Also the table of all physical layers");
  inspect->add_flag("--edges", options->report.edges,
                    "Also the table of the buffers between layers");
  inspect->add_flag("--rules", options->report.rules,
                    "Also what the compiler checked, in the words that it has for failures");
  inspect
      ->add_option("--tsv", options->tables,
                   "Also write layers, edges, clusters, streams and rules as tables into this "
                   "folder")
      ->type_name("DIR");
  inspect
      ->add_option("--picture", options->picture,
                   "Also draw the clusters, coloured by load, into this SVG file")
      ->type_name("FILE.svg");
  inspect->add_flag("--force", options->force, "Replace files that exist");
  inspect->footer(
      "Damage is named by its place in the file, and everything around it is still shown; the "
      "exit\n"
      "code then is that of a damaged file. docs/hailo_files.md tells what is read.\n\n"
      "Examples:\n"
      "  tessera hef inspect net.hef\n"
      "  tessera hef inspect net.hef --layers\n"
      "  tessera hef inspect net.hef --tsv tables --picture floor.svg\n");
  app.footer(
      "Examples:\n"
      "  tessera hef inspect net.hef\n");
  return [options](Console& console) { return inspect_hef(*options, console); };
}

}  // namespace tessera::cli
