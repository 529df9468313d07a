// The compiler through its Python interface, in the environment that it is installed in.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "tessera/result.h"
#include "vendor/hailo/dfc/dfc_case.h"

namespace tessera::hailo {

// dfc_steps.py: takes the arguments of the compiler's command line.
extern const std::string_view kPythonSteps;

// Lets `options` call the compiler by the interpreter of `environment`, a virtual environment or an
// interpreter itself. The script is written into `folder`. Errors: kNotFound where there is no
// interpreter; those of writing.
Result<void> use_python(DfcOptions& options, const std::filesystem::path& environment,
                        const std::filesystem::path& folder);

}  // namespace tessera::hailo
