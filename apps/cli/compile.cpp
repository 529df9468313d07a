// tessera compile: the pieces of a package through the vendor's compiler, into the package.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/counted.h"
#include "calibrate/calibration_windows.h"
#include "cli/calibration_options.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/output_files.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "compile/vendor_compile.h"
#include "tessera/file.h"
#include "tessera/package.h"

namespace tessera::cli {
namespace {

struct CompileArguments {
  std::string package;
  std::string output;
  std::string program = "hailo";
  std::string hw_arch;
  std::string folder;
  CalibrationChoice calibration;
  int64_t samples = 64;
  int jobs = 0;
  double time_limit_s = 0;
  bool retry = false;
  bool tail = false;
  bool force = false;
};

std::string folder_of(const CompileArguments& options) {
  if (!options.folder.empty()) return options.folder;
  return std::filesystem::path(options.output).replace_extension(".dfc").string();
}

std::string printed_seconds(const hailo::DfcResult& result) {
  double seconds = 0;
  bool fresh = false;
  for (const hailo::DfcStep& step : result.steps) {
    seconds += step.seconds;
    fresh = fresh || !step.from_store;
  }
  return fmt::format("{:.0f}{}", seconds, fresh ? "" : " (before)");
}

void print_pieces(const VendorCompiled& compiled, Console& console) {
  Table table;
  table.add_columns({"piece", "verdict", "family", "layers"});
  table.add_column("seconds", Table::Align::right);
  for (const VendorCompiled::Piece& piece : compiled.pieces) {
    const hailo::DfcResult& result = piece.result;
    table.add_row({printable_line(piece.name), result.succeeded ? "compiled" : "refused",
                   result.succeeded ? "" : result.told.family,
                   printable_line(fmt::format("{}", fmt::join(result.told.layers, ", "))),
                   printed_seconds(result)});
  }
  console.print("{}", table.to_string());
}

Document document_of(const CompileArguments& options, const VendorCompiled& compiled,
                     const std::string& version) {
  Document pieces = Document::array();
  for (const VendorCompiled::Piece& piece : compiled.pieces) {
    const hailo::DfcResult& result = piece.result;
    Document steps = Document::array();
    for (const hailo::DfcStep& step : result.steps) {
      steps.push_back({{"stage", to_string(step.stage)},
                       {"end", step.end},
                       {"seconds", step.seconds},
                       {"from_store", step.from_store},
                       {"log", step.log.string()}});
    }
    pieces.push_back({{"piece", piece.name},
                      {"compiled", result.succeeded},
                      {"family", result.told.family},
                      {"first_failing_layers", result.told.layers},
                      {"refusal", result.refusal},
                      {"next_step", result.succeeded ? "" : next_step_of(result.told)},
                      {"steps", std::move(steps)}});
  }
  return {{"package", compiled.package.empty() ? "" : options.output},
          {"compiler", version},
          {"pieces", std::move(pieces)}};
}

// The compiler's output, line by line, told apart by the piece.
class Tail {
 public:
  explicit Tail(Console& console) : console_(console) {}

  void hear(const std::string& name, std::string_view text) {
    const std::lock_guard lock(mutex_);
    std::string& rest = rest_[name];
    rest += text;
    for (size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n')) {
      console_.note(fmt::format("{}: {}", name, printable_line(rest.substr(0, end))));
      rest.erase(0, end + 1);
    }
    if (rest.size() > 4096) rest.clear();
  }

 private:
  Console& console_;
  std::mutex mutex_;
  std::map<std::string, std::string> rest_;
};

Result<CalibrationWindows> windows_of(const Package& package, const CompileArguments& options,
                                      Console& console) {
  TESSERA_TRY(const ImportedModel model, package.model());
  TESSERA_TRY(CalibrationWindows windows,
              read_calibration_windows(model, options.calibration.calibration(),
                                       package.manifest().model.length_samples));
  for (const Note& note : windows.set.notes) console.note(note.text);
  return windows;
}

Result<void> check(const CompileArguments& options) {
  if (options.calibration.files.empty()) {
    return TESSERA_ERROR(kInvalidArgument, "tessera compile", "needs what the network will hear",
                         "give --calib FILE: recordings, or arrays as .npz");
  }
  return check_outputs({{options.output, OutputFormat::package}},
                       file_names({options.package}, {options.calibration.files}), options.force);
}

VendorCompileOptions compile_options(const CompileArguments& options, const Package& package) {
  VendorCompileOptions made;
  made.compiler.program = options.program;
  made.compiler.hw_arch = options.hw_arch.empty() ? package.manifest().target : options.hw_arch;
  made.compiler.store = std::filesystem::path(folder_of(options)) / "steps";
  made.compiler.retry_failures = options.retry;
  if (options.time_limit_s > 0) {
    made.compiler.time_limit =
        std::chrono::milliseconds(static_cast<int64_t>(options.time_limit_s * 1000));
  }
  made.jobs = options.jobs > 0 ? options.jobs : hailo::dfc_jobs();
  made.samples = options.samples;
  made.folder = std::filesystem::path(folder_of(options)) / "pieces";
  return made;
}

Result<Document> refusal_of(const CompileArguments& options, const VendorCompiled& compiled,
                            Document document, Console& console) {
  for (const VendorCompiled::Piece& piece : compiled.pieces) {
    if (piece.result.succeeded) continue;
    console.keep(std::move(document));
    return TESSERA_ERROR(
        kUnsupported, piece.name,
        fmt::format(
            "{} refused by the compiler, this one first: {}{}",
            counted(compiled.refused(), "piece"), printable_line(piece.result.refusal),
            compiled.package.empty() ? "" : fmt::format("; {} holds the others", options.output)),
        next_step_of(piece.result.told));
  }
  return document;
}

Result<Document> run_compile(const CompileArguments& options, Console& console) {
  TESSERA_TRY_VOID(check(options));
  TESSERA_TRY(const Package package, Package::open(options.package));
  VendorCompileOptions how = compile_options(options, package);
  const Interrupt interrupt;
  how.compiler.is_cancelled = [&] { return interrupt.wanted(); };
  TESSERA_TRY(how.version, hailo::dfc_version(how.compiler));
  TESSERA_TRY(const CalibrationWindows windows, windows_of(package, options, console));
  Tail tail(console);
  if (options.tail) {
    how.compiler.on_output = [&](const std::string& name, hailo::LogStage, std::string_view text) {
      tail.hear(name, text);
    };
  }
  Result<VendorCompiled> compiled = [&] {
    Progress progress(console, "compiling");
    how.on_window = [&](int64_t, int64_t) { return !interrupt.wanted(); };
    return compile_by_vendor(package, windows.set.windows, how);
  }();
  if (!compiled) return compiled.error();
  print_pieces(*compiled, console);
  if (!compiled->package.empty()) {
    TESSERA_TRY_VOID(
        write_file_atomically(options.output, compiled->package, {.force = options.force}));
    console.print("{}: {} of {} compiled by {}\n", options.output,
                  static_cast<int64_t>(compiled->pieces.size()) - compiled->refused(),
                  counted(compiled->pieces.size(), "piece"), printable_line(how.version));
  }
  return refusal_of(options, *compiled, document_of(options, *compiled, how.version), console);
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
  app.add_option("--samples", options->samples, "Samples that each piece is calibrated on")
      ->within(1, 100000)
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--dfc", options->program, "The compiler's program: a name in PATH, or a path")
      ->type_name("PATH")
      ->capture_default_str();
  app.add_option("--hw-arch", options->hw_arch,
                 "The chip as the compiler calls it; default: the package's target")
      ->type_name("NAME");
  app.add_option("--work", options->folder,
                 "Where pieces, logs and finished steps stay, so that nothing is done twice; "
                 "default: beside the "
                 "output, as .dfc")
      ->type_name("DIR");
  app.add_option("--jobs", options->jobs,
                 "Pieces compiled at once; default: by processors and free memory")
      ->within(1, 64)
      ->type_name("N");
  app.add_option("--time-limit", options->time_limit_s,
                 "Seconds that one step may take; default: none")
      ->positive()
      ->type_name("S");
  app.add_flag("--retry", options->retry, "Compile again what was refused before");
  app.add_flag("--tail", options->tail, "Show what the compiler prints");
  app.add_flag("--force", options->force, "Replace a file that exists");
  app.footer(
      "Needs Hailo's Dataflow Compiler. A refused piece is explained, the others are kept, and "
      "the\n"
      "command fails.\n\n"
      "Examples:\n"
      "  tessera compile net.tess --calib mix.wav -o compiled.tess\n");
  return [options](Console& console) { return run_compile(*options, console); };
}

}  // namespace tessera::cli
