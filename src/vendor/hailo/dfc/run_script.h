// A shell script for machines that have the compiler and not Tessera.
#pragma once

#include <string>
#include <string_view>

namespace tessera::hailo {

// run.sh of an experiment's folder (evidence/experiment.h): each case of cases.tsv through parse,
// optimise and compile for `hw_arch`, a log and an exit code a step in results/.
std::string experiment_run_script(std::string_view hw_arch);

}  // namespace tessera::hailo
