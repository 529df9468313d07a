#include "vendor/hailo/dfc/python_steps.h"

#include "tessera/file.h"

namespace tessera::hailo {
namespace {

namespace fs = std::filesystem;

fs::path interpreter_of(const fs::path& environment) {
  std::error_code ignored;
  if (!fs::is_directory(environment, ignored)) return environment;
  for (const char* name : {"bin/python3", "bin/python"}) {
    if (fs::exists(environment / name, ignored)) return environment / name;
  }
  return environment / "bin/python3";
}

}  // namespace

Result<void> use_python(DfcOptions& options, const fs::path& environment, const fs::path& folder) {
  const fs::path interpreter = interpreter_of(environment);
  std::error_code ignored;
  if (!fs::exists(interpreter, ignored)) {
    return TESSERA_ERROR(kNotFound, environment.string(), "has no Python interpreter",
                         "name the virtual environment that the compiler's wheel is installed in");
  }
  TESSERA_TRY_VOID(ensure_directory(folder));
  const fs::path script = fs::absolute(folder) / "dfc_steps.py";
  TESSERA_TRY_VOID(write_file_atomically(script, kPythonSteps, {.force = true}));
  options.program = fs::absolute(interpreter).string();
  options.leading_arguments = {script.string()};
  return {};
}

}  // namespace tessera::hailo
