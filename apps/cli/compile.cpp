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
#include "cli/vela_session.h"
#include "cli/vendor_options.h"
#include "compile/vela_compile.h"
#include "compile/vendor_compile.h"
#include "package/packaged_network.h"
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
  return check_outputs({{options.output, OutputFormat::package}},
                       file_names({options.package}, {options.calibration.files}), options.force);
}

Result<Document> compile_on_vela(const CompileArguments& options, const Package& package,
                                 const Target& target, Console& console) {
  VelaSession session(options.vendor, options.output, console);
  TESSERA_TRY(const VelaCompileOptions how, session.options(target));
  TESSERA_TRY(const VelaCompiled compiled, compile_with_vela(package, how));
  print_pieces(compiled, console);
  std::string kept;
  if (!compiled.package.empty()) {
    kept = options.output;
    TESSERA_TRY_VOID(
        write_file_atomically(options.output, compiled.package, {.force = options.force}));
    console.print("{}: {} of {} compiled by vela {}\n", options.output,
                  static_cast<int64_t>(compiled.pieces.size()) - compiled.refused(),
                  counted(compiled.pieces.size(), "piece"), printable_line(how.version));
  }
  Document document{{"package", kept},
                    {"compiler", fmt::format("vela {}", how.version)},
                    {"pieces", pieces_document(compiled)}};
  const Result<void> verdict = verdict_of(compiled, kept);
  if (verdict) return document;
  console.keep(std::move(document));
  return verdict.error();
}

Result<Document> run_compile(const CompileArguments& options, Console& console) {
  TESSERA_TRY_VOID(check(options));
  TESSERA_TRY(const Package package, Package::open(options.package));
  TESSERA_TRY(const Target target, packaged_target(package));
  if (target.architecture == Architecture::sequential)
    return compile_on_vela(options, package, target, console);
  if (options.calibration.files.empty()) {
    return TESSERA_ERROR(kInvalidArgument, "tessera compile", "needs what the network will hear",
                         "give --calib FILE: recordings, or arrays as .npz");
  }
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
  app.add_option("-o,--output", options->output,
                 "The package with what the compiler made of every piece")
      ->required()
      ->type_name("FILE.tess");
  add_calibration_options(app, options->calibration,
                          "What the network will hear: recordings, or arrays as .npz");
  add_vendor_options(app, options->vendor);
  app.add_flag("--force", options->force, "Replace a file that exists");
  app.footer(
      "Needs the compiler of the package's target: Hailo's Dataflow Compiler and --calib, or "
      "Arm's\n"
      "Vela for Ethos-U, whose packages are in integers. A refused piece is explained, the others\n"
      "are kept, and the command fails. 'tessera build --compiler dfc|vela --attempts N' also "
      "plans\n"
      "around what was refused.\n\n"
      "Examples:\n"
      "  tessera compile net.tess --calib mix.wav -o compiled.tess\n");
  return [options](Console& console) { return run_compile(*options, console); };
}

}  // namespace tessera::cli
