#include "vendor/hailo/dfc/dfc_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace tessera::hailo {

namespace fs = std::filesystem;

DfcCommand parse_command(const DfcCase& one, const std::string& hw_arch) {
  DfcCommand command{LogStage::parse, {}, {one.onnx}, one.name + ".har"};
  command.arguments = {"parser",       "onnx",      fs::absolute(one.onnx).string(),
                       "--net-name",   one.name,    "--har-path",
                       command.output, "--hw-arch", hw_arch};
  if (!one.end_nodes.empty()) {
    command.arguments.emplace_back("--end-node-names");
    command.arguments.insert(command.arguments.end(), one.end_nodes.begin(), one.end_nodes.end());
  }
  if (!one.inputs.empty()) command.arguments.emplace_back("--tensor-shapes");
  for (const DfcInput& input : one.inputs)
    command.arguments.push_back(fmt::format("{}=[{}]", input.name, fmt::join(input.shape, ",")));
  return command;
}

DfcCommand join_command(const DfcCase& one, const fs::path& joined, const fs::path& part,
                        size_t i) {
  DfcCommand command{LogStage::parse,
                     {"join", joined.string(), part.string()},
                     {joined, part},
                     fmt::format("{}_of_{}.har", one.name, i + 1),
                     false};
  // A HAR that is joined already keeps the names of its parts.
  if (i == 1) {
    command.arguments.emplace_back("--scope-name1");
    command.arguments.push_back(one.parts[0].name);
  }
  const std::string words[] = {"--scope-name2", one.parts[i].name, "--join-action",
                               "none",          "--output-path",   command.output};
  command.arguments.insert(command.arguments.end(), std::begin(words), std::end(words));
  return command;
}

DfcCommand optimize_command(const DfcCase& one, const std::string& hw_arch, const fs::path& har,
                            bool has_script) {
  DfcCommand command{LogStage::optimize, {}, {har, one.calibration}, one.name + "_optimized.har"};
  command.arguments = {"optimize",          har.string(),
                       "--hw-arch",         hw_arch,
                       "--calib-set-path",  fs::absolute(one.calibration).string(),
                       "--output-har-path", command.output};
  if (has_script) {
    command.arguments.emplace_back("--model-script");
    command.arguments.push_back(one.name + ".alls");
  }
  return command;
}

DfcCommand compile_command(const std::string& hw_arch, const fs::path& har,
                           const std::string& network) {
  return {LogStage::compile,
          {"compiler", har.string(), "--hw-arch", hw_arch, "--output-dir", "."},
          {har},
          network + ".hef"};
}

}  // namespace tessera::hailo
