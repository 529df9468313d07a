// What a command is going to write, judged before it computes.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output_format.h"
#include "tessera/result.h"

namespace tessera::cli {

// One name for each file, whatever links and dots lead to it.
std::string true_name(const std::string& path);

struct OutputFile {
  std::string path;                    // empty: not asked for
  std::optional<OutputFormat> format;  // nothing: the command made the name
};

// Refuses an output that check_format or check_writable refuses, that is one of `inputs` (with
// --force too: what was read would be lost), or that is named twice.
Result<void> check_outputs(const std::vector<OutputFile>& outputs,
                           std::span<const std::string> inputs, bool force);

// Refuses a folder for `files` (of `contents`, in words) that holds anything else, unless it holds
// `own`, which an earlier run of the command left, or `force` is set. Errors: those of
// check_folder_name() and check_writable(); kAlreadyExists.
Result<void> check_results_folder(const std::string& folder, std::string_view contents,
                                  std::span<const std::string_view> files, std::string_view own,
                                  bool force);

// The names in `single` and in `lists`, for `inputs` above. Empty names stand for files that were
// not given.
std::vector<std::string> file_names(std::initializer_list<std::string> single,
                                    std::initializer_list<std::span<const std::string>> lists = {});

}  // namespace tessera::cli
