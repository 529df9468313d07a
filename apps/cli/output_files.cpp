#include "cli/output_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <system_error>

#include "tessera/file.h"

namespace tessera::cli {

namespace fs = std::filesystem;

std::string true_name(const std::string& path) {
  std::error_code unknown;
  const fs::path name = fs::weakly_canonical(fs::absolute(path, unknown), unknown);
  return unknown ? path : name.string();
}

Result<void> check_results_folder(const std::string& folder, std::string_view contents,
                                  std::span<const std::string_view> files, std::string_view own,
                                  bool force) {
  TESSERA_TRY_VOID(check_folder_name(folder, contents));
  std::error_code ignored;
  const fs::path path(folder);
  for (const std::string_view name : files) {
    if (fs::exists(path / name, ignored))
      TESSERA_TRY_VOID(check_writable(path / name, {.force = true}));
  }
  if (force || fs::exists(path / own, ignored)) return {};
  for (fs::directory_iterator at(path, ignored), end; !ignored && at != end;
       at.increment(ignored)) {
    if (at->path().filename() == ".lock") continue;
    return TESSERA_ERROR(kAlreadyExists, folder, "holds other files",
                         "give a new folder, or add --force");
  }
  return {};
}

std::vector<std::string> file_names(std::initializer_list<std::string> single,
                                    std::initializer_list<std::span<const std::string>> lists) {
  std::vector<std::string> names(single);
  for (const auto& list : lists) names.insert(names.end(), list.begin(), list.end());
  return names;
}

Result<void> check_outputs(const std::vector<OutputFile>& outputs,
                           std::span<const std::string> inputs, bool force) {
  std::map<std::string, std::string> inputs_by_name;
  for (const std::string& input : inputs) {
    if (!input.empty()) inputs_by_name.emplace(true_name(input), input);
  }
  std::map<std::string, std::string> outputs_by_name;
  const auto is_free = [&](const std::string& path) {
    const std::string name = true_name(path);
    return !inputs_by_name.contains(name) && !outputs_by_name.contains(name);
  };
  for (const auto& [output, format] : outputs) {
    if (output.empty()) continue;
    const std::string name = true_name(output);
    if (inputs_by_name.contains(name)) {
      return TESSERA_ERROR(kInvalidArgument, output,
                           "is also read by this command, and would be replaced",
                           "name another file to write");
    }
    if (!outputs_by_name.emplace(name, output).second) {
      return TESSERA_ERROR(kInvalidArgument, output, "would be written twice",
                           "give every output a file of its own");
    }
    if (format) TESSERA_TRY_VOID(check_format(output, *format, is_free));
    TESSERA_TRY_VOID(check_writable(output, {.force = force}));
  }
  return {};
}

}  // namespace tessera::cli
