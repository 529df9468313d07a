// The compiler's command lines, step by step.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "vendor/hailo/dfc/dfc_case.h"

namespace tessera::hailo {

struct DfcCommand {
  LogStage stage = LogStage::none;
  std::vector<std::string> arguments;        // files by the names they have for the step
  std::vector<std::filesystem::path> files;  // that it reads: their content is part of the key
  std::string output;                        // file that it makes
  bool tells_end = true;                     // its log says when it is done
};

DfcCommand parse_command(const DfcCase& one, const std::string& hw_arch);
// Part number `i` of `one` beside those that are joined already; both stay networks of their own.
DfcCommand join_command(const DfcCase& one, const std::filesystem::path& joined,
                        const std::filesystem::path& part, size_t i);
DfcCommand optimize_command(const DfcCase& one, const std::string& hw_arch,
                            const std::filesystem::path& har, bool has_script);
// The compiler names its file after the network, not after the HAR.
DfcCommand compile_command(const std::string& hw_arch, const std::filesystem::path& har,
                           const std::string& network);

}  // namespace tessera::hailo
