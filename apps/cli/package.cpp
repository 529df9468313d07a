// tessera package: what is in a package, its files, and whether it is what it says.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/counted.h"
#include "cli/command.h"
#include "cli/output_format.h"
#include "cli/packaged_model.h"
#include "cli/table.h"
#include "evidence/documents.h"
#include "tessera/file.h"
#include "tessera/package.h"

namespace tessera::cli {
namespace {

namespace fs = std::filesystem;

struct ExtractOptions {
  std::vector<std::string> names;
  std::string folder = ".";
  bool force = false;
};

Document head_of(const std::string& path, const Package& package) {
  Document document{{"package", path}};
  document.update(documents::of(package));
  return document;
}

Result<Document> list(const std::string& path, Console& console) {
  TESSERA_TRY(const Package package, Package::open(path));
  const PackageManifest& manifest = package.manifest();
  Document document = head_of(path, package);
  document["entries"] = Document::array();
  Table table;
  table.add_columns({"entry", "kind"});
  table.add_column("bytes", Table::Align::right);
  table.add_column("hash");
  int64_t total = 0;
  for (const PackageEntry& entry : manifest.entries) {
    const auto bytes = static_cast<int64_t>(entry.bytes);
    total += bytes;
    table.add_row({entry.name, printable(entry.kind), grouped(bytes), printable(entry.hash)});
    document["entries"].push_back(
        {{"name", entry.name}, {"kind", entry.kind}, {"bytes", bytes}, {"hash", entry.hash}});
  }
  table.add_rule();
  table.add_row({"total", "", grouped(total), ""});
  console.print("{}", table.to_string());
  console.print("{} for {}, inputs of {}; {} norms; Tessera {}\n",
                printable(manifest.model.files.front().name), printable(manifest.target),
                grouped(manifest.model.length_samples), manifest.options.norm,
                printable(manifest.tessera));
  return document;
}

// Names in a package never leave the folder: reading it made sure.
Result<Document> extract(const std::string& path, const ExtractOptions& options, Console& console) {
  TESSERA_TRY_VOID(check_folder_name(options.folder, "entries"));
  TESSERA_TRY(const Package package, Package::open(path));
  const std::vector<std::string> names = options.names.empty() ? package.names() : options.names;
  for (const std::string& name : names) {
    TESSERA_TRY_VOID(package.read(name));
    std::error_code ignored;
    const fs::path target = fs::path(options.folder) / name;
    if (fs::exists(target, ignored)) {
      TESSERA_TRY_VOID(check_writable(target, {.force = options.force}));
    }
  }
  Document files = Document::array();
  std::vector<AtomicFile> written;
  for (const std::string& name : names) {
    TESSERA_TRY(const auto bytes, package.read(name));
    const fs::path target = fs::path(options.folder) / name;
    TESSERA_TRY_VOID(ensure_directory(target.parent_path()));
    TESSERA_TRY(AtomicFile file, write_sealed(target, bytes, {.force = options.force}));
    written.push_back(std::move(file));
    files.push_back(target.string());
  }
  for (AtomicFile& file : written) TESSERA_TRY_VOID(file.commit());
  console.print("{} in {}\n", counted(names.size(), "file"), options.folder);
  return Document{{"package", path}, {"files", std::move(files)}};
}

Result<void> check_model(const Package& package, const std::string& model) {
  TESSERA_TRY(const bool built_from_it, is_built_from(package, model));
  if (built_from_it) return {};
  return TESSERA_ERROR(kMismatch, model,
                       fmt::format("is not the file that the package was built from ('{}')",
                                   printable(package.manifest().model.files.front().name)),
                       "build the package again from this file");
}

Result<Document> check(const std::string& path, const std::string& model, Console& console) {
  TESSERA_TRY(const Package package, Package::open(path));
  if (!model.empty()) TESSERA_TRY_VOID(check_model(package, model));
  TESSERA_TRY(const PackagedNetwork network, package.network());
  console.print("{}: {} entries as listed, digest {}\n", path, package.manifest().entries.size(),
                package.hash());
  TESSERA_TRY(const CheckedPackage checked, check_package(package, network));
  console.print("its graph, plan, placement and the pieces of {} come from its model\n",
                counted(network.plan.segments.size(), "segment"));
  if (checked.integer_files > 0) {
    console.print("{} of {} come from these and its encodings\n",
                  counted(checked.integer_files, "integer network"),
                  counted(checked.pieces, "piece"));
  }
  console.print(
      "run again beside the model: {}, at the outputs a largest difference of {:.2g} at a peak of "
      "{:.2g}\n",
      counted(checked.parity.values, "value"), checked.parity.max_abs, checked.parity.peak);
  if (checked.parity.codes > 0) console.print("{} equal\n", counted(checked.parity.codes, "code"));
  if (!model.empty()) console.print("built from {}\n", model);
  Document document = head_of(path, package);
  document["entries"] = package.manifest().entries.size();
  document["segments"] = network.plan.segments.size();
  document["pieces"] = checked.pieces;
  document["integer_files"] = checked.integer_files;
  document["parity"] = {{"max_abs", checked.parity.max_abs},
                        {"peak", checked.parity.peak},
                        {"values", checked.parity.values},
                        {"codes", checked.parity.codes}};
  document["intact"] = true;
  return document;
}

CommandLine* add(CommandLine& app, const char* name, const char* summary, const char* examples,
                 std::string& file) {
  CommandLine* sub = app.add_subcommand(name, summary);
  sub->footer(fmt::format("Examples:\n{}", examples));
  sub->add_option("FILE", file, "A package")->required()->type_name("FILE.tess");
  return sub;
}

}  // namespace

Action define_package(CommandLine& app) {
  struct All {
    std::string file;
    ExtractOptions extract;
    std::string model;
  };
  auto all = std::make_shared<All>();
  CommandLine* ls =
      add(app, "ls", "List what a package holds", "  tessera package ls net.tess\n", all->file);
  CommandLine* out = add(app, "extract", "Write what a package holds into a folder",
                         "  tessera package extract net.tess -o folder\n"
                         "  tessera package extract net.tess plan.json -o .\n",
                         all->file);
  out->add_option("ENTRY", all->extract.names, "Entries; default: all")->type_name("NAME...");
  out->add_option("-o,--output", all->extract.folder, "The folder")
      ->type_name("DIR")
      ->capture_default_str();
  out->add_flag("--force", all->extract.force, "Replace files that exist");
  CommandLine* whole = add(app, "check", "Check a package against itself, and against its model",
                           "  tessera package check net.tess\n"
                           "  tessera package check net.tess --model net.pth\n",
                           all->file);
  whole->add_option("--model", all->model, "The file or folder that it should have been built from")
      ->type_name("FILE");
  app.footer(
      "Opening a package checks every byte of it. 'check' also reads its model again, makes from\n"
      "it everything that the package claims, and compares; 'tessera verify' evaluates it.\n\n"
      "Examples:\n"
      "  tessera package ls net.tess\n"
      "  tessera package extract net.tess -o folder\n"
      "  tessera package check net.tess --model net.pth\n");
  return [all, ls, out](Console& console) -> Result<Document> {
    if (ls->parsed()) return list(all->file, console);
    if (out->parsed()) return extract(all->file, all->extract, console);
    return check(all->file, all->model, console);
  };
}

}  // namespace tessera::cli
