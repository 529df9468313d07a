// Records of explained logs in the forms that earlier conversion scripts wrote.
#pragma once

#include <string>
#include <vector>

#include "base/json_fields.h"
#include "vendor/hailo/log/explanation.h"

namespace tessera::hailo {

// Everything that is known of one log.
Json explanation_json(const LogExplanation& told, const std::string& file);

// CASE_compile_failure.json: exception_type, exception_message, signature, negexp, reshape_layers.
Json failure_json(const LogExplanation& told);
// CASE_compile_failure.txt: the same for people.
std::string failure_text(const LogExplanation& told, const std::string& file);

// The summary table of a run: its header, and the row of one log. `failure_log` is empty where no
// such file was written.
std::string summary_tsv_header();
std::string summary_tsv_row(const LogExplanation& told, const std::string& file,
                            const std::string& failure_log);

}  // namespace tessera::hailo
