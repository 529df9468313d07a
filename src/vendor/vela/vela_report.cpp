#include "vendor/vela/vela_report.h"

#include <algorithm>
#include <array>
#include <optional>

#include "vendor/vela/csv_table.h"

namespace tessera::vela {
namespace {

constexpr double kBytesPerKib = 1024;

std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  return line;
}

// What follows `begin` at the line's beginning.
std::optional<std::string_view> after(std::string_view line, std::string_view begin) {
  if (!line.starts_with(begin)) return std::nullopt;
  return line.substr(begin.size());
}

// "CONV_2D, ofm: 't3'"
CpuOperator operator_named(std::string_view text) {
  CpuOperator found;
  const size_t comma = text.find(',');
  found.op = text.substr(0, comma);
  const size_t open = text.find('\'');
  const size_t close = text.rfind('\'');
  if (open != std::string_view::npos && close > open)
    found.value = text.substr(open + 1, close - open - 1);
  return found;
}

void append(std::string& text, std::string_view line) {
  while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  if (!text.empty()) text += ' ';
  text += line;
}

Result<ScheduledOperator> operator_at(const CsvTable& table, size_t row) {
  ScheduledOperator one;
  TESSERA_TRY(one.original, table.text(row, "Original Operator"));
  TESSERA_TRY(one.scheduled, table.text(row, "NNG Operator"));
  TESSERA_TRY(one.value, table.text(row, "Name"));
  TESSERA_TRY(const std::string target, table.text(row, "Target"));
  one.on_npu = target == "NPU";
  TESSERA_TRY(one.cycles, table.number(row, "Op Cycles"));
  TESSERA_TRY(one.macs, table.number(row, "MAC Count"));
  return one;
}

}  // namespace

Result<VelaFigures> read_figures(std::string_view summary, std::string_view per_layer) {
  TESSERA_TRY(const CsvTable totals, CsvTable::parse(summary, "Vela's summary"));
  TESSERA_TRY(const CsvTable layers, CsvTable::parse(per_layer, "Vela's table of operators"));
  VelaFigures figures;
  const std::pair<double*, const char*> numbers[] = {
      {&figures.seconds, "inference_time"},
      {&figures.cycles, "cycles_total"},
      {&figures.npu_cycles, "cycles_npu"},
      {&figures.macs, "nn_macs"},
      {&figures.sram_bytes, "sram_memory_used"},
      {&figures.dram_bytes, "dram_memory_used"},
      {&figures.on_chip_flash_bytes, "on_chip_flash_memory_used"},
      {&figures.off_chip_flash_bytes, "off_chip_flash_memory_used"}};
  for (const auto& [number, column] : numbers) {
    TESSERA_TRY(*number, totals.number(0, column));
  }
  for (double* memory : {&figures.sram_bytes, &figures.dram_bytes, &figures.on_chip_flash_bytes,
                         &figures.off_chip_flash_bytes})
    *memory *= kBytesPerKib;
  for (size_t row = 0; row < layers.rows(); ++row) {
    TESSERA_TRY(ScheduledOperator one, operator_at(layers, row));
    figures.operators.push_back(std::move(one));
  }
  return figures;
}

std::vector<CpuOperator> read_cpu_operators(std::string_view console) {
  std::vector<CpuOperator> found;
  bool in_reason = false;  // the constraint follows the reason, to the next empty line
  while (!console.empty()) {
    const std::string_view line = take_line(console);
    if (const auto named = after(line, "Warning (supported operators) operator: ")) {
      found.push_back(operator_named(*named));
      in_reason = false;
    } else if (const auto reason = after(line, "Reason: "); reason && !found.empty()) {
      found.back().reason = *reason;
      in_reason = true;
    } else if (in_reason && line.empty()) {
      in_reason = false;
    } else if (in_reason && (line.starts_with("Warning") || line.starts_with("Network summary"))) {
      in_reason = false;
    } else if (in_reason) {
      append(found.back().rule, line);
    }
  }
  return found;
}

std::string read_error(std::string_view console) {
  constexpr std::array kBeginnings = {"RuntimeError: ", "Error: ", "Error! ", "vela: error: "};
  std::string told;
  while (!console.empty()) {
    const std::string_view line = take_line(console);
    for (const char* begin : kBeginnings) {
      if (const auto text = after(line, begin)) told = *text;
    }
  }
  return told;
}

}  // namespace tessera::vela
