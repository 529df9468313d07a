// What Vela says of a network that it compiled: cycles and memory, and what it left to the CPU.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tessera/result.h"

namespace tessera::vela {

// One operator as it was scheduled.
struct ScheduledOperator {
  std::string original;   // of the file: "Conv2D"
  std::string scheduled;  // what it became: "LUT"
  std::string value;      // name of the tensor that it makes
  bool on_npu = false;
  double cycles = 0;
  double macs = 0;
};

// Estimates of the compiler, not measurements.
struct VelaFigures {
  double seconds = 0;  // of one inference
  double cycles = 0;
  double npu_cycles = 0;
  double macs = 0;
  double sram_bytes = 0;
  double dram_bytes = 0;
  double on_chip_flash_bytes = 0;
  double off_chip_flash_bytes = 0;
  std::vector<ScheduledOperator> operators;
};

// An operator that Vela left to the CPU, and why, in Vela's words.
struct CpuOperator {
  std::string op;     // "CONV_2D"
  std::string value;  // name of the tensor that it makes
  std::string reason;
  std::string rule;  // the constraint that it breaks, as Vela states it
};

// From *_summary_*.csv and *_per-layer.csv. Errors: kCorrupt.
Result<VelaFigures> read_figures(std::string_view summary, std::string_view per_layer);

// From what Vela prints.
std::vector<CpuOperator> read_cpu_operators(std::string_view console);

// "error" and its text, where Vela ends with one: "Non-passthrough operation (Conv2D) could not run
// on NPU". Empty where it does not.
std::string read_error(std::string_view console);

}  // namespace tessera::vela
