// tessera compile: the pieces of a package through the vendor's compiler, into the package.
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "base/counted.h"
#include "cli/calibration_options.h"
#include "cli/command.h"
#include "cli/output_files.h"
#include "cli/progress.h"
#include "cli/vendor_options.h"
#include "compile/vendor_compile.h"
#include "tessera/file.h"
#include "tessera/package.h"

namespace tessera::cli {
namespace {

struct CompileArguments {
  std::string package;
  std::string output;
  CalibrationChoice calibration;
  VendorChoice vendor;
  bool force = false;
};

Result<void> check(const CompileArguments& options) {
  if (options.calibration.files.empty()) {
    return TESSERA_ERROR(kInvalidArgument, "tessera compile", "needs what the network will hear",
                         "give --calib FILE: recordings, or arrays as .npz");
  }
  return check_outputs({{options.output, OutputFormat::package}},
                       file_names({options.package}, {options.calibration.files}), options.force);
}

Result<Document> run_compile(const CompileArguments& options, Console& console) {
  TESSERA_TRY_VOID(check(options));
  TESSERA_TRY(const Package package, Package::open(options.package));
  VendorSession session(options.vendor, options.output, package.manifest().target, console);
  TESSERA_TRY(const VendorCompileOptions how, session.options());
  TESSERA_TRY(const auto windows, windows_of(package, options.calibration.calibration(), console));
  Result<VendorCompiled> compiled = [&] {
    const Progress progress(console, "compiling");
    return compile_by_vendor(package, windows, how);
  }();
  if (!compiled) return compiled.error();
  print_pieces(*compiled, console);
  std::string kept;
  if (!compiled->package.empty()) {
    kept = options.output;
    TESSERA_TRY_VOID(
        write_file_atomically(options.output, compiled->package, {.force = options.force}));
    console.print("{}: {} of {} compiled by {}\n", options.output,
                  static_cast<int64_t>(compiled->pieces.size()) - compiled->refused(),
                  counted(compiled->pieces.size(), "piece"), printable_line(how.version));
  }
  Document document{
      {"package", kept}, {"compiler", how.version}, {"pieces", pieces_document(*compiled)}};
  document.update(files_document(*compiled));
  const Result<void> verdict = verdict_of(*compiled, kept);
  if (verdict) return document;
  console.keep(std::move(document));
  return verdict.error();
}

}  // namespace

Action define_compile(CommandLine& app) {
  auto options = std::make_shared<CompileArguments>();
  app.add_option("PACKAGE", options->package, "A package built by Tessera")
      ->required()
      ->type_name("FILE.tess");
  app.add_option("-o,--output", options->output, "The package with a HAR and a HEF of every piece")
      ->required()
      ->type_name("FILE.tess");
  add_calibration_options(app, options->calibration,
                          "What the network will hear: recordings, or arrays as .npz");
  add_vendor_options(app, options->vendor);
  app.add_flag("--force", options->force, "Replace a file that exists");
  app.footer(
      "Needs Hailo's Dataflow Compiler. A refused piece is explained, the others are kept, and "
      "the\n"
      "command fails. 'tessera build --compiler dfc' also cuts smaller what was refused.\n\n"
      "Examples:\n"
      "  tessera compile net.tess --calib mix.wav -o compiled.tess\n");
  return [options](Console& console) { return run_compile(*options, console); };
}

}  // namespace tessera::cli
