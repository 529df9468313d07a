#include "cli/vendor_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <filesystem>

#include "base/counted.h"
#include "calibrate/calibration_data.h"
#include "cli/compiler_tail.h"
#include "cli/table.h"
#include "evidence/documents.h"
#include "vendor/hailo/dfc/python_steps.h"

namespace tessera::cli {

namespace {

std::string folder_of(const VendorChoice& choice, const std::string& output) {
  if (!choice.folder.empty()) return choice.folder;
  return std::filesystem::path(output).replace_extension(".dfc").string();
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

void print_files(const VendorCompiled& compiled, Console& console) {
  for (const JoinedPieces& file : compiled.joined)
    console.print("one file: {}\n",
                  printable_line(fmt::format("{}", fmt::join(file.pieces, ", "))));
  for (const JoinedPieces& file : compiled.not_joined) {
    console.note(fmt::format("{} do not share a file: {}", counted(file.pieces.size(), "piece"),
                             printable_line(file.reason)));
  }
  if (compiled.refused() > 0) return;
  console.print(
      "a run loads files for {:.1f} of {:.1f} ms; with a file for each piece {:.1f} of {:.1f} ms "
      "(estimated)\n",
      compiled.cost.switch_s * 1e3, compiled.cost.seconds() * 1e3,
      compiled.cost_alone.switch_s * 1e3, compiled.cost_alone.seconds() * 1e3);
}

Document groups_document(const std::vector<JoinedPieces>& groups) {
  Document rows = Document::array();
  for (const JoinedPieces& group : groups) {
    Document steps = Document::array();
    for (const hailo::DfcStep& step : group.result.steps) {
      steps.push_back({{"stage", to_string(step.stage)},
                       {"from_store", step.from_store},
                       {"log", step.log.string()}});
    }
    rows.push_back({{"pieces", group.pieces},
                    {"networks", group.networks},
                    {"reason", group.reason},
                    {"steps", std::move(steps)}});
  }
  return rows;
}

}  // namespace

void add_vendor_options(CommandLine& app, VendorChoice& choice) {
  app.add_option("--samples", choice.samples, "Samples that each piece is calibrated on")
      ->within(1, 100000)
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--dfc", choice.program, "The compiler's program: a name in PATH, or a path")
      ->type_name("PATH")
      ->capture_default_str();
  app.add_option("--dfc-python", choice.python,
                 "Call the compiler by its Python interface, in this virtual environment")
      ->type_name("DIR");
  app.add_option("--vela", choice.vela, "Arm's compiler Vela: a name in PATH, or a path")
      ->type_name("PATH")
      ->capture_default_str();
  app.add_option("--hw-arch", choice.hw_arch,
                 "The chip as the compiler calls it; default: the package's target")
      ->type_name("NAME");
  app.add_option("--work", choice.folder,
                 "Where pieces, logs and finished steps stay, so that nothing is done twice; "
                 "default: beside the output, as .dfc or .vela")
      ->type_name("DIR");
  app.add_option("--join", choice.join,
                 "Pieces that share a compiled file, so that nothing is loaded between them: "
                 "fastest, where that is estimated to save time; fewest files; none")
      ->one_of({"fastest", "fewest", "none"})
      ->capture_default_str();
  app.add_option("--jobs", choice.jobs,
                 "Pieces compiled at once; default: by processors and free memory")
      ->within(1, 64)
      ->type_name("N");
  app.add_option("--time-limit", choice.time_limit_s,
                 "Seconds that one step may take; default: none")
      ->positive()
      ->type_name("S");
  app.add_flag("--retry", choice.retry, "Compile again what was refused before");
  app.add_flag("--tail", choice.tail, "Show what the compiler prints");
}

VendorSession::VendorSession(const VendorChoice& choice, const std::string& output,
                             const std::string& target, Console& console)
    : choice_(choice),
      folder_(folder_of(choice, output)),
      hw_arch_(choice.hw_arch.empty() ? target : choice.hw_arch),
      console_(console) {}

VendorSession::~VendorSession() = default;

Result<VendorCompileOptions> VendorSession::options() {
  VendorCompileOptions made;
  made.compiler.program = choice_.program;
  if (!choice_.python.empty())
    TESSERA_TRY_VOID(hailo::use_python(made.compiler, choice_.python, folder_));
  made.compiler.hw_arch = hw_arch_;
  made.compiler.store = std::filesystem::path(folder_) / "steps";
  made.compiler.retry_failures = choice_.retry;
  if (choice_.time_limit_s > 0) {
    made.compiler.time_limit =
        std::chrono::milliseconds(static_cast<int64_t>(choice_.time_limit_s * 1000));
  }
  made.compiler.is_cancelled = [this] { return interrupt_.wanted(); };
  made.on_window = [this](int64_t, int64_t) { return !interrupt_.wanted(); };
  if (choice_.tail) {
    tail_ = std::make_unique<CompilerTail>(console_);
    made.compiler.on_output = [this](const std::string& name, hailo::LogStage,
                                     std::string_view text) { tail_->hear(name, text); };
  }
  made.jobs = choice_.jobs > 0 ? choice_.jobs : hailo::dfc_jobs();
  made.samples = choice_.samples;
  made.sharing = choice_.join == "none"     ? FileSharing::none
                 : choice_.join == "fewest" ? FileSharing::fewest
                                            : FileSharing::fastest;
  made.folder = std::filesystem::path(folder_) / "pieces";
  TESSERA_TRY(made.version, hailo::dfc_version(made.compiler));
  return made;
}

Result<std::vector<std::vector<float>>> windows_of(const Package& package,
                                                   const CalibrationConfig& calibration,
                                                   Console& console) {
  TESSERA_TRY(const ImportedModel model, package.model());
  TESSERA_TRY(CalibrationData data,
              read_calibration_data(model, calibration, package.manifest().model.length_samples));
  for (const Note& note : data.notes) console.note(note.text);
  return std::move(data.windows);
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
  print_files(compiled, console);
}

Document files_document(const VendorCompiled& compiled) {
  Document document{{"joined", groups_document(compiled.joined)},
                    {"not_joined", groups_document(compiled.not_joined)}};
  if (compiled.refused() == 0) {
    document["cost"] = documents::of(compiled.cost);
    document["cost_with_a_file_each"] = documents::of(compiled.cost_alone);
  }
  return document;
}

Document pieces_document(const VendorCompiled& compiled) {
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
  return pieces;
}

void print_attempts(const std::vector<BuildAttempt>& attempts, Console& console) {
  Table table;
  table.add_columns({"attempt", "rows planned", "segments", "pieces", "refused"},
                    Table::Align::right);
  table.add_column("first refusal");
  for (size_t i = 0; i < attempts.size(); ++i) {
    const BuildAttempt& one = attempts[i];
    table.add_row(
        {fmt::to_string(i + 1),
         one.row_fail_bytes == 0 ? "the target's" : fmt::format("< {}", one.row_fail_bytes),
         fmt::to_string(one.segments), fmt::to_string(one.pieces), fmt::to_string(one.refused),
         printable_line(one.reason)});
  }
  console.print("{}", table.to_string());
}

Document attempts_document(const std::vector<BuildAttempt>& attempts) {
  Document rows = Document::array();
  for (const BuildAttempt& one : attempts) {
    rows.push_back({{"row_pass_bytes", one.row_pass_bytes},
                    {"row_fail_bytes", one.row_fail_bytes},
                    {"segments", one.segments},
                    {"pieces", one.pieces},
                    {"refused", one.refused},
                    {"reason", one.reason}});
  }
  return rows;
}

Result<void> verdict_of(const VendorCompiled& compiled, const std::string& kept) {
  for (const VendorCompiled::Piece& piece : compiled.pieces) {
    if (piece.result.succeeded) continue;
    return TESSERA_ERROR(
        kUnsupported, piece.name,
        fmt::format("{} refused by the compiler, this one first: {}{}",
                    counted(compiled.refused(), "piece"), printable_line(piece.result.refusal),
                    kept.empty() ? "" : fmt::format("; {} holds the others", kept)),
        next_step_of(piece.result.told));
  }
  return {};
}

}  // namespace tessera::cli
