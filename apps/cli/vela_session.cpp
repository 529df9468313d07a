#include "cli/vela_session.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>

#include "base/counted.h"
#include "cli/compiler_tail.h"
#include "cli/machine.h"
#include "cli/table.h"

namespace tessera::cli {
namespace {

std::string vela_folder(const VendorChoice& choice, const std::string& output) {
  if (!choice.folder.empty()) return choice.folder;
  return std::filesystem::path(output).replace_extension(".vela").string();
}

std::string vela_next_step(const vela::VelaResult& result) {
  switch (result.kind) {
    case vela::RefusalKind::timeout: return "give it more time: --time-limit";
    case vela::RefusalKind::crash: return "look at its log, and run it again";
    default: break;
  }
  return "'tessera build --compiler vela --attempts 4' plans around it";
}

std::string printed_ms(double seconds) {
  return fmt::format("{:.3f}", seconds * 1e3);
}

}  // namespace

VelaSession::VelaSession(const VendorChoice& choice, const std::string& output, Console& console)
    : choice_(choice), folder_(vela_folder(choice, output)), console_(console) {}

VelaSession::~VelaSession() = default;

Result<VelaCompileOptions> VelaSession::options(const Target& target) {
  VelaCompileOptions made;
  made.compiler.program = choice_.vela;
  TESSERA_TRY(made.compiler.configuration, vela::configuration_of(target));
  made.compiler.store = std::filesystem::path(folder_) / "steps";
  made.compiler.retry_failures = choice_.retry;
  if (choice_.time_limit_s > 0) {
    made.compiler.time_limit =
        std::chrono::milliseconds(static_cast<int64_t>(choice_.time_limit_s * 1000));
  }
  made.compiler.is_cancelled = [this] { return interrupt_.wanted(); };
  if (choice_.tail) {
    tail_ = std::make_unique<CompilerTail>(console_);
    made.compiler.on_output = [this](const std::string& name, std::string_view text) {
      tail_->hear(name, text);
    };
  }
  made.jobs = choice_.jobs > 0 ? choice_.jobs : usable_threads();
  made.folder = std::filesystem::path(folder_) / "pieces";
  TESSERA_TRY(made.version, vela::vela_version(made.compiler));
  return made;
}

void print_pieces(const VelaCompiled& compiled, Console& console) {
  Table table;
  table.add_columns({"piece", "verdict", "why"});
  table.add_columns({"calls", "Vela's ms", "our ms", "SRAM", "DRAM"}, Table::Align::right);
  for (const VelaCompiled::Piece& piece : compiled.pieces) {
    const vela::VelaResult& result = piece.result;
    const bool told = result.figures.has_value();
    const auto bytes = [&](double count) {
      return told ? bytes_text(static_cast<int64_t>(count)) : std::string();
    };
    table.add_row({printable_line(piece.name), result.succeeded ? "compiled" : "refused",
                   printable_line(result.refusal), fmt::to_string(piece.calls),
                   told ? printed_ms(result.figures->seconds) : "", printed_ms(piece.modelled_s),
                   bytes(told ? result.figures->sram_bytes : 0),
                   bytes(told ? result.figures->dram_bytes : 0)});
  }
  console.print("{}", table.to_string());
  console.print(
      "a run takes {} ms on the chip as Vela estimates it, {} ms as the target's figures do\n",
      printed_ms(compiled.estimated_s()), printed_ms(compiled.modelled_s()));
}

Document pieces_document(const VelaCompiled& compiled) {
  Document pieces = Document::array();
  for (const VelaCompiled::Piece& piece : compiled.pieces) {
    const vela::VelaResult& result = piece.result;
    Document on_cpu = Document::array();
    for (const vela::CpuOperator& one : result.cpu_operators) {
      on_cpu.push_back(
          {{"op", one.op}, {"value", one.value}, {"reason", one.reason}, {"rule", one.rule}});
    }
    Document row{{"piece", piece.name},
                 {"compiled", result.succeeded},
                 {"kind", vela::to_string(result.kind)},
                 {"refusal", result.refusal},
                 {"next_step", result.succeeded ? "" : vela_next_step(result)},
                 {"on_cpu", std::move(on_cpu)},
                 {"calls", piece.calls},
                 {"call_ms_by_the_target", piece.modelled_s * 1e3},
                 {"seconds", result.seconds},
                 {"from_store", result.from_store},
                 {"log", result.log.string()}};
    if (result.figures) {
      row["estimated_by_vela"] = {{"call_ms", result.figures->seconds * 1e3},
                                  {"cycles", result.figures->cycles},
                                  {"macs", result.figures->macs},
                                  {"sram_bytes", result.figures->sram_bytes},
                                  {"dram_bytes", result.figures->dram_bytes},
                                  {"on_chip_flash_bytes", result.figures->on_chip_flash_bytes},
                                  {"off_chip_flash_bytes", result.figures->off_chip_flash_bytes},
                                  {"operators", result.figures->operators.size()}};
    }
    pieces.push_back(std::move(row));
  }
  return pieces;
}

void print_attempts(const std::vector<VelaAttempt>& attempts, Console& console) {
  if (attempts.size() < 2) return;
  Table table;
  table.add_columns({"attempt", "segments", "pieces", "refused"}, Table::Align::right);
  table.add_columns({"first refusal", "learnt"});
  for (size_t i = 0; i < attempts.size(); ++i) {
    const VelaAttempt& one = attempts[i];
    table.add_row({fmt::to_string(i + 1), fmt::to_string(one.segments), fmt::to_string(one.pieces),
                   fmt::to_string(one.refused), printable_line(one.reason),
                   printable_line(one.learned)});
  }
  console.print("{}", table.to_string());
}

Document attempts_document(const std::vector<VelaAttempt>& attempts) {
  Document rows = Document::array();
  for (const VelaAttempt& one : attempts) {
    rows.push_back({{"segments", one.segments},
                    {"pieces", one.pieces},
                    {"refused", one.refused},
                    {"reason", one.reason},
                    {"learned", one.learned}});
  }
  return rows;
}

Result<void> verdict_of(const VelaCompiled& compiled, const std::string& kept) {
  for (const VelaCompiled::Piece& piece : compiled.pieces) {
    if (piece.result.succeeded) continue;
    return TESSERA_ERROR(
        kUnsupported, piece.name,
        fmt::format("{} refused by Vela, this one first: {}{}",
                    counted(compiled.refused(), "piece"), printable_line(piece.result.refusal),
                    kept.empty() ? "" : fmt::format("; {} holds the others", kept)),
        vela_next_step(piece.result));
  }
  return {};
}

}  // namespace tessera::cli
